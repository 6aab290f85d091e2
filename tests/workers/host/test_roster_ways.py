"""Phones with several ways to them, and several phones with one serial: the roster's decisions, without processes."""

from __future__ import annotations

import signal

import pytest

from tests.workers.host.roster_moves import kinds, plug
from workers.host.commands import (
    EqualSerials,
    Identify,
    Order,
    RegisterPhone,
    ReleaseDeadWorker,
    Report,
    SignalWorker,
)
from workers.host.roster import MOVE_SECONDS, Roster
from workers.host.ways import FRESH_SECONDS


def test_a_phone_with_two_ways_to_it_has_one_worker(roster: Roster) -> None:
    plug(roster, "a:1", "S1")
    assert roster.seen({"a:1": "device", "usb": "device"}, 1.0) == [Identify("usb")]
    assert roster.identified("usb", "S1", "Model", "boot of S1", 1.0) == []
    assert len(list(roster.lives())) == 1
    assert roster.seen({"a:1": "device"}, 2.0) == []  # the other way goes: nothing happens


def second_way(roster: Roster, address: str = "net:1", boot: str = "boot of S1", now: float = 1.0) -> list[Order]:
    assert roster.seen({**roster.states, address: "device"}, now) == [Identify(address)]
    return roster.identified(address, "S1", "Model", boot, now)


@pytest.mark.parametrize("gone", [{}, {"usb": "offline"}, {"usb": "unauthorized"}, {"usb": "no permissions (x)"}])
def test_a_phone_that_loses_one_way_goes_on_by_the_other(roster: Roster, gone: dict[str, str]) -> None:
    first = plug(roster, "usb", "S1")
    assert second_way(roster) == []
    assert roster.seen({"net:1": "device", **gone}, 2.0) == [SignalWorker(first, signal.SIGTERM)]  # nobody is told
    assert [slot.index for slot in roster.to_hand_back(2.0)] == [0]
    assert roster.tick(2.0 + MOVE_SECONDS) == [SignalWorker(first, signal.SIGKILL)]
    release, enrol = roster.died(first, "ended", 2.5)
    assert release == ReleaseDeadWorker(first, "its phone is reached at net:1 now", "")
    assert isinstance(enrol, RegisterPhone)
    assert enrol.identity.address == "net:1"


def test_a_phone_that_loses_one_way_while_it_is_enrolled_is_enrolled_by_the_other(roster: Roster) -> None:
    roster.seen({"usb": "device"}, 0.0)
    roster.identified("usb", "S1", "Model", "boot of S1", 0.0)
    second_way(roster)
    assert roster.seen({"net:1": "device"}, 2.0) == []
    (enrol,) = roster.enrolled("i1", 3.0)
    assert isinstance(enrol, RegisterPhone)
    assert enrol.identity.address == "net:1"


def test_a_phone_that_lost_both_ways_is_gone(roster: Roster) -> None:
    plug(roster, "usb", "S1")
    second_way(roster)
    roster.seen({"net:1": "device"}, 2.0)
    assert Report("S1", "offline", "unplugged, or its network is gone") in roster.seen({}, 3.0)


def test_the_way_that_nobody_uses_may_come_and_go(roster: Roster) -> None:
    plug(roster, "usb", "S1")
    second_way(roster)
    assert roster.seen({"usb": "device", "net:1": "offline"}, 2.0) == []
    assert roster.seen({"usb": "device", "net:1": "unauthorized"}, 3.0) == []
    assert roster.here() == {"S1": "usb"}


@pytest.mark.parametrize("boot", ["another boot", ""])
def test_two_phones_with_one_serial_are_told_of_and_neither_works(roster: Roster, boot: str) -> None:
    first = plug(roster, "a:1", "S1")
    told = second_way(roster, "a:2", boot)
    assert told == [SignalWorker(first, signal.SIGTERM), EqualSerials("S1", "Model", ("a:1 (Model)", "a:2 (Model)"))]
    assert kinds(roster.died(first, "ended", 2.0)) == [ReleaseDeadWorker]  # and no other one is forked
    assert roster.here() == {}
    assert second_way(roster, "a:3", "a third boot", 3.0) == [
        EqualSerials("S1", "Model", ("a:1 (Model)", "a:2 (Model)", "a:3 (Model)"))
    ]
    assert roster.tick(1000.0) == []


