"""The jar that runs on phones is pinned: any other is refused, with what to do."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import uiautomator2

from workers.phone.ui_jar import PINNED, JarRefused, checked, pinned_jar, pinned_md5

JAR = (Path(uiautomator2.__file__).parent / "assets" / "u2.jar").read_bytes()
RELEASE = version("uiautomator2")

CHANGED = {
    "one bit": JAR[:1000] + bytes([JAR[1000] ^ 1]) + JAR[1001:],
    "something behind it": JAR + b"\0",
    "the end lost": JAR[:-1],
    "nothing": b"",
    "another file": b"PK\x03\x04",
}


def test_the_jar_that_is_installed_is_the_one_that_is_known() -> None:
    assert pinned_jar() == JAR
    assert pinned_md5() == hashlib.md5(JAR, usedforsecurity=False).hexdigest()
    assert PINNED[RELEASE] == hashlib.sha256(JAR).hexdigest()


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_jar_is_refused_with_a_remedy(name: str) -> None:
    with pytest.raises(JarRefused, match=rf"sha256.*it was changed; pip install .*uiautomator2=={RELEASE}"):
        checked(RELEASE, CHANGED[name])


@pytest.mark.parametrize("release", ["3.7.0", "3.7.2", "4.0.0", ""])
def test_a_release_that_nobody_looked_at_is_refused(release: str) -> None:
    with pytest.raises(JarRefused, match=f"is not known: install uiautomator2 {RELEASE}"):
        checked(release, JAR)


def test_a_host_with_a_changed_jar_serves_no_phone(tmp_path: Path) -> None:
    begin = (
        "import sys, workers.phone.ui_jar as jar; jar.PINNED = {name: '0' * 64 for name in jar.PINNED};"
        "from workers.host.__main__ import main; sys.exit(main())"
    )
    env = {**os.environ, "PHONEFLEET_VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", begin], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "it was changed; pip install" in done.stderr
