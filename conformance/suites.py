"""What `make conformance` runs: each suite over each target, and how a run of pytest is counted."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

RUN_SECONDS = 3600
ALONE = ("unshare", "--net")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests that are run over one target. `plugin` puts the target in the place of what they ask for."""

    name: str
    target: str
    paths: Sequence[str]
    plugin: str = ""
    chosen: str = ""  # as pytest's -k
    alone: bool = False  # in one process, and in a network of its own


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


DATABASES = ("ledger", "gateway", "kills")


def database_suites() -> Iterator[Suite]:
    """The suites that ask for a database, over the three that there are."""
    yield Suite("ledger", "SQLite", ["tests/ledger"], chosen="sqlite")
    yield Suite("ledger", "MariaDB", ["tests/ledger"], chosen="mariadb")
    yield Suite("ledger", "MySQL", ["tests/ledger"], "conformance.on_mysql", "mariadb")
    for name in DATABASES[1:]:
        yield Suite(name, "MariaDB", [f"tests/{name}"])
        yield Suite(name, "MySQL", [f"tests/{name}"], "conformance.on_mysql")


def transport_suites() -> Iterator[Suite]:
    """The transport over a simulated phone and over a real adbd."""
    yield Suite("transport", "phonesim", ["tests/transport"])
    yield Suite("transport", "adbd", ["tests/transport"], "conformance.on_adbd", alone=True)


def run(suite: Suite, jobs: int) -> Outcome:
    """Run a suite in processes of its own; its output goes on to the terminal."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [*(ALONE if suite.alone else []), sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
        command += ["-n", "0" if suite.alone else str(jobs), "--dist", "loadfile"]
        if suite.plugin:
            command += ["-p", suite.plugin]
        if suite.chosen:
            command += ["-k", suite.chosen]
        subprocess.run([*command, *suite.paths], cwd=ROOT, env=os.environ, timeout=RUN_SECONDS, check=False)
        return outcome_of(suite, report)


def outcome_of(suite: Suite, report: Path) -> Outcome:
    """Count a JUnit report; one that is not there is a run that failed as a whole."""
    if not report.is_file():
        return Outcome(suite, 0, ["pytest ended without a report"])
    counted: Counter[str] = Counter()
    failed = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        bad = case.find("failure") is not None or case.find("error") is not None
        counted["failed" if bad else "passed"] += 1
        if bad:
            failed.append(f"{case.get('classname')}::{case.get('name')}")
    return Outcome(suite, counted["passed"], failed)
