"""A folder with Debian's newest suite: the servers that the suite of this machine does not have.

`debootstrap` fills it, as root; nothing is mounted and nothing in it is started but what a suite starts.
It is made once and used again until `make clean`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SUITE = "sid"
PACKAGES = ("adbd", "mysql-server-core")
FOLDER = Path(__file__).parents[1] / "var" / "conformance" / "debian"
BUILD_SECONDS = 1800


class NotPossible(RuntimeError):
    """Something that the suites need is not there; the message says what to do."""


def debian(folder: Path = FOLDER) -> Path:
    """The folder, made now if it is not there. Raises NotPossible."""
    if folder.is_dir():
        return folder
    if os.geteuid() != 0:
        raise NotPossible(
            f"{folder} is not there yet, and only root can make it: run make conformance once as root"
            " (debootstrap unpacks Debian's newest suite there, about 600 MB)"
        )
    if shutil.which("debootstrap") is None:
        raise NotPossible("debootstrap is missing: apt-get install debootstrap")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    log = folder.with_name("debootstrap.log")
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(partial)]
    with log.open("wb") as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=BUILD_SECONDS, check=False
        )
    if done.returncode != 0:
        raise NotPossible(f"debootstrap failed; the end of {log}:\n{_end_of(log)}")
    partial.rename(folder)
    return folder


def program(path: str, root: Path | None = None) -> list[str]:
    """The command that runs a program of the folder with the folder's own libraries, without a chroot."""
    root = root or debian()
    loader = next((root / "lib64").glob("ld-linux-*.so.*"), None)
    if loader is None:
        raise NotPossible(f"{root} holds no dynamic loader: remove it, and run make conformance again")
    libraries = [*(root / "usr" / "lib").glob("*-linux-gnu"), root / "usr" / "lib" / "mysql" / "private"]
    return [str(loader), "--library-path", os.pathsep.join(map(str, libraries)), str(root / path)]


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
