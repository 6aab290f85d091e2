"""Phones that adb reaches by two addresses, and phones that share a serial: the agent with a real adb server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.local.embedded import free_port
from tests.support.host.processes import WAIT, Host, Sim
from tests.support.host.shelf import Traces, celery_for, ticket
from tests.support.poll import wait_until
from tests.support.servers import Redis
from workers.dispatch.tickets import publish
from workers.host.adb import Adb

pytestmark = pytest.mark.fleet


@pytest.fixture
def sim() -> Iterator[Sim]:
    sim = Sim(2)
    yield sim
    sim.close()


@pytest.fixture
def host(host_redis: str, sim: Sim) -> Iterator[Host]:
    """A host that is told of no address: a test connects what it needs."""
    host = Host(host_redis, {})
    wait_until(Adb(host.adb_port).alive, WAIT, "the adb server")
    yield host
    host.close()


@pytest.mark.parametrize("busy", [True, False])
def test_a_phone_goes_on_by_its_other_way(host: Host, sim: Sim, host_redis: str, busy: bool) -> None:
    adb, first = Adb(host.adb_port), sim.addresses["SIM0001"]
    second = first.replace("127.0.0.1", "localhost")
    adb.connect(first)
    host.wait_told("online", "SIM0001", first)
    adb.connect(second)
    wait_until(lambda: f"the phone at {second} is SIM0001" in host.log(), WAIT, "the second way to be known")
    traces = Traces(host_redis)
    if busy:
        app = celery_for(host_redis)
        publish(app, [ticket("sample.long", "phone.SIM0001")])
        traces.wait(1)
        app.close()
    adb.disconnect(first)
    host.wait_told("online", "SIM0001", second)
    if busy:
        wait_until(lambda: [what for what, _, _ in traces.all()][-1] == "began", WAIT, "its task to go on")
        traces.release()
        wait_until(lambda: [what for what, _, _ in traces.all()][-1] == "done", WAIT, "its task to end")
    assert host.told("offline") == []


def test_two_phones_with_one_serial_are_told_of_until_one_leaves(host: Host, sim: Sim) -> None:
    adb = Adb(host.adb_port)
    one, other = sim.addresses.values()
    for address in (one, other):
        adb.connect(address)
    host.wait_told("online", times=2)
    for address in (one, other):
        adb.shell(address, "setprop ro.serialno 0123456789ABCDEF")
        adb.disconnect(address)
        adb.connect(address)
    ((_, serial, *phones),) = host.wait_told("equal")
    assert (serial, phones) == ("0123456789ABCDEF", sorted(f"{address} (SimPhone)" for address in (one, other)))
    host.redis.delete("told")
    adb.disconnect(one)
    host.wait_told("online", "0123456789ABCDEF", other)


def test_names_tell_phones_with_one_serial_apart(host_redis: str, sim: Sim) -> None:
    one, other = sim.addresses.values()
    host = Host(host_redis, {}, PHONEFLEET_PHONE_NAMES=f"{one}=left,{other}=右边")
    try:
        adb = Adb(host.adb_port)
        wait_until(adb.alive, WAIT, "the adb server")
        for address in (one, other):
            adb.connect(address)
        host.wait_told("online", "left", one)
        host.wait_told("online", "右边", other)
    finally:
        host.close()


class Usb:
    """A host whose adb server has the phones at USB, and can reach them in the network too."""

    def __init__(self, redis_url: str, phones: int, **environment: str) -> None:
        port = free_port()
        self.sim = Sim(phones, port)
        self.adb = Adb(port)
        self.host = Host(redis_url, {}, PHONEFLEET_ADB_PORT=str(port), **environment)

    def close(self) -> None:
        self.host.close()
        self.sim.close()


@pytest.fixture
def usb(host_redis: str) -> Iterator[Usb]:
    """Two phones at USB, once both are served."""
    usb = Usb(host_redis, 2)
    usb.host.wait_told("online", times=2)
    yield usb
    usb.close()


@pytest.fixture(scope="module")
def lasting_usb() -> Iterator[Usb]:
    with Redis() as server:
        usb = Usb(server.url, 2)
        usb.host.wait_told("online", times=2)
        yield usb
        usb.close()


@pytest.fixture
def same_usb(lasting_usb: Usb) -> Usb:
    """Two phones at USB, which the tests share: each must leave both served, and no other line in adb's list."""
    lasting_usb.host.redis.delete("told")
    return lasting_usb


