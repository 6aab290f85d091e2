"""Which phone gets a worker, and when: the roster's decisions, without processes."""

from __future__ import annotations

import itertools
import signal

import pytest

from tests.workers.host.roster_moves import kinds, plug
from workers.host.adb_states import state_word
from workers.host.commands import (
    Forget,
    ForkWorker,
    Identify,
    RegisterPhone,
    ReleaseDeadWorker,
    Report,
    SignalWorker,
)
from workers.host.roster import HAND_BACK_SECONDS, OCCUPIED_SECONDS, STARTING_AT_ONCE, Roster
from workers.host.worker_life import REFORK, STEADY_SECONDS
from workers.runtime.slots import own_slot

TAG = "0f1c4a5e-0000-4000-8000-000000000002"


def test_a_phone_is_written_into_the_ledger_before_its_worker_is_forked(roster: Roster) -> None:
    assert plug(roster) == "i1"
    assert roster.tick(now=100.0) == []


def test_a_phone_that_left_while_it_was_enrolled_gets_no_worker(roster: Roster) -> None:
    roster.seen({"a:1": "device"}, 0.0)
    roster.identified("a:1", "S1", "Model", "boot of S1", 0.0)
    assert kinds(roster.seen({}, 1.0)) == [Report]
    assert roster.enrolled("i1", 2.0) == []
    assert list(roster.lives()) == []


def test_a_phone_that_left_loses_its_worker_gently_then_not(roster: Roster) -> None:
    incarnation = plug(roster)
    assert roster.seen({}, 10.0) == [
        Report("S1", "offline", "unplugged, or its network is gone"),
        SignalWorker(incarnation, signal.SIGTERM),
    ]
    assert [slot.index for slot in roster.to_hand_back(10.0)] == [0]
    assert roster.tick(10.0 + HAND_BACK_SECONDS - 0.1) == []
    assert roster.tick(10.0 + HAND_BACK_SECONDS) == [SignalWorker(incarnation, signal.SIGKILL)]
    assert roster.tick(99.0) == []


def test_a_phone_that_returns_waits_until_its_last_worker_is_dead(roster: Roster) -> None:
    incarnation = plug(roster)
    roster.seen({"a:1": "offline"}, 1.0)
    assert roster.seen({"a:1": "device"}, 2.0) == [Identify("a:1")]
    assert roster.identified("a:1", "S1", "Model", "boot of S1", 2.0) == []
    release, enrol = roster.died(incarnation, "ended with code 0", 3.0)
    assert release == ReleaseDeadWorker(incarnation, "its phone: adb says offline", "")
    assert isinstance(enrol, RegisterPhone)
    assert enrol.identity.incarnation == "i2"


def test_a_fallen_worker_is_mourned_with_its_ticket_and_forked_again_after_a_rest(roster: Roster) -> None:
    incarnation = plug(roster)
    roster.places["S1"].slot.take_ticket(TAG)
    assert roster.died(incarnation, "killed by SIGSEGV", 10.0) == [
        ReleaseDeadWorker(incarnation, "killed by SIGSEGV", TAG)
    ]
    assert roster.tick(10.0 + REFORK.wait(1) - 0.01) == []
    assert kinds(roster.tick(10.0 + REFORK.wait(1))) == [RegisterPhone]


def test_the_ticket_of_a_task_that_ran_is_spent(roster: Roster) -> None:
    incarnation = plug(roster)
    slot = roster.places["S1"].slot
    slot.take_ticket(TAG)
    slot.begin("t1", 1, lease_until=99.0, hard_limit=99.0)
    (release,) = roster.died(incarnation, "killed by SIGSEGV", 10.0)
    assert release == ReleaseDeadWorker(incarnation, "killed by SIGSEGV", TAG, spent=True)


def test_rests_grow_with_each_fall_and_shrink_after_a_steady_life(roster: Roster) -> None:
    incarnation, now = plug(roster), 0.0
    rests = []
    for _ in range(4):
        roster.died(incarnation, "killed by SIGSEGV", now)
        rests.append(roster.places["S1"].rest_until - now)
        now = roster.places["S1"].rest_until
        (enrol,) = roster.tick(now)
        assert isinstance(enrol, RegisterPhone)
        incarnation = enrol.identity.incarnation
        roster.enrolled(incarnation, now)
    assert rests == [REFORK.wait(count) for count in (1, 2, 3, 4)]
    assert rests == sorted(set(rests))
    now += STEADY_SECONDS
    roster.died(incarnation, "killed by SIGSEGV", now)
    assert roster.places["S1"].rest_until - now == REFORK.wait(1)
    assert REFORK.wait(1000) == REFORK.most


