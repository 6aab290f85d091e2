"""scripts/setup.sh, over a small project and wheels of its own: what it installs, when, and what it refuses."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 300
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "little-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("little-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: little\\nVersion: 1.0\\n")
        wheel.writestr("little-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("little-1.0.dist-info/RECORD", "")
    return name
"""


def make_wheel(folder: Path, name: str, version: str) -> str:
    """A wheel with one module, `name.py`, that says its version; the hash of the file."""
    told = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{told}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{told}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{told}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Project:
    """A checkout with the real scripts, and a folder of wheels in place of an index."""

    root: Path
    wheels: Path

    def pin(self, part: str, name: str, version: str, digest: str) -> None:
        """Make a part consist of this one package."""
        text = f"{name}=={version} \\\n    --hash=sha256:{digest}\n"
        (self.root / "constraints" / f"{part}.txt").write_text(text)

    def set_up(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script as a fresh user would."""
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PYTHON": sys.executable,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }
        command = ["bash", str(self.root / "scripts" / "setup.sh")]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT, check=False, env={**env, **variables}
        )

    def has(self) -> Mapping[str, str]:
        """The versions in .venv, by name."""
        folders = (self.root / ".venv").glob("lib/python*/site-packages/*.dist-info")
        return dict(folder.name.removesuffix(".dist-info").rsplit("-", 1) for folder in folders)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root, wheels = tmp_path / "checkout", tmp_path / "wheels"
    for folder in (root / "constraints", root / "scripts", root / "room", wheels):
        folder.mkdir(parents=True)
    for name in ("setup.sh", "pip_with_progress.sh"):
        shutil.copy(ROOT / "scripts" / name, root / "scripts" / name)
    (root / "room" / "__init__.py").touch()
    (root / "setup.cfg").write_text("[metadata]\nname = little\n")
    backend = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (root / "pyproject.toml").write_text(backend)
    (root / "backend.py").write_text(BACKEND)
    made = Project(root, wheels)
    made.pin("runtime", "needed", "1.0", make_wheel(wheels, "needed", "1.0"))
    made.pin("s3", "bucket", "4.0", make_wheel(wheels, "bucket", "4.0"))
    made.pin("dev", "tool", "3.0", make_wheel(wheels, "tool", "3.0"))
    made.pin("docs", "site", "5.0", make_wheel(wheels, "site", "5.0"))
    return made


def test_it_installs_what_is_pinned_once_and_anew_when_the_pins_change(project: Project) -> None:
    make_wheel(project.wheels, "needed", "1.1")  # a newer release breaks nobody
    first = project.set_up(WITH_MYSQL="0")
    assert first.returncode == 0, first.stderr
    assert project.has()["needed"] == "1.0"
    assert "little" in project.has()
    assert not {"tool", "site"} & project.has().keys()
    assert "Installing the part runtime" in first.stderr
    assert re.search(r"^Set up in \d+ s: Python 3\.\d+\.\d+, runtime$", first.stderr, re.MULTILINE)

    again = project.set_up(WITH_MYSQL="0")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    assert project.set_up(WITH_MYSQL="0", WITH_DOCS="1").returncode == 0
    assert project.has()["site"] == "5.0"
    assert "tool" not in project.has()
    tools = project.set_up(WITH_MYSQL="0", WITH_TESTS="1")
    assert tools.returncode == 0, tools.stderr
    assert project.has()["tool"] == "3.0"
    assert "Installing the part runtime" not in tools.stderr
    assert "bucket" not in project.has()
    assert project.set_up(WITH_MYSQL="0", WITH_S3="1").returncode == 0
    assert project.has()["bucket"] == "4.0"
    assert project.set_up(WITH_MYSQL="0").stderr == ""  # what is there already stays

    project.pin("runtime", "needed", "1.1", make_wheel(project.wheels, "needed", "1.1"))
    changed = project.set_up(WITH_MYSQL="0")
    assert changed.returncode == 0, changed.stderr
    assert project.has()["needed"] == "1.1"
    assert project.has()["tool"] == "3.0"
    for part in ("runtime", "dev", "docs", "s3"):
        assert f"Installing the part {part}" in changed.stderr


def test_a_python_of_pyenv_is_found_behind_its_shim_that_fails(project: Project) -> None:
    shims, versions = project.root / "shims", project.root / ".pyenv" / "versions"
    for python, does in ((shims / "python3.12", "exit 127"), (versions / "3.12.9" / "bin" / "python3.12", "exec")):
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\n{does} {os.path.realpath(sys.executable)} "$@"\n')
        python.chmod(0o755)
    for folder in ("/usr/bin", "/bin"):  # all tools, and no Python
        for tool in Path(folder).iterdir():
            if "python" not in tool.name and not (shims / tool.name).is_symlink():
                (shims / tool.name).symlink_to(tool)
    done = project.set_up(PYTHON="", PATH=str(shims), PYENV_ROOT="", WITH_MYSQL="0")
    assert done.returncode == 0, done.stderr
    assert f"Setting up .venv with {versions}/3.12.9/bin/python3.12" in done.stderr


def test_it_compiles_the_rooms_for_a_python_that_may_not(project: Project) -> None:
    room, tests = project.root / "room", project.root / "tests"
    tests.mkdir()
    (tests / "__init__.py").touch()
    (room / "broken.py").write_text("def\n")
    assert project.set_up(WITH_MYSQL="0", PYTHONDONTWRITEBYTECODE="1").returncode == 0
    assert list(room.glob("__pycache__/__init__.*.pyc"))
    assert not list(tests.glob("__pycache__/*"))

    (room / "added.py").touch()  # with all packages there already
    again = project.set_up(WITH_MYSQL="0", PYTHONDONTWRITEBYTECODE="1")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert list(room.glob("__pycache__/added.*.pyc"))


def test_a_file_with_another_hash_is_refused_and_tried_again(project: Project) -> None:
    good = make_wheel(project.wheels, "needed", "1.0")
    project.pin("runtime", "needed", "1.0", "0" * 64)
    refused = project.set_up(WITH_MYSQL="0")
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert "Set up in" not in refused.stderr
    assert "needed" not in project.has()

    project.pin("runtime", "needed", "1.0", good)
    mended = project.set_up(WITH_MYSQL="0")
    assert mended.returncode == 0, mended.stderr
    assert project.has()["needed"] == "1.0"


def test_a_mysqlclient_that_does_not_install_stops_only_who_needs_it(project: Project) -> None:
    project.pin("mysql", "mysqlclient", "9.9", "0" * 64)
    without = project.set_up()
    assert without.returncode == 0, without.stderr
    assert "Set up in" in without.stderr
    needed = project.set_up(WITH_MYSQL="1")
    assert needed.returncode != 0
    assert "mysqlclient" in needed.stderr
    assert project.set_up().stderr == ""
