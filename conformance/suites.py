"""What `make conformance` runs: each suite over each target, and how a run of pytest is counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from conformance.debian import NotPossible, debian
from conformance.upstream import UPSTREAM

RUN_SECONDS = 3600
UPSTREAM_SECONDS = 600
ALONE = ("unshare", "--net")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests that are run over one target. `plugin` puts the target in the place of what they ask for.

    `needs` finds or makes what the run needs; `elsewhere` finds the folder of tests that are not ours. Both raise
    NotPossible. `options` are the plugin's own.
    """

    name: str
    target: str
    paths: Sequence[str]
    plugin: str = ""
    chosen: str = ""  # as pytest's -k
    alone: bool = False  # in one process, and in a network of its own
    needs: Callable[[], object] | None = None
    elsewhere: Callable[[], Path] | None = None
    options: Sequence[str] = ()
    seconds: float = RUN_SECONDS  # at most


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a suite ended."""

    suite: Suite
    passed: int
    failed: Sequence[str]  # the names of the tests

    @property
    def right(self) -> bool:
        """Some ran, and none failed."""
        return self.passed > 0 and not self.failed


LEDGER = ("tests/models", "tests/workers")  # of both, the tests that are run on each database
DATABASES = ("ledger", "gateway", "kills")


def database_suites() -> Iterator[Suite]:
    """The suites that ask for a database, over the three that there are."""
    yield Suite("ledger", "SQLite", LEDGER, chosen="sqlite")
    yield Suite("ledger", "MariaDB", LEDGER, chosen="mariadb")
    yield Suite("ledger", "MySQL", LEDGER, "conformance.on_mysql", "mariadb", needs=debian)
    for name in DATABASES[1:]:
        yield Suite(name, "MariaDB", [f"tests/{name}"])
        yield Suite(name, "MySQL", [f"tests/{name}"], "conformance.on_mysql", needs=debian)


def transport_suites() -> Iterator[Suite]:
    """The transport over a simulated phone and over a real adbd."""
    yield Suite("transport", "phonesim", ["tests/transport"])
    yield Suite("transport", "adbd", ["tests/transport"], "conformance.on_adbd", alone=True, needs=debian)


def upstream_suites() -> Iterator[Suite]:
    """The suites of the two libraries, over a phone behind the real adb server, and over one at USB of phonesim's."""
    for library in UPSTREAM:
        for target, options in (("phonesim", []), ("phonesim at USB", ["--at-usb"])):
            yield Suite(
                library.name,
                target,
                [],
                "conformance.on_upstream",
                alone=True,
                needs=library.find,
                elsewhere=library.find,
                options=["--upstream", library.name, *options],
                seconds=UPSTREAM_SECONDS,
            )


def ready(suite: Suite) -> None:
    """Find or make what a run needs. Raises NotPossible."""
    if suite.alone and os.geteuid() != 0:
        raise NotPossible("it runs in a network of its own, which only root can make: run make conformance as root")
    if suite.needs is not None:
        suite.needs()


def run(suite: Suite, jobs: int) -> Outcome:
    """Run a suite in processes of its own; its output goes on to the terminal. Raises NotPossible."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [*(ALONE if suite.alone else []), sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
        command += ["-n", "0" if suite.alone else str(jobs), "--dist", "loadfile"]
        if suite.plugin:
            command += ["-p", suite.plugin, *suite.options]
        if suite.chosen:
            command += ["-k", suite.chosen]
        if suite.elsewhere is None:
            ended = _ended([*command, *suite.paths], ROOT, suite.seconds)
        else:  # nothing of our own settings holds there, and the tests leave files where they run
            tests = str(suite.elsewhere())
            command += ["-c", os.devnull, "--rootdir", tests, "-p", "no:cacheprovider", tests]
            ended = _ended(command, Path(folder), suite.seconds)
        if not ended:
            return Outcome(suite, 0, [f"the run did not end within {suite.seconds:g} s"])
        return outcome_of(suite, report)


def _ended(command: Sequence[str], folder: Path, seconds: float) -> bool:
    """Run a command to its end, and whatever it started with it; False when that takes longer."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return True


def outcome_of(suite: Suite, report: Path) -> Outcome:
    """Count a JUnit report; one that is not there is a run that failed as a whole, and a skipped test shows nothing."""
    if not report.is_file():
        return Outcome(suite, 0, ["pytest ended without a report"])
    counted: Counter[str] = Counter()
    failed = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        bad = any(case.find(word) is not None for word in ("failure", "error", "skipped"))
        counted["failed" if bad else "passed"] += 1
        if bad:
            failed.append(f"{case.get('classname')}::{case.get('name')}")
    return Outcome(suite, counted["passed"], failed)