def test_a_phone_that_is_pulled_at_usb_goes_on_in_the_network(usb: Usb) -> None:
    address = usb.sim.addresses["SIM0001"]
    usb.adb.connect(address)
    wait_until(lambda: f"the phone at {address} is SIM0001" in usb.host.log(), WAIT, "the second way to be known")
    usb.sim.usb(phone="SIM0001", plugged=False)
    usb.host.wait_told("online", "SIM0001", address)
    assert usb.host.told("offline") == []
    usb.sim.usb(phone="SIM0001", plugged=True)
    wait_until(lambda: usb.host.log().count("the phone at SIM0001 is SIM0001") == 2, WAIT, "the cable to be back")
    usb.adb.disconnect(address)
    usb.host.wait_told("online", "SIM0001", "SIM0001", times=2)
    assert usb.host.told("offline") == []


def test_phones_of_one_serial_at_usb_are_told_of_by_their_ports(usb: Usb) -> None:
    for phone in ("SIM0001", "SIM0002"):
        usb.sim.usb(phone=phone, name="0123456789ABCDEF")
    ((_, serial, *phones),) = usb.host.wait_told("equal")
    assert (serial, phones) == ("0123456789ABCDEF", ["usb:1-1 (SimPhone)", "usb:1-2 (SimPhone)"])
    usb.host.redis.delete("told")
    usb.sim.usb(phone="SIM0001", plugged=False)
    usb.host.wait_told("online", "0123456789ABCDEF", "0123456789ABCDEF")  # alone, adb's name for it is its serial


def test_names_tell_phones_of_one_serial_at_usb_apart(host_redis: str) -> None:
    usb = Usb(host_redis, 2, PHONEFLEET_PHONE_NAMES="usb:1-1=left,usb:1-2=right")
    try:
        usb.host.wait_told("online", "left", "usb:1-1")
        for phone in ("SIM0001", "SIM0002"):
            usb.sim.usb(phone=phone, name="0123456789ABCDEF")
        usb.host.wait_told("online", "right", "usb:1-2")
        usb.sim.usb(phone="SIM0002", plugged=False)
        usb.host.wait_told("offline", "right")
        assert usb.host.told("equal") == usb.host.told("offline", "left") == []
    finally:
        usb.close()


@pytest.mark.parametrize(
    "state",
    ["unauthorized", "no permissions (user is not in the plugdev group); see [http://x]", "recovery", "bootloader"],
)
def test_a_phone_at_usb_that_cannot_work_is_told_of_by_its_serial(same_usb: Usb, state: str) -> None:
    same_usb.sim.usb(phone="SIM0002", state=state)
    same_usb.host.wait_told("problem", "SIM0002")
    same_usb.sim.usb(phone="SIM0002", state=None)
    same_usb.host.wait_told("online", "SIM0002")
    assert same_usb.host.told("online", "SIM0001") == []  # it stayed online


@pytest.mark.parametrize(
    ("name", "state", "word"),
    [
        ("R58M12ABCDE", "unauthorized", "unauthorized"),
        ("????????????", "no permissions (user is not in the plugdev group); see [http://x]", "no permissions"),
        ("", "no permissions; see [http://x]", "no permissions"),
        ("MY OLD PHONE", "bootloader", "bootloader"),
    ],
)
def test_a_phone_at_usb_that_nobody_knows_is_told_of_until_it_is_gone(
    same_usb: Usb, name: str, state: str, word: str
) -> None:
    same_usb.sim.usb(usb="usb:2-7", name=name, state=state, plugged=True)
    shown = name or "(no serial number)"
    assert same_usb.host.wait_told("problem", shown) == [["problem", shown, word, f"adb says {state}"]]
    same_usb.sim.usb(usb="usb:2-7", plugged=False)
    same_usb.host.wait_told("forget", shown)


def test_two_phones_without_a_serial_are_told_of_by_their_ports(same_usb: Usb) -> None:
    ports = ("usb:2-7", "usb:2-8")
    for port in ports:
        same_usb.sim.usb(usb=port, name="", state="no permissions", plugged=True)
    for port in ports:
        same_usb.host.wait_told("problem", port)
    for port in ports:
        same_usb.sim.usb(usb=port, plugged=False)
    for port in ports:
        same_usb.host.wait_told("forget", port)


def test_a_phone_whose_key_is_confirmed_is_served(usb: Usb) -> None:
    usb.sim.usb(phone="SIM0001", plugged=False)
    usb.host.wait_told("offline", "SIM0001")
    usb.sim.usb(phone="SIM0001", name="NEW", state="unauthorized", plugged=True)
    usb.host.wait_told("problem", "NEW", "unauthorized")
    usb.sim.usb(phone="SIM0001", state=None)
    usb.host.wait_told("online", "NEW")