def test_the_one_that_stays_of_two_phones_with_one_serial_works(roster: Roster) -> None:
    first = plug(roster, "a:1", "S1")
    second_way(roster, "a:2", "another boot")
    roster.died(first, "ended", 2.0)
    (enrol,) = roster.seen({"a:2": "device"}, 3.0)
    assert isinstance(enrol, RegisterPhone)
    assert enrol.identity.address == "a:2"


def test_phones_with_one_serial_that_both_leave_are_gone(roster: Roster) -> None:
    plug(roster, "a:1", "S1")
    second_way(roster, "a:2", "another boot")
    assert Report("S1", "offline", "unplugged, or its network is gone") in roster.seen({}, 3.0)
    roster.seen({"a:1": "device"}, 4.0)
    roster.identified("a:1", "S1", "Model", "boot of S1", 4.0)
    assert kinds(second_way(roster, "a:2", "another boot", 5.0)) == [EqualSerials]  # told of again


def test_an_old_answer_is_asked_for_again_before_two_phones_are_believed(roster: Roster) -> None:
    plug(roster, "net:1", "S1")
    late = FRESH_SECONDS + 1
    assert second_way(roster, "usb", "boot after its restart", late) == [Identify("net:1")]
    assert roster.here() == {"S1": "net:1"}
    # adb has not noticed yet that the connection from before the restart is dead
    (leave,) = roster.unidentified("net:1", "no answer in time", late + 5)
    assert leave == SignalWorker("i1", signal.SIGTERM)
    release, ask, enrol = roster.died("i1", "ended", late + 6)
    assert (type(release), ask) == (ReleaseDeadWorker, Identify("net:1"))
    assert isinstance(enrol, RegisterPhone)
    assert enrol.identity.address == "usb"


def test_a_phone_that_answers_the_second_question_with_another_boot_is_another_phone(roster: Roster) -> None:
    plug(roster, "a:1", "S1")
    late = FRESH_SECONDS + 1
    assert second_way(roster, "a:2", "another boot", late) == [Identify("a:1")]
    assert EqualSerials in kinds(roster.identified("a:1", "S1", "Model", "boot of S1", late + 1))


def test_a_phone_that_was_asked_again_for_another_that_left_goes_on(roster: Roster) -> None:
    plug(roster, "a:1", "S1")
    second_way(roster, "a:2", "another boot", FRESH_SECONDS + 1)
    assert roster.seen({"a:1": "device"}, FRESH_SECONDS + 2) == []
    assert roster.unidentified("a:1", "no answer in time", FRESH_SECONDS + 3) == []
    assert roster.here() == {"S1": "a:1"}


def test_a_phone_that_another_one_replaced_at_its_address_is_gone(roster: Roster) -> None:
    first = plug(roster, "a:1", "S1")
    report, leave, enrol = roster.identified("a:1", "S2", "Model", "boot of S2", 5.0)
    assert report == Report("S1", "offline", "another phone answers at a:1: S2")
    assert leave == SignalWorker(first, signal.SIGTERM)
    assert isinstance(enrol, RegisterPhone)
    assert enrol.identity.serial == "S2"


def test_one_phone_under_two_names_has_one_worker(roster: Roster) -> None:
    plug(roster, "a:1", "left", boot="boot")
    roster.seen({"a:1": "device", "usb": "device"}, 1.0)
    assert roster.identified("usb", "0123456789ABCDEF", "Model", "boot", 1.0) == []
    assert [life.identity.serial for _, life in roster.lives()] == ["left"]
