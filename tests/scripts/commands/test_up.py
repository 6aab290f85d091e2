"""`phonefleet up` in a process of its own: what it says, that there is one of it, how it ends."""

from __future__ import annotations

import base64
import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import Engine

from gateway.keys.api_keys import KeySpec, make_key
from models.database.engine import connect
from models.notify.alerts import latest_alerts
from models.transactions.read_write import read
from scripts.commands.up import _tell_listening, news, only_one
from scripts.local.embedded import end, free_port
from tests.support.ledger.copied import copied_ledger
from tests.support.poll import wait_until
from workers.runtime.private_files import open_to_others

COMMAND = [sys.executable, "-m", "scripts.cli", "up", "--flower-port", "0", "--console-port", "0"]


def _environment(var: Path) -> dict[str, str]:
    told = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFLEET_")}
    port = str(free_port())
    return {**told, "PHONEFLEET_VAR": str(var), "PHONEFLEET_ADB_USB": "0", "PHONEFLEET_ADB_PORT": port}


@contextmanager
def _up(
    var: Path, said: Path, env: Mapping[str, str] | None = None, asked: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    with said.open("wb") as output:
        told = {**_environment(var), **(env or {})}
        process = subprocess.Popen([*COMMAND, *asked], env=told, stdout=output, stderr=subprocess.STDOUT, umask=0o022)
    try:
        wait_until(lambda: "Ctrl-C ends everything" in said.read_text(), 60, "phonefleet up to say what runs")
        yield process
    finally:
        end(process, 60)


@pytest.mark.fleet
def test_up_says_what_runs_refuses_a_second_one_and_ends_when_asked(tmp_path: Path) -> None:
    var, said = tmp_path / "var", tmp_path / "said"
    with _up(var, said, {"PHONEFLEET_FLOWS": f"{tmp_path}/gone"}) as process:
        assert f"PHONEFLEET_FLOWS: there is no folder {tmp_path}/gone\n      -> name a folder" in said.read_text()
        for words in (f"SQLite, {var}/phonefleet.db", "redis-server", "phones at no place", f"logs         {var}/log"):
            assert words in said.read_text()
        second = subprocess.run(COMMAND, env=_environment(var), capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert f"phonefleet up runs on {var} already, as process {process.pid}" in second.stderr
        log = var / "log" / "host.log"
        wait_until(lambda: "is at work" in log.read_text(), 60, "the desk's worker to be at work")
        made = [var, *var.rglob("*")]
        assert {var / "phonefleet.db", var / "redis.url", log} <= set(made)
        assert [str(path) for path in made if open_to_others(path)] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert said.read_text().endswith("ended\n")
    with only_one(var):
        pass


def _addresses_are_named(said: Path, ports: Mapping[str, int]) -> None:
    """Each when it can be asked."""
    for name, port in ports.items():
        line = re.compile(rf"^{name} +http://127\.0\.0\.1:{port}\b", re.MULTILINE)
        wait_until(lambda line=line: line.search(said.read_text()), 120, f"{name} to be named")  # type: ignore[misc]
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
    assert re.search(r"console +has no user yet: phonefleet users add NAME --role admin", said.read_text())


def _child(up: int, words: str) -> int | None:
    """The process that `up` started, by words of its command."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):  # it ended meanwhile
            continue
        if parent == up and words in command and "runtime/linux" not in command:
            return int(stat.parent.name)
    return None


@pytest.mark.fleet
def test_addresses_are_named_when_they_can_be_asked_and_parts_that_are_killed_are_started_again(tmp_path: Path) -> None:
    var, said = tmp_path / "var", tmp_path / "said"
    parts = {
        "host": "workers.host",
        "coordinator": "workers.coordinator",
        "gateway": "-m gateway --port",
        "deliver": "gateway.delivery",
        "console": "gateway.console",
        "flower": "flower",
        "redis": "redis-server",
    }
    ports = {"gateway": free_port(), "Flower": free_port(), "console": free_port()}
    key = {"PHONEFLEET_MASTER_KEY": base64.b64encode(bytes(32)).decode(), "PHONEFLEET_HOST": "shelf"}
    options = {"gateway": "--gateway-port", "Flower": "--flower-port", "console": "--console-port"}
    asked = [part for name, port in ports.items() for part in (options[name], str(port))]
    with _up(var, said, {**key, "PHONEFLEET_SANDBOX": "1"}, asked) as process:
        assert "sandbox      PHONEFLEET_SANDBOX=1: its phones take tasks of sandbox keys alone" in said.read_text()
        _addresses_are_named(said, ports)

        def running() -> dict[str, int]:
            found = {name: _child(process.pid, words) for name, words in parts.items()}
            return {name: pid for name, pid in found.items() if pid is not None}

        wait_until(lambda: set(running()) == set(parts), 60, "all parts to run")
        before = running()
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)

        def runs_again() -> bool:
            now = running()
            return set(now) == set(parts) and not set(now.values()) & set(before.values())

        wait_until(runs_again, 60, "all parts to run again")
        assert process.poll() is None
        log = (var / "log" / "host.log").read_text
        wait_until(lambda: log().count("is at work") > 0, 60, "the desk's worker to be at work")
        engine = connect(f"sqlite:///{var / 'phonefleet.db'}")
        told = _part_alerts(engine)
        engine.dispose()
        assert sorted(told) == [f"part:{name}@shelf" for name in sorted(parts)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    for name in parts:
        assert f"{name} ended by SIGKILL; it is started again" in said.read_text()


def _part_alerts(engine: Engine) -> list[str]:
    alerts = read(engine, lambda session: latest_alerts(session, 50))
    return [one.subject for one in alerts if one.kind == "part_ended"]


def test_an_address_whose_port_does_not_listen_is_kept_for_later() -> None:
    written = io.StringIO()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        there, absent = listening.getsockname()[1], free_port()
        later = _tell_listening(Console(file=written), {there: "it is there", absent: "it is not"})
    assert written.getvalue() == "it is there\n"
    assert later == {absent: "it is not"}


def test_news_are_only_what_changed() -> None:
    before = {"A": "online, account 1", "B": "offline, adb says offline"}
    now = {"A": "online, account 1", "B": "online, account 2", "C": "unauthorized"}
    assert news(before, now) == ["phone B: online, account 2", "phone C: unauthorized"]
    assert news(now, now) == []


@pytest.mark.fleet
def test_a_master_key_that_opens_no_key_is_refused_before_anything_starts(tmp_path: Path, master_key: str) -> None:
    var = tmp_path / "var"
    engine = copied_ledger(f"sqlite:///{var / 'phonefleet.db'}")
    make_key(engine, KeySpec("test", "acme"), who="test")
    engine.dispose()
    told = {**_environment(var), "PHONEFLEET_MASTER_KEY": base64.b64encode(bytes(32)).decode()}
    ended = subprocess.run(
        [*COMMAND, "--gateway-port", "0"], env=told, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 2
    assert "PHONEFLEET_MASTER_KEY: opens none of the keys in force (1)" in ended.stderr
    assert not (var / "log" / "host.log").exists()
