"""benchmarks/dispatch.py beside peers: how one is asked, what is said of one that is missing, the verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import dispatch
from benchmarks.dispatch import Bench, Measured
from benchmarks.dispatch_peers import KINDS, NotInstalled, PeerKind, check_installed, peer
from tests.support import postgres, report
from tests.support.postgres import find_programs
from tests.support.servers import MissingServer, Redis

STAND_IN = "tests.benchmarks.stand_in_peer"


class NoDatabase:
    """Counts nothing, as the database of a peer that has none."""

    def execute(self, _statement: str) -> list[tuple[Any, ...]]:
        """All counters are 0."""
        return [(name, 0) for name in dispatch.COUNTERS]


def stand_in(**changes: Any) -> PeerKind:
    """A peer that the Python of the tests has."""
    return PeerKind("stand-in", STAND_IN, "processes", lambda _: [STAND_IN], environment=Path(sys.prefix), **changes)


def test_a_peer_does_its_tasks_and_is_measured() -> None:
    with Redis() as redis, peer(stand_in(coroutines=True), redis.url, 2) as side:
        measured = Bench(NoDatabase(), redis, 20).measure(side, database=False)  # type: ignore[arg-type]
        assert side.done() == 50 + dispatch.ONE_BY_ONE + 20 * dispatch.ROUNDS
    assert len(measured.per_second) == dispatch.ROUNDS
    pairs = list(zip(measured.since_submission, measured.since_publication, strict=True))
    assert len(pairs) == dispatch.ONE_BY_ONE
    assert all(submission <= publication for submission, publication in pairs)  # it is noted before it is sent


def test_a_driver_that_ends_is_told() -> None:
    with Redis() as redis, peer(stand_in(), redis.url, 1) as side:
        side.send(1)
        side._driver.kill()
        side._driver.wait(60)
        with pytest.raises((RuntimeError, BrokenPipeError)):
            side.done()


def test_coroutines_are_shared_by_as_many_processes_as_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert stand_in().shares(8) == [8]
    assert stand_in(coroutines=True).shares(8) == [3, 3, 2]
    assert stand_in(coroutines=True).shares(1) == [1]


def test_a_missing_peer_is_refused_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = PeerKind("RQ", "x", "processes", lambda _: [], environment=tmp_path)
    with pytest.raises(NotInstalled, match=r"RQ: not installed; run benchmarks/peers/set_up\.sh"):
        check_installed([stand_in(), missing])
    monkeypatch.setattr(dispatch, "KINDS", {**KINDS, "rq": missing})
    monkeypatch.setattr(sys, "argv", ["dispatch", "--peers", "rq"])
    with pytest.raises(SystemExit):
        dispatch.main()
    assert "run benchmarks/peers/set_up.sh" in capsys.readouterr().err


def test_a_missing_postgresql_is_refused_and_the_newest_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingServer, match="apt-get install postgresql"):
        find_programs()
    for version in ("9.6", "15", "13"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    assert find_programs() == tmp_path / "15" / "bin"


def test_only_peers_that_survive_their_broker_must_be_outdone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "benchmarks" / "results")
    (tmp_path / "benchmarks").mkdir()
    speeds = {"phonefleet": 700.0, "Celery": 1000.0, "Procrastinate": 800.0, "taskiq": 900.0}
    sides = {name: Measured([speed], [0.01] * 60, [0.01] * 60, {}) for name, speed in speeds.items()}
    assert dispatch._report(1000, {8: sides}) == 1
    assert "targets missed: of Procrastinate with 8; held: of Celery with 8" in capsys.readouterr().out
    written = json.loads((tmp_path / "benchmarks" / "results" / "dispatch.json").read_text())
    survive = {name: one["survives_its_broker"] for name, one in written["measured"]["sides"].items()}
    assert survive == {"phonefleet 8": True, "Celery 8": False, "Procrastinate 8": True, "taskiq 8": False}