def test_deaths_while_the_broker_is_away_do_not_make_a_phone_rest_longer(roster: Roster) -> None:
    incarnation, now = plug(roster), 0.0
    for _ in range(8):
        roster.died(incarnation, "ended with code 1", now, falls=False)
        assert roster.places["S1"].rest_until - now == REFORK.wait(1)
        now = roster.places["S1"].rest_until
        (enrol,) = roster.tick(now)
        assert isinstance(enrol, RegisterPhone)
        incarnation = enrol.identity.incarnation
        roster.enrolled(incarnation, now)
    roster.died(incarnation, "killed by SIGSEGV", now)
    assert roster.places["S1"].rest_until - now == REFORK.wait(2)


def test_a_ledger_that_does_not_answer_delays_the_worker(roster: Roster) -> None:
    roster.seen({"a:1": "device"}, 0.0)
    roster.identified("a:1", "S1", "Model", "boot of S1", 0.0)
    assert roster.not_enrolled("i1", 0.0) == []
    assert roster.tick(0.0) == []
    assert kinds(roster.tick(REFORK.wait(1))) == [RegisterPhone]


def test_a_phone_in_the_hands_of_another_host_is_looked_at_again_until_it_is_free(roster: Roster) -> None:
    roster.seen({"a:1": "device"}, 0.0)
    roster.identified("a:1", "S1", "Model", "boot of S1", 0.0)
    assert roster.occupied("i1", "served elsewhere", 0.0)
    assert roster.tick(OCCUPIED_SECONDS - 0.1) == []
    assert kinds(roster.tick(OCCUPIED_SECONDS)) == [RegisterPhone]
    assert not roster.occupied("i2", "served elsewhere", 10.0)  # no news
    (enrol,) = roster.tick(10.0 + OCCUPIED_SECONDS)
    assert isinstance(enrol, RegisterPhone)
    assert roster.enrolled(enrol.identity.incarnation, 12.0) == [ForkWorker(enrol.identity)]


def test_how_long_another_host_has_had_the_phone_is_told_until_it_lets_go_or_the_phone_is_gone(roster: Roster) -> None:
    roster.seen({"a:1": "device"}, 0.0)
    (first,) = roster.identified("a:1", "S1", "Model", "boot of S1", 0.0)
    roster.occupied("i1", "served elsewhere", 1.0)
    (again,) = roster.tick(5.0)
    roster.occupied("i2", "served elsewhere", 5.0)
    (later,) = roster.tick(12.0)
    assert [one.waited for one in (first, again, later) if isinstance(one, RegisterPhone)] == [0.0, 4.0, 11.0]
    roster.occupied("i3", "served elsewhere", 12.0)
    roster.seen({}, 13.0)
    roster.seen({"a:1": "device"}, 20.0)
    (anew,) = roster.identified("a:1", "S1", "Model", "boot of S1", 20.0)
    assert isinstance(anew, RegisterPhone)
    assert anew.waited == 0.0


def test_an_ending_host_lets_go_of_each_phone_as_soon_as_its_worker_ended(roster: Roster) -> None:
    first, second = plug(roster, "a:1", "S1"), plug(roster, "a:2", "S2")
    roster.end(100.0, patience=20.0)
    release, report = roster.died(first, "ended with code 0", 101.0)
    assert release == ReleaseDeadWorker(first, "the host stops", "")
    assert report == Report("S1", "offline", "its host stopped")
    assert [life.identity.incarnation for _, life in roster.lives()] == [second]


def test_a_phone_that_does_not_tell_its_serial_is_asked_again(roster: Roster) -> None:
    roster.seen({"a:1": "device"}, 0.0)
    roster.unidentified("a:1", "closed", 0.0)
    assert roster.tick(0.9) == []
    assert roster.tick(1.0) == [Identify("a:1")]
    assert roster.tick(50.0) == []  # the question is on its way
    roster.unidentified("a:1", "closed", 50.0)
    assert roster.tick(51.9) == []
    assert roster.tick(52.0) == [Identify("a:1")]


@pytest.mark.parametrize("state", ["unauthorized", "no permissions"])
def test_a_phone_that_cannot_work_is_reported_once(roster: Roster, state: str) -> None:
    plug(roster)
    first = roster.seen({"a:1": state}, 1.0)
    assert Report("S1", state, f"adb says {state}") in first
    assert roster.seen({"a:1": "authorizing"}, 2.0) == []
    assert roster.seen({"a:1": state}, 3.0) == []


