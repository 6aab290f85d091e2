"""The jar that runs on every phone: the one that was looked at when this version of uiautomator2 was taken.

pip checks the wheel that it installs; nothing checks a file that was changed afterwards, or a wheel from elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

# By release of uiautomator2. Another release comes with its own, after tests/phonesim and tests/flows ran with it.
PINNED: Mapping[str, str] = {"3.7.1": "87c8ac9505970d42aa5922baa90114808fda6f47f9e5fbd4caa0f621c2c8d30d"}


class JarRefused(Exception):
    """The jar is not the one that is known; says how it differs and what to do."""


@cache
def pinned_jar() -> bytes:
    """Returns the jar of the uiautomator2 that is installed. Raises JarRefused.

    A process reads the jar once and keeps its 3.7 MB: the zygote before it forks, so that its workers share them.
    """
    return _installed_jar()


def check_jar() -> None:
    """Raises JarRefused unless the jar of the uiautomator2 that is installed is the known one. Keeps no copy."""
    _installed_jar()


def _installed_jar() -> bytes:
    # by its distribution: importing uiautomator2 for a file's place costs a command 40 ms of CPU
    installed = distribution("uiautomator2")
    return checked(installed.version, Path(str(installed.locate_file("uiautomator2/assets/u2.jar"))).read_bytes())


@cache
def pinned_md5() -> str:
    """Returns the jar's MD5, which a phone can compute of its own file. Raises JarRefused."""
    return hashlib.md5(pinned_jar(), usedforsecurity=False).hexdigest()


def checked(release: str, jar: bytes) -> bytes:
    """Returns the jar of that release of uiautomator2. Raises JarRefused when it is not the one that is known."""
    if release not in PINNED:
        known = ", ".join(PINNED)
        raise JarRefused(f"u2.jar of uiautomator2 {release} is not known: install uiautomator2 {known} (make setup)")
    digest = hashlib.sha256(jar).hexdigest()
    if digest != PINNED[release]:
        raise JarRefused(
            f"u2.jar of uiautomator2 {release} has the sha256 {digest} and was {PINNED[release]}: "
            f"it was changed; pip install --force-reinstall --no-deps uiautomator2=={release}"
        )
    return jar
