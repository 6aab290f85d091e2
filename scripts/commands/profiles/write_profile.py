"""Writes a recorded profile, and beside it the screens that it was made of."""

from __future__ import annotations

from pathlib import Path

from flows.packages.recording import dump_of
from workers.policy.recorder.walked import Walked

WEBP = b"RIFF"  # how one begins; a phone gives JPEG, and the console keeps smaller ones


def write_profile(walked: Walked, text: str, into: Path) -> None:
    """Writes the profile, and beside it the screens as dumps and pictures. Raises OSError."""
    folder = into.with_suffix(".screens")
    folder.mkdir(parents=True, exist_ok=True)
    into.write_text(text, encoding="utf-8")
    for page, screens in walked.screens.items():
        for number, screen in enumerate(screens, 1):
            (folder / f"{page}_{number}.xml").write_text(dump_of(screen), encoding="utf-8")
    for stem, picture in walked.pictures.items():
        if picture:
            ending = "webp" if picture.startswith(WEBP) else "jpg"
            (folder / f"{stem}.{ending}").write_bytes(picture)
