"""benchmarks/fleet.py with several hosts on one machine: each has its share, and is measured by itself."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from benchmarks import fleet, fleet_hosts
from benchmarks.fleet_hosts import check_machine, hosts_for, names, shares
from tests.support import report as ending
from workers.host.adb_room import MOST_PHONES


def test_as_few_hosts_as_their_adb_servers_need_share_the_phones_evenly() -> None:
    assert [hosts_for(phones) for phones in (1, MOST_PHONES, MOST_PHONES + 1, 1003)] == [1, 1, 2, 4]
    assert [names(1), names(2)] == [["host"], ["host-1", "host-2"]]
    parts = shares({f"S{number}": f"a:{number}" for number in range(1000)}, 4)
    assert [len(part) for part in parts] == [250] * 4
    assert len({serial for part in parts for serial in part}) == 1000


def test_a_machine_that_is_too_small_is_told_of_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = tmp_path / "pid_max"
    ids.write_text("32768\n", encoding="ascii")
    monkeypatch.setattr(fleet_hosts, "PID_MAX", ids)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 9000))
    check_machine(1000)
    with pytest.raises(SystemExit, match="ulimit -n: 1001 phones need 9008 open files"):
        check_machine(1001)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (-1, -1))
    with pytest.raises(SystemExit, match="pid_max: 4000 phones need 36000 threads, and 32768 are allowed"):
        check_machine(4000)


@pytest.mark.fleet
def test_two_hosts_of_two_phones_each_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "benchmarks" / "results"
    results.parent.mkdir()
    monkeypatch.setattr(ending, "RESULTS", results)
    monkeypatch.setenv("PHONEFLEET_REHEARSALS", "0")
    few = {"TASKS": 1, "AT_ONCE": 1, "STOCK_SAMPLE": 1, "PLUGGED": 1, "SETTLE_SECONDS": 0.1, "REST_SECONDS": 1.0}
    for name, value in few.items():
        monkeypatch.setattr(fleet, name, value)
    fleet.measure(4, 2)
    ours = json.loads((results / "fleet.json").read_text(encoding="utf-8"))["measured"]["ours"]
    assert (ours["hosts"], ours["workers"]) == (2, 5)
    assert ours["rest"].keys() == {"host-1", "host-2", "coordinator"}
    assert min(ours["connections"][name] for name in ("host-1", "host-2", "coordinator", "Redis")) > 0
    assert ours["phone_mb"] > 1
    printed = capsys.readouterr().out
    assert "4 phones on 2 hosts of one machine" in printed
    for line in ("statements a second at rest, host-2", "connections at rest, host-1", "statements, host-2"):
        assert line in printed
