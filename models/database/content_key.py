"""Keys of a fixed length for content that is too long to be an index key."""

from __future__ import annotations

import hashlib


def content_key(*parts: str) -> str:
    """Returns a short key for content that is too long for an index: 128 bits of SHA-256 in hex."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:32]
