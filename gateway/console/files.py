"""The scripts and styles of the console: read once, named by their hash, and given out with a long life."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FOR_A_YEAR = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}


@cache
def files() -> dict[str, tuple[str, bytes]]:
    """Returns each file's name → its SHA-256 in hex, and its bytes."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            data = path.read_bytes()
            found[path.name] = hashlib.sha256(data).hexdigest(), data
    return found


def address(name: str) -> str:
    """Returns the address of a file, which changes with its content. Raises KeyError."""
    return f"/static/{files()[name][0][:16]}/{name}"


def answer(mark: str, name: str) -> Response:
    """Returns a file; 404 for one that is unknown, or of another version."""
    known = files().get(name)
    if known is None or known[0][:16] != mark:
        return Response(status_code=404)
    return Response(known[1], media_type=TYPES[Path(name).suffix], headers=FOR_A_YEAR)
