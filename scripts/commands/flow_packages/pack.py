"""Builds the wheel of a flow package, by setuptools."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from models.values.refused import refuse

BUILD_SECONDS = 120.0
MOST_TOLD = 400  # characters of what setuptools says
_BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
_LEFT_OUT = shutil.ignore_patterns("tests", "build", "dist", "*.egg-info", "__pycache__", ".*")


def pack(folder: Path, into: Path) -> Path:
    """Builds the wheel of the package in `folder` and puts it into the folder `into`. Returns its path.

    Raises Refused with what setuptools says. Writes nothing into `folder`.
    """
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="phonefleet-pack-") as scratch:
        copy = Path(scratch) / folder.absolute().name
        shutil.copytree(folder, copy, ignore=_LEFT_OUT)
        try:
            done = subprocess.run(
                [sys.executable, "-c", _BUILD, str(into.absolute())],
                cwd=copy,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=BUILD_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            reason = f"setuptools builds {folder} for longer than {BUILD_SECONDS:g} s"
            raise refuse("FOLDER", reason, "take large files out of the package") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-MOST_TOLD:]
        raise refuse("FOLDER", f"setuptools cannot build {folder}: {said}", "correct its pyproject.toml")
    return into / done.stdout.strip().rpartition("\n")[2]
