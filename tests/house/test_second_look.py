"""Which failures of a run CI may look at again, and what it makes of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.second_look import LAST_FAILED, Refused, check_few, failed_tests

ROOT = Path(__file__).resolve().parents[2]
FEW = ["tests/gateway/test_a.py::test_one", "tests/models/test_b.py::test_two[x]"]
ONCE = """
from pathlib import Path

def test_it():
    first = Path(__file__).with_name("ran")
    if not first.exists():
        first.touch()
        raise AssertionError("busy")
"""


def test_a_few_failures_may_be_looked_at_again() -> None:
    check_few(FEW)


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        ([], "the run itself did"),
        ([f"tests/a.py::test_{number}" for number in range(4)], "4 tests failed, more than 3"),
        ([*FEW, "tests/kills/test_matrix.py::test_kill[worker]"], "lost or done twice"),
        (["tests/chaos/test_short_storm.py::test_short_storm"], "lost or done twice"),
    ],
)
def test_other_failures_stand(failed: list[str], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        check_few(failed)


@pytest.mark.parametrize("text", [None, "", "{"])
def test_a_record_that_cannot_be_read_is_refused(tmp_path: Path, text: str | None) -> None:
    record = tmp_path / "lastfailed"
    if text is not None:
        record.write_text(text)
    with pytest.raises(Refused, match="no record"):
        failed_tests(record)


@pytest.mark.parametrize(
    ("test", "status", "last"),
    [
        (ONCE, 0, "Failed beside others, passed alone: test_it.py::test_it"),
        ("def test_it():\n    assert False\n", 1, "Failed at a second look: test_it.py::test_it"),
    ],
)
def test_the_second_look_decides(tmp_path: Path, test: str, status: int, last: str) -> None:
    (tmp_path / "test_it.py").write_text(test)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "tests/support").mkdir(parents=True)
    for package in ("tests", "tests/support"):
        (tmp_path / package / "__init__.py").touch()
    shutil.copy(ROOT / "tests/support/second_look.py", tmp_path / "tests/support")

    first = _python(tmp_path, "pytest", "-q")
    assert first.returncode == 1
    assert json.loads((tmp_path / LAST_FAILED).read_text())

    second = _python(tmp_path, "tests.support.second_look")

    assert second.returncode == status
    assert second.stdout.splitlines()[-1] == last


def _python(folder: Path, module: str, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *args]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=120)
