"""The transport message by message: the banner, and delayed acks agreed on or not."""

from __future__ import annotations

import struct

import pytest

from tests.support.transport_target import Target
from tests.transport.raw import CLSE, OKAY, OPEN, WRTE, RawClient

DELAYED = ("shell_v2", "delayed_ack")
PRINT = b"shell:seq 20000\0"  # 108,894 bytes
PRINTED = "".join(f"{number}\n" for number in range(1, 20_001)).encode()
ROOM = 32 * 1024 * 1024


def test_the_banner_describes_a_device_and_its_features(target: Target) -> None:
    with RawClient(target.address, "shell_v2") as client:
        assert client.banner.startswith(b"device::")
        for key in (b"ro.product.name=", b"ro.product.model=", b"ro.product.device="):
            assert key in client.banner
        assert {"shell_v2", "stat_v2", "ls_v2", "sendrecv_v2", "delayed_ack"} <= client.features


def test_without_delayed_acks_each_write_waits_for_its_okay(target: Target) -> None:
    with RawClient(target.address, "shell_v2") as client:
        client.send(OPEN, 7, 0, PRINT)
        command, remote, local, payload = client.receive()
        assert (command, local, payload) == (OKAY, 7, b"")
        printed = b""
        while (message := client.receive())[0] == WRTE:
            printed += message[3]
            client.send(OKAY, 7, remote)
        assert (message[0], printed) == (CLSE, PRINTED)


@pytest.mark.parametrize("window", [1, 100, 5000])
def test_with_delayed_acks_no_more_comes_than_there_is_room_for(target: Target, window: int) -> None:
    with RawClient(target.address, *DELAYED) as client:
        client.send(OPEN, 7, window, PRINT)
        command, remote, local, payload = client.receive()
        assert (command, local, struct.unpack("<i", payload)[0]) == (OKAY, 7, ROOM)
        printed = b""
        room = window
        while room > 0:
            command, _, _, data = client.receive()
            assert command == WRTE
            printed += data
            room -= len(data)
        client.send(OPEN, 8, 100, b"shell:true\0")  # answered, while the first stream waits
        assert client.receive()[2] == 8
        while len(printed) < len(PRINTED):
            if room <= 0:
                client.send(OKAY, 7, remote, struct.pack("<i", 50_000 - room))
                room = 50_000
            command, _, local, data = client.receive()
            if local == 7:
                assert command == WRTE
                printed += data
                room -= len(data)
        assert printed == PRINTED


def test_with_delayed_acks_each_okay_says_how_much_was_taken(target: Target) -> None:
    with RawClient(target.address, *DELAYED) as client:
        client.send(OPEN, 7, 1000, b"sync:\0")
        _, remote, _, _ = client.receive()
        client.send(WRTE, 7, remote, b"STAT" + struct.pack("<I", 8) + b"/absent/")
        answers = {message[0]: message[3] for message in (client.receive(), client.receive())}
        assert struct.unpack("<i", answers[OKAY])[0] == 16
        assert answers[WRTE] == b"STAT" + bytes(12)


@pytest.mark.parametrize(("features", "window"), [(("shell_v2",), 100), (DELAYED, 0)])
def test_what_was_not_agreed_on_is_refused(target: Target, features: tuple[str, ...], window: int) -> None:
    with RawClient(target.address, *features) as client:
        client.send(OPEN, 7, window, b"shell:true\0")
        command, _, local, _ = client.receive()
        assert (command, local) == (CLSE, 7)