NO_PERMISSIONS = (
    "no permissions (missing udev rules? user is in the plugdev group); "
    "see [http://developer.android.com/tools/device.html]"
)


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (NO_PERMISSIONS, "no permissions"),
        ("no permissions; see [http://developer.android.com/tools/device.html]", "no permissions"),
        ("no permissions", "no permissions"),
        ("unauthorized", "unauthorized"),
        ("x" * 5000, "x" * 40),
        ("(", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_state_is_a_word(told: str, word: str) -> None:
    assert state_word(told) == word


@pytest.mark.parametrize("name", ["0123", "10.0.0.7:5555", "????????????", "(no serial number)", "MY PHONE"])
@pytest.mark.parametrize("state", ["unauthorized", NO_PERMISSIONS, "recovery"])
def test_a_phone_that_nobody_knows_is_told_of_until_it_is_gone(roster: Roster, name: str, state: str) -> None:
    assert roster.seen({name: state}, 1.0) == [Report(name, state_word(state), f"adb says {state}")]
    assert roster.seen({}, 2.0) == [Forget(name)]
    assert kinds(roster.seen({name: state}, 3.0)) == [Report]


def test_a_phone_that_nobody_knows_is_told_of_until_it_tells_its_serial(roster: Roster) -> None:
    roster.seen({"10.0.0.7:5555": "unauthorized"}, 1.0)
    roster.seen({"10.0.0.7:5555": "device"}, 2.0)
    forget, enrol = roster.identified("10.0.0.7:5555", "S1", "Model", "boot", 3.0)
    assert forget == Forget("10.0.0.7:5555")
    assert isinstance(enrol, RegisterPhone)
    assert kinds(roster.seen({}, 4.0)) == [Report]  # nothing is left to forget


def test_a_phone_at_usb_goes_by_its_serial_from_the_first(roster: Roster) -> None:
    roster.seen({"S1": "unauthorized"}, 1.0)
    roster.seen({"S1": "device"}, 2.0)
    assert kinds(roster.identified("S1", "S1", "Model", "boot", 3.0)) == [RegisterPhone]


def test_a_host_with_no_place_left_says_so(roster: Roster) -> None:
    for number in range(3):
        plug(roster, f"a:{number}", f"S{number}")
    roster.seen({**roster.states, "a:9": "device"}, 1.0)
    (report,) = roster.identified("a:9", "S9", "Model", "boot of S9", 1.0)
    assert isinstance(report, Report)
    assert "this host is full" in report.why


def test_an_ending_host_has_patience_once(roster: Roster) -> None:
    incarnation = plug(roster)
    assert roster.end(100.0, patience=20.0) == [SignalWorker(incarnation, signal.SIGTERM)]
    assert roster.to_hand_back(119.9) == []
    assert [slot.index for slot in roster.to_hand_back(120.0)] == [0]
    assert roster.end(101.0, patience=0.0, grace=0.0) == [SignalWorker(incarnation, signal.SIGKILL)]
    assert kinds(roster.died(incarnation, "killed by SIGKILL", 102.0)) == [ReleaseDeadWorker, Report]
    assert roster.tick(200.0) == []  # nobody is forked again
    assert list(roster.lives()) == []


def test_an_overrun_worker_is_killed_once_and_the_reason_kept(roster: Roster) -> None:
    incarnation = plug(roster)
    assert roster.kill(incarnation, "its task ran past the hard limit") == [SignalWorker(incarnation, signal.SIGKILL)]
    assert roster.kill(incarnation, "its task ran past the hard limit") == []
    (release,) = roster.died(incarnation, "killed by SIGKILL", 10.0)
    assert release == ReleaseDeadWorker(incarnation, "its task ran past the hard limit", "")


def test_a_worker_that_overruns_while_its_host_ends_is_killed_too(roster: Roster) -> None:
    incarnation = plug(roster)
    roster.end(100.0, patience=3600.0)
    assert roster.kill(incarnation, "its task ran past the hard limit") == [SignalWorker(incarnation, signal.SIGKILL)]
    release, _ = roster.died(incarnation, "killed by SIGKILL", 110.0)
    assert release == ReleaseDeadWorker(incarnation, "its task ran past the hard limit", "")


def test_a_desk_needs_no_phone_and_no_enrolment(roster: Roster) -> None:
    roster.open_desks(1)
    (fork,) = roster.tick(0.0)
    assert isinstance(fork, ForkWorker)
    assert (fork.identity.serial, fork.identity.queues, fork.identity.name) == (None, ("desk",), "desk-0@shelf")


def test_only_so_many_workers_start_at_one_moment() -> None:
    numbers = itertools.count(1)
    slots = [own_slot() for _ in range(STARTING_AT_ONCE + 2)]
    roster = Roster("shelf", 5038, slots, new_incarnation=lambda: f"i{next(numbers)}")
    roster.open_desks(len(slots))
    first = roster.tick(0.0)
    assert kinds(first) == [ForkWorker] * STARTING_AT_ONCE
    assert roster.tick(1.0) == []
    assert isinstance(first[0], ForkWorker)
    first[0].identity.slot.rest()  # it consumes
    assert kinds(roster.tick(2.0)) == [ForkWorker]
    assert isinstance(first[1], ForkWorker)
    assert kinds(roster.died(first[1].identity.incarnation, "killed by SIGKILL", 3.0)) == [
        ReleaseDeadWorker,
        ForkWorker,  # the last one: the dead one rests first
    ]
