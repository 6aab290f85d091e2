"""The suites of adbutils and uiautomator2 in `make conformance`: where they are found, and what is left out."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from conformance import __main__ as command
from conformance.debian import NotPossible
from conformance.left_out import ADBUTILS, UIAUTOMATOR2, rows
from conformance.suites import ROOT, Suite, ready, run
from conformance.upstream import UPSTREAM, VARIABLE, Upstream, fetched, unpack

SECONDS = 120
PAGE = "<!-- table -->\n<!-- end of table -->\n<!-- left out -->\n<!-- end of left out -->\n"
LIBRARIES = {one.name: one for one in UPSTREAM}


def _write_tests(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        module, _, test = name.partition("::")
        with (folder / module).open("a") as file:
            file.write(f"import pytest\n@pytest.mark.parametrize('way', ['up', 'down'])\ndef {test}(way): pass\n")


def _collect(folder: Path, library: str, *words: str) -> subprocess.CompletedProcess[str]:
    plugin = ["-p", "conformance.on_upstream", "--upstream", library, "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-c", "/dev/null", *plugin, *words, str(folder)],
        cwd=ROOT, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


def test_the_page_shows_the_tests_that_are_left_out() -> None:
    assert command.left_out_table() in command.PAGE.read_text(encoding="utf-8"), (
        "run python -m conformance --left-out: docs/conformance.md is not what conformance/left_out.py says"
    )


def test_tests_with_one_need_are_one_row() -> None:
    assert rows("suite", {"a.py::test_1": "an app", "b.py::test_2": "a SIM card", "b.py::test_3": "an app"}) == [
        "| suite | an app | `a.py::test_1`, `b.py::test_3` |",
        "| suite | a SIM card | `b.py::test_2` |",
    ]


@pytest.mark.parametrize(("library", "table"), [("adbutils", ADBUTILS), ("uiautomator2", UIAUTOMATOR2)])
def test_what_the_table_names_is_left_out_and_nothing_else(
    library: str, table: Mapping[str, str], tmp_path: Path
) -> None:
    _write_tests(tmp_path, [*table, "test_more.py::test_kept"])
    collected = _collect(tmp_path, library)
    assert "test_kept[up]" in collected.stdout
    assert f"2/{2 * len(table) + 2} tests collected" in collected.stdout


@pytest.mark.parametrize("library", UPSTREAM, ids=lambda one: one.name)
def test_what_needs_usb_alone_is_there_at_usb(library: Upstream, tmp_path: Path) -> None:
    assert set(library.at_usb) <= set(library.left_out)
    _write_tests(tmp_path, [*library.left_out, "test_more.py::test_kept"])
    collected = _collect(tmp_path, library.name, "--at-usb")
    for test in library.at_usb:
        assert f"{test}[up]" in collected.stdout
    assert f"{2 * len(library.at_usb) + 2}/{2 * len(library.left_out) + 2} tests collected" in collected.stdout


def test_a_table_that_names_what_is_not_there_is_wrong(tmp_path: Path) -> None:
    kept, *gone = UIAUTOMATOR2
    _write_tests(tmp_path, [kept])
    collected = _collect(tmp_path, "uiautomator2")
    assert collected.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"conformance/left_out.py names tests that uiautomator2 does not have: {sorted(gone)}" in collected.stderr


@pytest.mark.parametrize("given", ["", "absent"])
def test_without_a_checkout_it_says_what_it_needs(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, given and str(tmp_path / given))
    with pytest.raises(NotPossible) as refused:
        LIBRARIES["uiautomator2"].find()
    for word in (VARIABLE, "/uiautomator2/demo_tests", "git clone", version("uiautomator2"), given):
        assert word in str(refused.value)


@pytest.mark.parametrize("library", UPSTREAM, ids=lambda one: one.name)
def test_a_checkout_comes_first(library: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = tmp_path / library.name / library.tests
    tests.mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert library.find() == tests


def test_sources_that_are_there_are_not_fetched_again(tmp_path: Path) -> None:
    there = tmp_path / f"adbutils-{version('adbutils')}"
    there.mkdir()
    assert fetched("adbutils", tmp_path) == there


def test_sources_that_pip_does_not_get_are_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        NotPossible, match=r"pip could not fetch the sources of adbutils(.|\n)*No matching distribution"
    ):
        fetched("adbutils", tmp_path)


def test_a_source_distribution_is_unpacked_whole_or_not_at_all(tmp_path: Path) -> None:
    inside = tmp_path / "in" / "e2etests"
    inside.mkdir(parents=True)
    (inside / "test_a.py").touch()
    archive, sources = tmp_path / "x-1.tar.gz", tmp_path / "x-1"
    with tarfile.open(archive, "w:gz") as held:
        held.add(inside.parent, "x-1")
    unpack(archive, sources)
    assert (sources / "e2etests" / "test_a.py").is_file()
    with tarfile.open(archive, "w:gz") as held:
        held.add(inside.parent, "x-2")
        held.add(inside / "test_a.py", "../outside.py")
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(archive, tmp_path / "x-2")
    assert not (tmp_path / "x-2").exists()
    assert not (tmp_path / "outside.py").exists()


def test_a_run_that_does_not_end_is_ended(tmp_path: Path) -> None:
    (tmp_path / "test_forever.py").write_text("import threading\ndef test_a(): threading.Event().wait()\n")
    outcome = run(Suite("forever", "nothing", [str(tmp_path)], alone=False, seconds=0.5), 1)
    assert (outcome.passed, outcome.failed) == (0, ["the run did not end within 0.5 s"])


def test_a_suite_in_a_network_of_its_own_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [suite for suite in command.suites() if suite.alone]
    assert {suite.name for suite in alone} == {"transport", *LIBRARIES}
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for suite in alone:
        with pytest.raises(NotPossible, match="run make conformance as root"):
            ready(suite)


def test_what_cannot_run_fails_the_command_and_keeps_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise NotPossible("set THIS")

    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    suites = [Suite("able", "one", [], elsewhere=lambda: tmp_path), Suite("unable", "two", [], needs=missing)]
    monkeypatch.setattr(command, "suites", lambda: suites)
    monkeypatch.setattr(command, "PAGE", tmp_path / "page.md")
    command.PAGE.write_text(
        PAGE.replace("-->\n", "-->\n| suite | over |\n|---|---|\n| unable | two | 3 | 0 | then |\n", 1)
    )
    assert command.main([]) == 2
    assert "unable over two cannot run: set THIS" in capfd.readouterr().err
    assert "| able | one | 1 | 0 | " in command.PAGE.read_text()
    assert "| unable | two | 3 | 0 | then |" in command.PAGE.read_text()
    assert command.main(["--only", "unable"]) == 2
    assert command.main(["--only", "able over"]) == 1
