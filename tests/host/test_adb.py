"""The host's adb client and server, against the real adb."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.embedded import free_port
from tests.host.processes import Sim
from tests.support.freeze import frozen
from workers.host.adb import Adb, AdbError, AdbServer, devices


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


def test_what_adb_refuses_is_an_error_with_its_words(adb: Adb) -> None:
    with pytest.raises(AdbError, match=r"failed to connect to .127\.0\.0\.1"):
        adb.connect(f"127.0.0.1:{free_port()}")
    with pytest.raises(AdbError, match="not found"):
        adb.getprop("10.9.9.9:5555", "ro.serialno")


def test_nobody_at_the_port_is_an_error() -> None:
    with pytest.raises(AdbError, match="no adb server on port"):
        Adb(free_port()).connect("127.0.0.1:5555")


def test_a_listing_is_read_line_by_line() -> None:
    assert devices("a:1\tdevice\nb\tno permissions\n\n") == {"a:1": "device", "b": "no permissions"}
