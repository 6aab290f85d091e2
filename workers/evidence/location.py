"""The storage location of evidence, from the setting PHONEFLEET_EVIDENCE: a folder, or s3://bucket/prefix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from workers.evidence.bundle import Bundle


@dataclass(frozen=True, slots=True)
class StorageLocation:
    """A storage's root: an absolute folder, or bucket/prefix. `protocol` is fsspec's name of the storage."""

    protocol: Literal["file", "s3"]
    root: str

    @classmethod
    def of(cls, setting: str) -> StorageLocation:
        """Returns the location that a checked setting names."""
        parts = urlsplit(setting) if "://" in setting else None
        if parts is not None and parts.scheme == "s3":
            return cls("s3", f"{parts.netloc}{parts.path}".rstrip("/"))
        folder = Path(unquote(parts.path)) if parts is not None else Path(setting)
        return cls("file", str(folder.absolute()))

    def path(self, bundle: Bundle, name: str) -> str:
        """Returns the path of a bundle's file in the storage."""
        return f"{self.root}/{bundle.path}/{name}"

    def url(self, bundle: Bundle) -> str:
        """Returns the link to a bundle's folder."""
        if self.protocol == "s3":
            return f"s3://{self.root}/{bundle.path}/"
        return Path(self.root, bundle.path).as_uri() + "/"
