"""Where the files of an export are. Apart from what makes them: a list of exports imports no XlsxWriter."""

from __future__ import annotations

from pathlib import Path


def folder_of(root: Path, export_id: str) -> Path:
    """Returns the folder of an export's files."""
    return root / export_id
