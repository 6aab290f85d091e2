"""The storage, through `fsspec`: every call is bounded in time, and the first one loads the libraries.

fsspec and s3fs take 35 MB of memory, so only the process that ships loads them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.evidence.location import StorageLocation

PUT_SECONDS = 15.0
LIST_SECONDS = 120.0
# Not every S3-compatible storage knows the checksums that newer clients send by default.
_S3_CONFIG = {
    "connect_timeout": 4,
    "read_timeout": 10,
    "retries": {"max_attempts": 1},
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "file": {"auto_mkdir": True},
    "s3": {"config_kwargs": _S3_CONFIG, "use_listings_cache": False},
}


class StorageError(Exception):
    """The storage failed; the message has the reason, or the package to install."""


class NotStored(StorageError):
    """The storage answered that the file does not exist."""


class Storage:
    """Files at a location. Credentials and endpoint come from the environment, as for boto (AWS_ENDPOINT_URL, …)."""

    def __init__(
        self, place: StorageLocation, *, put_seconds: float = PUT_SECONDS, list_seconds: float = LIST_SECONDS
    ) -> None:
        self.place = place
        self._put_seconds = put_seconds
        self._list_seconds = list_seconds
        self._opened: Any = None

    def put(self, path: str, data: bytes) -> None:
        """Writes a whole file, and overwrites an existing one. Raises StorageError."""
        self._call("pipe_file", path, data, seconds=self._put_seconds)

    def get(self, path: str) -> bytes:
        """Returns a whole file. Raises NotStored when it does not exist, and StorageError."""
        data = self._call("cat_file", path, seconds=self._put_seconds)
        assert isinstance(data, bytes)
        return data

    def size(self, path: str) -> int:
        """Returns a file's bytes. Raises NotStored when it does not exist, and StorageError."""
        return int(self._call("info", path, seconds=self._put_seconds)["size"])

    def part(self, path: str, start: int, end: int) -> bytes:
        """Returns the bytes of a file from `start` on, before `end`. Raises NotStored, and StorageError."""
        data = self._call("cat_file", path, start=start, end=end, seconds=self._put_seconds)
        assert isinstance(data, bytes)
        return data

    def pieces(self, path: str, piece_bytes: int) -> Iterator[bytes]:
        """Yields a file, so many bytes at a time. Raises NotStored when it does not exist, and StorageError."""
        first = self._call("cat_file", path, start=0, end=piece_bytes, seconds=self._put_seconds)
        yield first
        if len(first) < piece_bytes:
            return
        size = self.size(path)
        for start in range(piece_bytes, size, piece_bytes):
            end = min(start + piece_bytes, size)
            piece = self._call("cat_file", path, start=start, end=end, seconds=self._put_seconds)
            if len(piece) != end - start:
                raise StorageError(f"cat_file {path}: it changed while it was read")
            yield piece

    def files(self) -> Iterator[tuple[str, datetime]]:
        """Yields every file's path below the root and its time of writing. Raises StorageError."""
        found = self._call("find", self.place.root, detail=True, seconds=self._list_seconds)
        for path, info in found.items():
            yield str(path).removeprefix(f"{self.place.root}/"), _written(info)

    def remove(self, path: str) -> None:
        """Deletes a file, and a local folder with its last file. A missing file is no error. Raises StorageError."""
        self._call("rm_file", path, seconds=self._put_seconds)
        if self.place.protocol == "file":
            with contextlib.suppress(OSError):
                for _ in range(2):  # attempt, then task
                    path = path.rpartition("/")[0]
                    self._open().rmdir(path)

    def _call(self, method: str, *args: Any, seconds: float, **kwargs: Any) -> Any:
        try:
            storage = self._open()
            if not storage.async_impl:
                return getattr(storage, method)(*args, **kwargs)
            from fsspec.asyn import sync  # noqa: PLC0415 - see above

            return sync(storage.loop, getattr(storage, f"_{method}"), *args, timeout=seconds, **kwargs)
        except FileNotFoundError as error:
            if method in ("rm_file", "find"):  # gone already; and a root where nothing was stored yet
                return {}
            kind = StorageError if self._lacks_its_root(error) else NotStored
            raise kind(f"{method} {args[0]}: not found: {error}") from error
        except StorageError:
            raise
        except Exception as error:  # storages have no common error
            said = f"no answer within {seconds:g} s" if isinstance(error, TimeoutError) else str(error)
            raise StorageError(f"{method} {args[0]}: {type(error).__name__}: {said}"[:500]) from error

    def _lacks_its_root(self, error: FileNotFoundError) -> bool:
        """Returns whether the folder is not mounted or the bucket does not exist: then the file may exist elsewhere."""
        if self.place.protocol == "file":
            return not Path(self.place.root).is_dir()
        told = getattr(error.__cause__, "response", None) or {}
        return bool(told.get("Error", {}).get("Code") == "NoSuchBucket")

    def _open(self) -> Any:
        if self._opened is None:
            try:
                import fsspec  # noqa: PLC0415 - see above

                options = _OPTIONS[self.place.protocol]
                self._opened = fsspec.filesystem(self.place.protocol, skip_instance_cache=True, **options)
            except ImportError as error:
                remedy = "pip install 'phonefleet[s3]' where the host agent runs"
                raise StorageError(f"the storage's library is not installed ({error}): {remedy}") from error
        return self._opened


def _written(info: dict[str, Any]) -> datetime:
    """Returns a file's time: S3 gives a datetime, a local file system seconds since 1970."""
    moment = info.get("LastModified") or info.get("mtime")
    return moment if isinstance(moment, datetime) else datetime.fromtimestamp(float(moment or 0), UTC)
