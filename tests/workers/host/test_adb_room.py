"""The agent connects no phone for which its adb server has no room: it would end itself, and all phones with it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from scripts.local.embedded import free_port
from tests.support.crowd import WAIT, crowded
from tests.support.host.processes import Sim
from tests.support.poll import wait_until
from workers.host import adb_room
from workers.host.adb import Adb, AdbServer
from workers.host.adb_room import (
    KEPT_FREE,
    MOST_FILES,
    MOST_PHONES,
    AdbRoom,
    NoRoom,
    ServerFiles,
    lack_of_room,
    server_of,
)
from workers.host.adb_watch import AdbWatch, NoRoomFor, Seen, in_network

NEARLY = MOST_FILES - KEPT_FREE


@pytest.mark.parametrize(
    ("phones", "connecting", "files", "says"),
    [
        (0, 0, 20, ""),
        (MOST_PHONES - 1, 0, NEARLY, ""),
        (MOST_PHONES, 0, 20, f"takes {MOST_PHONES} phones over the network"),
        (MOST_PHONES - 2, 2, None, f"takes {MOST_PHONES} phones over the network"),
        (MOST_PHONES - 3, 2, None, ""),  # nobody may look into the server: the phones alone are counted
        (10, 0, NEARLY + 1, f"has {NEARLY + 1} of 1024 files open"),
        (10, 1, NEARLY - 2, f"has {NEARLY - 2} of 1024 files open"),
    ],
)
def test_room_is_what_phones_and_files_leave(phones: int, connecting: int, files: int | None, says: str) -> None:
    lack = lack_of_room(phones, connecting, files)
    assert says in lack
    assert bool(lack) is bool(says)


def test_a_connection_that_is_made_counts_until_it_is_made() -> None:
    room = AdbRoom(free_port(), lambda: MOST_PHONES - 1)
    with room.place():
        assert room.full()
        with pytest.raises(NoRoom, match=f"{MOST_PHONES} phones"), room.place():
            pass
    assert not room.full()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("10.0.0.7:5555", True),
        ("[fe80::1]:5555", True),
        ("adb-R58M-x1._adb-tls-connect._tcp", True),
        ("R58M41", False),
        ("usb:1-4.1", False),
        ("emulator-5554", False),
    ],
)
def test_phones_in_the_network_are_known_by_their_addresses(address: str, told: bool) -> None:
    assert in_network(address) is told


@pytest.fixture
def server() -> Iterator[AdbServer]:
    """A real adb server on a port of its own."""
    server = AdbServer(free_port(), usb=False)
    server.ensure()
    yield server
    server.close()


def test_the_files_of_the_server_are_counted(server: AdbServer) -> None:
    assert server._process is not None
    assert server_of(server.port) == server._process.pid
    files = ServerFiles(server.port)
    before = files.low()
    assert before is not None
    with crowded(server.port, before + 30):
        pass
    wait_until(lambda: (files.low() or 0) < before + 30, WAIT, "the clients to be gone")
    server.close()
    assert files.low() is None
    server.ensure()  # another process
    assert files.low() is not None


def test_whoever_is_no_adb_is_not_looked_into() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listens:
        assert server_of(listens.getsockname()[1]) is None
    assert server_of(free_port()) is None


class Watched:
    """A watch and what it told."""

    def __init__(self, port: int, *addresses: str) -> None:
        self._told: SimpleQueue[Seen | NoRoomFor] = SimpleQueue()
        self.refused: dict[str, str] = {}
        self.seen: dict[str, str] = {}
        self.watch = AdbWatch(port, addresses, self._told.put, usb=False)
        self.watch.start()

    def wait(self, condition: Callable[[], object], what: str) -> None:
        def found() -> object:
            while not self._told.empty():
                match self._told.get():
                    case Seen(devices):
                        self.seen = dict(devices)
                    case NoRoomFor(address, why):
                        self.refused[address] = why
            return condition()

        wait_until(found, WAIT, what)

    def is_online(self, address: str) -> Callable[[], bool]:
        return lambda: self.seen.get(address) == "device"


@pytest.fixture
def sim() -> Iterator[Sim]:
    sim = Sim(2)
    yield sim
    sim.close()


def test_a_crowded_server_is_asked_for_no_phone_until_it_has_room(server: AdbServer, sim: Sim) -> None:
    one, other = sim.addresses.values()
    Adb(server.port).connect(other)
    with crowded(server.port) as clients:
        watched = Watched(server.port, one)
        try:
            watched.wait(lambda: watched.refused, "the phone to be refused")
            assert "of 1024 files open" in watched.refused[one]
            assert watched.watch.waiting() == 1
            watched.wait(watched.is_online(other), "the other one to be there still")
            clients.close()
            watched.wait(watched.is_online(one), "the phone")
            wait_until(lambda: watched.watch.waiting() == 0, WAIT, "nobody to wait")
        finally:
            watched.watch.close()


def test_a_lost_phone_of_somebody_else_is_not_left_to_a_crowded_server(server: AdbServer, sim: Sim) -> None:
    one, _ = sim.addresses.values()
    Adb(server.port).connect(one)
    watched = Watched(server.port)
    try:
        watched.wait(watched.is_online(one), "the phone")
        with crowded(server.port):
            sim.fault("SIM0001", "unplug")
            watched.wait(lambda: one not in watched.seen, "adb to forget it")
            sim.heal("SIM0001")
            watched.wait(lambda: one in watched.refused, "it to be refused")
        watched.wait(watched.is_online(one), "the phone to be back")
    finally:
        watched.watch.close()


def test_no_more_phones_than_may_all_work_are_connected(
    server: AdbServer, sim: Sim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adb_room, "MOST_PHONES", 1)
    watched = Watched(server.port, *sim.addresses.values())
    try:
        watched.wait(lambda: watched.refused and "device" in watched.seen.values(), "one phone and one refusal")
        (online,) = watched.seen
        (refused,) = watched.refused
        assert {online, refused} == set(sim.addresses.values())
        assert watched.watch.waiting() == 1
    finally:
        watched.watch.close()
