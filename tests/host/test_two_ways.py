"""Phones that adb reaches by two addresses, and phones that share a serial: the agent with a real adb server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.host.processes import WAIT, Host, Sim
from tests.host.shelf import Traces, celery_for, ticket
from tests.support.poll import wait_until
from workers.host.adb import Adb
from workers.tickets import publish

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
        publish(app, [ticket("errand.long", "phone.SIM0001")])
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
