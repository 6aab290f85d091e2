"""What the doctor says of room for phones in the network at one adb server."""

from __future__ import annotations

import pytest

from scripts.commands.doctor_adb import judge_adb_room
from scripts.local.embedded import free_port
from scripts.local.probes import adb_files
from workers.host.adb import AdbServer
from workers.host.adb_room import KEPT_FREE, MOST_FILES, MOST_PHONES

NAMED = f"are named; one adb server takes {MOST_PHONES}"


@pytest.mark.parametrize(
    ("named", "files", "ok", "found"),
    [
        (MOST_PHONES, 500, True, f"{MOST_PHONES} {NAMED}; it has 500 of 1024 files open"),
        (1, None, True, f"1 {NAMED}"),
        (MOST_PHONES + 1, None, False, f"{MOST_PHONES + 1} {NAMED}"),
        (1, MOST_FILES - KEPT_FREE + 1, False, f"1 {NAMED}; it has 961 of 1024 files open"),
    ],
)
def test_phones_in_the_network_need_room_at_their_adb_server(
    named: int, files: int | None, ok: bool, found: str
) -> None:
    check = judge_adb_room(named, files)
    assert check is not None
    assert (check.ok, check.needed, check.found) == (ok, False, found)
    assert "PHONEFLEET_ADB_PORT" in check.remedy


def test_a_shelf_without_phones_in_the_network_is_not_judged() -> None:
    assert judge_adb_room(0, 1000) is None


def test_the_files_of_a_real_server_are_counted() -> None:
    server = AdbServer(free_port(), usb=False)
    assert adb_files(server.port) is None
    server.ensure()
    try:
        assert (adb_files(server.port) or 0) > 3
    finally:
        server.close()
