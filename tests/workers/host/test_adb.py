"""The host's adb client and server, against the real adb."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from scripts.local.embedded import free_port
from tests.support.freeze import frozen
from tests.support.host.processes import Sim
from workers.host.adb import Adb, AdbError, AdbServer, by_port, lines


@pytest.fixture(scope="module")
def adb() -> Iterator[Adb]:
    """A client of an adb server of its own."""
    port = free_port()
    server = AdbServer(port, usb=False)
    server.ensure()
    server.ensure()  # the one that runs already is taken
    yield Adb(port)
    server.close()
    assert not Adb(port).alive()


def test_a_phone_is_followed_from_its_connection_on(adb: Adb) -> None:
    sim = Sim(1)
    try:
        (address,) = sim.addresses.values()
        follow = adb.track()
        assert next(follow) == {}
        adb.connect(address)
        adb.connect(address)  # connected already
        assert any(seen.get(address) == "device" for seen in follow)
        assert adb.getprop(address, "ro.serialno") == "SIM0001"
        adb.disconnect(address)
        assert any(address not in seen for seen in follow)
    finally:
        sim.close()


def test_a_server_that_hangs_is_found_out_and_replaced() -> None:
    port = free_port()
    server = AdbServer(port, usb=False)
    server.ensure()
    follow = Adb(port).track()
    assert next(follow) == {}
    assert server._process is not None
    with frozen(server._process.pid):
        with pytest.raises(AdbError, match="hangs"):
            next(follow)
        server.ensure()
    assert Adb(port).alive()
    server.close()


@pytest.mark.parametrize("usb", [False, True])
def test_what_listens_where_emulators_do_is_no_phone(usb: bool) -> None:
    server = AdbServer(free_port(), usb=usb)
    with socket.socket() as other:
        with suppress(OSError):  # somebody's Flower may be there already, which serves as well
            other.bind(("127.0.0.1", 5555))
            other.listen()
        server.ensure()
        try:
            assert "emulator-5554" not in next(Adb(server.port).track())
        finally:
            server.close()


def test_what_adb_refuses_is_an_error_with_its_words(adb: Adb) -> None:
    with pytest.raises(AdbError, match=r"failed to connect to .127\.0\.0\.1"):
        adb.connect(f"127.0.0.1:{free_port()}")
    with pytest.raises(AdbError, match="not found"):
        adb.getprop("10.9.9.9:5555", "ro.serialno")


def test_nobody_at_the_port_is_an_error() -> None:
    with pytest.raises(AdbError, match="no adb server on port"):
        Adb(free_port()).connect("127.0.0.1:5555")


def test_a_listing_is_read_line_by_line() -> None:
    assert lines("a:1\tdevice\nb\tno permissions\n\n") == [("a:1", "device"), ("b", "no permissions")]


LONG = """\
0123456789ABCDEF       device usb:1-4.1 product:a model:M_1 device:a transport_id:3
0123456789ABCDEF       unauthorized usb:1-4.2 transport_id:4
0123456789ABCDEF0      device usb:2-1 product:a model:M device:a transport_id:5
(no serial number)     no permissions (missing udev rules? user is in the plugdev group); see [http://x] usb:1-5 \
transport_id:6
(no serial number)     no permissions (missing udev rules? user is in the plugdev group); see [http://x] usb:1-6 \
transport_id:7
????????????           no permissions usb:1-7 transport_id:8
MY PHONE               device usb:1-8 product:a transport_id:9
10.0.0.7:5555          device product:a model:M device:a transport_id:10
A NAME OF MORE THAN 22 device usb:3-1 transport_id:11
A NAME OF MORE THAN 22 SIGNS offline usb:3-2 transport_id:12
"""


@pytest.mark.parametrize(
    ("found", "named", "told"),
    [
        ([("0123456789ABCDEF", "device")] * 2, (), {"usb:1-4.1": "device", "usb:1-4.2": "unauthorized"}),
        ([("0123456789ABCDEF0", "device")], (), {"0123456789ABCDEF0": "device"}),
        ([("0123456789ABCDEF0", "device")], ("usb:2-1",), {"usb:2-1": "device"}),
        ([("MY PHONE", "device")], ("usb:1-8", "usb:9-9"), {"usb:1-8": "device"}),
        ([("????????????", "no permissions")], ("usb:9-9",), {"????????????": "no permissions"}),
        ([("10.0.0.7:5555", "device")] * 2, (), {"10.0.0.7:5555": "device"}),  # no port tells them apart
        # how another one's name begins
        ([("MY", "offline"), ("MY PHONE", "device")], ("usb:1-8",), {"MY": "offline", "usb:1-8": "device"}),
        ([("MY", "offline")], ("usb:1-8",), {"MY": "offline"}),
        ([("0123456789ABCDE", "device")] * 2, (), {"0123456789ABCDE": "device"}),
        (
            [("A NAME OF MORE THAN 22", "device"), ("A NAME OF MORE THAN 22 SIGNS", "offline")],
            ("usb:3-1", "usb:3-2"),
            {"usb:3-1": "device", "usb:3-2": "offline"},
        ),
        # the second of them came between the two listings
        ([("0123456789ABCDEF", "device")], ("usb:1-4.1",), {"usb:1-4.1": "device", "usb:1-4.2": "unauthorized"}),
    ],
)
def test_phones_of_one_name_are_told_apart_by_their_usb_ports(
    found: list[tuple[str, str]], named: tuple[str, ...], told: dict[str, str]
) -> None:
    assert by_port(found, LONG, frozenset(named)) == told


def test_phones_without_a_serial_are_told_apart_by_their_usb_ports() -> None:
    state = "no permissions (missing udev rules? user is in the plugdev group); see [http://x]"
    found = [("(no serial number)", state)] * 2
    assert by_port(found, LONG, frozenset()) == {"usb:1-5": state, "usb:1-6": state}
