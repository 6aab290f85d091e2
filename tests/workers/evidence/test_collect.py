"""Collecting from a simulated phone: whole when it is well, bounded and honest when it is not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import pytest

from flows.failures import FlowFailure, Stopped
from flows.phone import PhoneError
from flows.profile import load_profile
from flows.registry import flow_named
from flows.session import Session
from tests.support.memory import MemoryJournal
from tests.support.poll import wait_until
from tests.support.shelf import Shelf
from tests.workers.evidence.case import case
from tests.workers.evidence.conftest import NewWatch
from workers.evidence.bundle import Evidence
from workers.evidence.collect import COLLECT_SECONDS, collect
from workers.evidence.phone_probe import PhoneWitness
from workers.phone.phone import U2Phone
from workers.runtime.slots import Stop
from workers.runtime.watch import SlotWatch

PACKAGE = "com.phonefleet.practice"
PIECES = {"screenshot", "ui", "focus", "network", "battery", "app"}
SLACK = 1.0  # seconds that a machine under load may add


@pytest.fixture
def phone(shelf: Shelf) -> Iterator[U2Phone]:
    """The phone in the hand of its worker, the app in front."""
    shelf.heal("*")
    one = shelf.phones[0]
    taken = U2Phone.connect(one["address"], one["serial"], shelf.adb.port, lambda: 30.0)
    taken.stop_app(PACKAGE)
    taken.start_app(PACKAGE)
    yield taken
    taken.close()
    shelf.heal("*")


def run_flow(phone: U2Phone, watch: SlotWatch, account: str) -> FlowFailure:
    """Run a flow as a worker does; how it failed."""
    flow = flow_named("collect_titles")
    session = Session(
        phone, load_profile(), account, random.Random(1), MemoryJournal(), watch, pause=lambda seconds: None
    )
    with pytest.raises(FlowFailure) as failed:
        flow.run(session, flow.params_model.model_validate({"author_id": "xiaopeng", "count": 1}))
    return failed.value


def look_into(shelf: Shelf, watch: SlotWatch, phone: U2Phone | None = None, **changed: object) -> Evidence:
    one = shelf.phones[0]
    reach = partial(PhoneWitness, one["address"], one["serial"], shelf.adb.port)
    return collect(case(**changed), watch, phone.calls if phone else (), load_profile(), reach)


def test_a_failed_attempt_is_told_whole(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    watch = new_watch()
    shelf.fault("page_drift")
    failure = run_flow(phone, watch, shelf.phones[0]["account"])
    seen = look_into(shelf, watch, phone, code=failure.code, reason=failure.reason, step=watch.failed_in)
    facts = seen.facts

    assert seen.screenshot is not None
    assert (seen.screenshot[:3], seen.screenshot[-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")
    assert seen.tree is not None
    assert PACKAGE in seen.tree
    assert facts["failure"]["code"] == "page_drift"
    assert facts["failure"]["culprit"] == "app"
    assert facts["failure"]["step"] == watch.failed_in == facts["steps"][-1]["name"]
    assert facts["failure"]["remedy"]
    assert (facts["phone"], facts["account"], facts["attempt"]) == ("SIM0001", "acc0001", 2)
    assert facts["focus"]["package"] == PACKAGE
    assert facts["network"] | {"line": ""} == {"active": 100, "transports": ["WIFI"], "validated": True, "line": ""}
    assert 0 < facts["battery"]["percent"] <= 100
    assert facts["app"] == {"package": PACKAGE, "version": "2.4.1"}
    assert 0 < len(facts["calls"]) <= 50
    assert facts["calls"] == sorted(facts["calls"], key=lambda call: call["at"])
    assert {"at", "method", "seconds", "error"} == set(facts["calls"][-1])
    assert all(step["began"] >= 0 and step["took"] >= 0 for step in facts["steps"])
    assert facts["page"] is None
    assert facts["missing"] == {"page": "no page of the profile fits the screen"}


def test_a_known_page_is_named(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    shelf.fault("rate_limit")
    run_flow(phone, new_watch(), shelf.phones[0]["account"])
    facts = look_into(shelf, new_watch()).facts
    assert (facts["page"], facts["missing"]) == ("rate_limit", {})


def test_the_network_that_is_down_is_seen(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    shelf.fault("network_down")
    assert look_into(shelf, new_watch(), code="network_down").facts["network"]["active"] is None


def test_a_dead_ui_server_is_started_to_see_the_screen(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    shelf.fault("kill_ui_server")
    seen = look_into(shelf, new_watch(), code="ui_server_lost")
    assert seen.screenshot
    assert seen.facts["page"] == "feed"
    assert phone.look().has(f"{PACKAGE}:id/page_feed")


def test_a_phone_that_hangs_costs_no_more_than_the_deadline(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    shelf.fault("hang")
    seen = look_into(shelf, new_watch(), phone, code="list_not_loaded")
    assert (seen.screenshot, seen.tree) == (None, None)
    assert set(seen.facts["missing"]) == PIECES
    assert seen.facts["missing"]["screenshot"].startswith("time_limit: the phone did not answer")
    assert seen.facts["missing"]["battery"].startswith("not asked after time_limit")
    assert seen.facts["seconds"] < COLLECT_SECONDS + SLACK


def test_a_phone_that_was_found_hanging_is_not_asked_again(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    facts = look_into(shelf, new_watch(), phone, code="phone_hung").facts
    assert set(facts["missing"]) == PIECES
    assert set(facts["missing"].values()) == {"not asked: the phone hangs"}
    assert facts["failure"]["code"] == "phone_hung"
    assert facts["calls"]


def test_a_lost_phone_is_not_asked_twice(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    shelf.fault("unplug")
    wait_until(lambda: _is_lost(phone), 10, "the phone to be gone")
    missing = look_into(shelf, new_watch(), phone, code="phone_lost").facts["missing"]
    assert set(missing) == PIECES
    assert all(why.startswith("not asked after phone_lost") for name, why in missing.items() if name != "screenshot")
    shelf.heal()
    wait_until(lambda: _connected(shelf), 20, "the phone to come back")


@pytest.mark.parametrize("short", [{"lease": 0.9}, {"hard": 0.9}])
def test_the_time_to_record_the_failure_is_left(shelf: Shelf, new_watch: NewWatch, short: dict[str, float]) -> None:
    missing = look_into(shelf, new_watch(**short)).facts["missing"]
    assert missing == dict.fromkeys(PIECES, "not asked: no time was left")


@pytest.mark.parametrize("why", [Stop.LEASE, Stop.DRAIN, Stop.TASK])
def test_who_must_leave_the_phone_leaves_it(shelf: Shelf, new_watch: NewWatch, why: Stop) -> None:
    watch = new_watch()
    watch._slot.ask(why, watch._slot.turn)
    with pytest.raises(Stopped):
        watch.check()
    assert set(look_into(shelf, watch).facts["missing"]) == PIECES


def test_a_flow_past_its_soft_limit_is_still_looked_into(phone: U2Phone, shelf: Shelf, new_watch: NewWatch) -> None:
    watch = new_watch(soft=0.0)
    with pytest.raises(FlowFailure, match="time_limit"):
        watch.check()
    assert look_into(shelf, watch, code="time_limit").facts["missing"] == {}


def _is_lost(phone: U2Phone) -> bool:
    try:
        phone.look()
    except PhoneError as error:
        return error.code == "phone_lost"
    return False


def _connected(shelf: Shelf) -> bool:
    address = shelf.phones[0]["address"]
    shelf.adb.client.disconnect(address)
    shelf.adb.client.connect(address, timeout=5)
    return any(device.serial == address for device in shelf.adb.client.device_list())
