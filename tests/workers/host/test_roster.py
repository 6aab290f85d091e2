"""Which phone gets a worker, and when: the roster's decisions, without processes."""

from __future__ import annotations

import itertools
import signal

import pytest

from workers.host.adb_states import state_word
from workers.host.commands import (
    EqualSerials,
    Forget,
    ForkWorker,
    Identify,
    Order,
    RegisterPhone,
    ReleaseDeadWorker,
    Report,
    SignalWorker,
)
from workers.host.roster import HAND_BACK_SECONDS, MOVE_SECONDS, OCCUPIED_SECONDS, Roster
from workers.host.ways import FRESH_SECONDS
from workers.host.worker_life import REFORK, STEADY_SECONDS
from workers.runtime.slots import own_slot

TAG = "0f1c4a5e-0000-4000-8000-000000000002"


@pytest.fixture
def roster() -> Roster:
    numbers = itertools.count(1)
    return Roster("shelf", 5038, [own_slot() for _ in range(3)], new_incarnation=lambda: f"i{next(numbers)}")


def plug(roster: Roster, address: str = "a:1", serial: str = "S1", now: float = 0.0, boot: str = "") -> str:
    """A phone is plugged in and gets its worker; the incarnation."""
    assert roster.seen({**roster.states, address: "device"}, now) == [Identify(address)]
    (enrol,) = roster.identified(address, serial, "Model", boot or f"boot of {serial}", now)
    assert isinstance(enrol, RegisterPhone)
    assert (enrol.identity.serial, enrol.identity.address, enrol.model) == (serial, address, "Model")
    assert roster.enrolled(enrol.identity.incarnation, now) == [ForkWorker(enrol.identity)]
    return enrol.identity.incarnation


def kinds(orders: list[Order]) -> list[type[Order]]:
    return [type(order) for order in orders]


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
