"""The suites of adbutils and uiautomator2, as their authors wrote them: where they are, and which tests they hold.

adbutils ships its tests in its source distribution, so pip fetches them. uiautomator2 does not: a checkout of it is
looked for in the folder that PHONEFLEET_UPSTREAM names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from conformance.debian import NotPossible
from conformance.left_out import ADBUTILS, UIAUTOMATOR2

VARIABLE = "PHONEFLEET_UPSTREAM"
FOLDER = Path(__file__).parents[1] / "var" / "conformance" / "upstream"
FETCH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Upstream:
    """A library's own suite: `tests`: their folder in its sources; `shipped`: in its source distribution as well.

    `left_out`: what a test needs that no simulated phone has, by `file.py::test`.
    """

    name: str
    tests: str
    shipped: bool
    left_out: Mapping[str, str]
    at_usb: Sequence[str] = ()  # of these the tests that need no more than a phone at USB, and run there

    def find(self) -> Path:
        """The folder with the tests, of a checkout if there is one. Raises NotPossible."""
        checkouts = os.environ.get(VARIABLE, "")
        if checkouts:
            tests = Path(checkouts).absolute() / self.name / self.tests
            if tests.is_dir():
                return tests
        if self.shipped:
            return fetched(self.name) / self.tests
        raise NotPossible(
            f"the tests of {self.name} are not in its source distribution: set {VARIABLE} to a folder with a checkout,"
            f" so that {checkouts or 'FOLDER'}/{self.name}/{self.tests} is there"
            f" (git clone https://github.com/openatx/{self.name}; release {version(self.name)} is installed)"
        )


UPSTREAM = (
    Upstream("adbutils", "e2etests", shipped=True, left_out=ADBUTILS, at_usb=("test_adb.py::test_wait_for",)),
    Upstream("uiautomator2", "demo_tests", shipped=False, left_out=UIAUTOMATOR2),
)


def fetched(name: str, folder: Path = FOLDER) -> Path:
    """The unpacked source distribution of the release that is installed, fetched now if it is not there.

    Raises NotPossible.
    """
    sources = folder / f"{name}-{version(name)}"
    if sources.is_dir():
        return sources
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name, "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*command, f"{name}=={version(name)}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotPossible(f"pip did not fetch the sources of {name} within {FETCH_SECONDS} s: try again") from None
    archive = folder / f"{sources.name}.tar.gz"
    if done.returncode != 0 or not archive.is_file():
        raise NotPossible(f"pip could not fetch the sources of {name}; the end of what it said:\n{done.stderr[-1500:]}")
    unpack(archive, sources)
    return sources


def unpack(archive: Path, sources: Path) -> None:
    """Unpack a source distribution whose only folder has this one's name; whole or not at all."""
    partial = sources.with_name(f"{sources.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(archive) as held:
        held.extractall(partial, filter="data")
    (partial / sources.name).rename(sources)
    partial.rmdir()
