"""What a service manager is told, by a socket as systemd makes it."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.embedded import end, free_port
from tests.support.ledger.copied import copied_ledger
from workers.runtime.service_manager import ServiceManager

PARTS = {
    "host": ("workers.host",),
    "coordinator": ("workers.coordinator",),
    "gateway": ("gateway", "--port", "PORT"),
    "deliver": ("gateway.delivery",),
}


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(60)
        sock.bind(str(tmp_path / "notify"))
        yield sock


def heard_until(manager: socket.socket, wanted: str) -> list[str]:
    heard = [""]
    while heard[-1] != wanted:
        heard.append(manager.recv(4096).decode())
    return heard[1:]


@pytest.mark.fleet
@pytest.mark.parametrize("part", PARTS)
def test_a_part_tells_that_it_is_ready_alive_and_ending(
    part: str, manager: socket.socket, tmp_path: Path, redis_url: str
) -> None:
    command = [word.replace("PORT", str(free_port())) for word in PARTS[part]]
    env = {
        **os.environ,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "PHONEFLEET_VAR": str(tmp_path),
        "PHONEFLEET_DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db",
        "PHONEFLEET_REDIS_URL": redis_url,
        "PHONEFLEET_ADB_USB": "0",
        "PHONEFLEET_ADB_PORT": str(free_port()),
        "PHONEFLEET_DESKS": "0",
        "PHONEFLEET_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    }
    copied_ledger(env["PHONEFLEET_DATABASE_URL"]).dispose()
    process = subprocess.Popen([sys.executable, "-m", *command], env=env, stderr=subprocess.DEVNULL)
    try:
        assert set(heard_until(manager, "READY=1")) <= {"READY=1", "WATCHDOG=1"}
        heard_until(manager, "WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        heard_until(manager, "STOPPING=1")
        assert process.wait(60) == 0
    finally:
        end(process, 60)


def test_signs_of_life_are_few(manager: socket.socket, tmp_path: Path) -> None:
    told = ServiceManager(str(tmp_path / "notify"))
    for _ in range(1000):
        told.pulse()
    told.ready()
    assert heard_until(manager, "READY=1") == ["WATCHDOG=1", "READY=1"]


def test_an_abstract_address_is_understood() -> None:
    name = f"phonefleet-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.bind(f"\0{name}")
        ServiceManager(f"@{name}").ready()
        assert sock.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "relative", "@nobody-listens-here", "\0"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    told = ServiceManager(address)
    told.ready()
    told.pulse()
    told.ending()
