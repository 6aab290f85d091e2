"""Who may take a task: hard rules first, the even share where it can be had."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.policy.caps_in_words import CapsUsed, caps_reason, next_day
from workers.policy.eligibility import (
    Assignment,
    Candidate,
    CapRoom,
    FairShare,
    PlannedAccount,
    Requirement,
    decide,
    follow_plan,
    may,
    shares_left,
)

A, B, C = Candidate("p1", "a"), Candidate("p2", "b"), Candidate("p3", "c")
ALL = [A, B, C]
READS, ACTS = Requirement(acts=False), Requirement(acts=True)
TAKE = Assignment(take=True)


@pytest.mark.parametrize(
    ("candidate", "wanted", "room", "answer"),
    [
        (A, READS, CapRoom(), True),
        (A, Requirement(acts=False, pinned_phone="p2"), CapRoom(), False),
        (B, Requirement(acts=False, pinned_phone="p2"), CapRoom(), True),
        (A, Requirement(acts=False, pinned_account="b"), CapRoom(), False),
        (B, Requirement(acts=False, pinned_account="b"), CapRoom(), True),
        (A, Requirement(acts=False, failed_phones=frozenset({"p1"})), CapRoom(), True),
        (A, Requirement(acts=False, failed_accounts=frozenset({"a"})), CapRoom(), False),
        (Candidate("p1", None), READS, CapRoom(), False),
        (Candidate("p1", "a", resting=True), READS, CapRoom(), False),
        (Candidate("p1", "a", unfit=True), READS, CapRoom(), False),
        (Candidate("p1", "a", busy=True), READS, CapRoom(), True),
        (A, READS, CapRoom(only_accounts=frozenset(), full_accounts=frozenset({"a"})), True),
        (A, ACTS, CapRoom(full_accounts=frozenset({"a"})), False),
        (A, ACTS, CapRoom(only_accounts=frozenset({"b"})), False),
        (B, ACTS, CapRoom(only_accounts=frozenset({"b"})), True),
        (B, ACTS, CapRoom(only_accounts=frozenset({"b"}), full_accounts=frozenset({"b"})), False),
    ],
)
def test_the_hard_rules(candidate: Candidate, wanted: Requirement, room: CapRoom, answer: bool) -> None:
    assert may(candidate, wanted, room) is answer


@pytest.mark.parametrize(
    ("me", "wanted", "room", "share", "verdict"),
    [
        (A, READS, CapRoom(), None, TAKE),
        (A, Requirement(acts=False, failed_phones=frozenset({"p1"})), CapRoom(), None, Assignment(pass_to="p2")),
        (A, Requirement(acts=False, failed_phones=frozenset({"p1", "p2", "p3"})), CapRoom(), None, TAKE),
        (A, Requirement(acts=False, failed_accounts=frozenset({"a"})), CapRoom(), None, Assignment(pass_to="p2")),
        (A, Requirement(acts=True, pinned_account="c"), CapRoom(), None, Assignment(pass_to="p3")),
        (A, ACTS, CapRoom(), FairShare(3, {"a": 1}), Assignment(pass_to="p2")),
        (A, ACTS, CapRoom(), FairShare(3, {"a": 1, "b": 1}), Assignment(pass_to="p3")),
        (A, ACTS, CapRoom(full_accounts=frozenset({"b", "c"})), FairShare(3, {"a": 1}), TAKE),
    ],
)
def test_take_it_or_pass_it_on(
    me: Candidate, wanted: Requirement, room: CapRoom, share: FairShare | None, verdict: Assignment
) -> None:
    assert decide(me, wanted, ALL, room, share) == verdict


@pytest.mark.parametrize(
    ("me", "full", "meant", "verdict"),
    [
        (B, "", PlannedAccount("b"), TAKE),
        (A, "", PlannedAccount("b"), Assignment(pass_to="p2")),
        (A, "", PlannedAccount("b", frozenset({"a"})), Assignment(take=True, swap=True)),
        (A, "b", PlannedAccount("b"), None),
        (A, "a", PlannedAccount("b", frozenset({"a"})), Assignment(pass_to="p2")),
    ],
)
def test_the_even_share_s_plan_sends_a_task(
    me: Candidate, full: str, meant: PlannedAccount, verdict: Assignment | None
) -> None:
    assert follow_plan(me, ACTS, ALL, CapRoom(full_accounts=frozenset({full})), meant) == verdict


def test_a_ticket_is_passed_to_a_phone_that_is_free() -> None:
    everyone = [A, Candidate("p2", "b", busy=True), C]
    verdict = decide(A, Requirement(acts=False, failed_phones=frozenset({"p1"})), everyone, CapRoom(), None)
    assert verdict == Assignment(pass_to="p3")


@pytest.mark.parametrize(
    ("wanted", "room", "everyone", "why"),
    [
        (Requirement(acts=False, pinned_account="z"), CapRoom(), ALL, "account z"),
        (Requirement(acts=False, pinned_phone="p9"), CapRoom(), ALL, "phone p9"),
        (ACTS, CapRoom(only_accounts=frozenset({"z"})), ALL, "cap accounts_per_video"),
        (
            ACTS,
            CapRoom(full_accounts=frozenset("abc"), used=CapsUsed({"a": 41, "b": 40, "c": 40}, 40, 5, "tomorrow")),
            ALL,
            (
                "account a did 41 of 40 actions, account b did 40 of 40 actions, account c did 40 of 40 actions today "
                "(cap actions_per_account_day); free again at tomorrow"
            ),
        ),
        (
            Requirement(acts=True, pinned_account="b"),
            CapRoom(full_accounts=frozenset("b"), used=CapsUsed({"b": 40}, 40, 5, "tomorrow")),
            ALL,
            "account b did 40 of 40 actions today",
        ),
        (
            ACTS,
            CapRoom(frozenset("bz"), frozenset("b"), CapsUsed({"b": 7}, 7, 2, "tomorrow")),
            [A, B],
            (
                "account b did 7 of 7 actions today (cap actions_per_account_day); free again at tomorrow; "
                "2 of 2 accounts acted on this video (cap accounts_per_video: b, z)"
            ),
        ),
        (
            ACTS,
            CapRoom(full_accounts=frozenset("a")),
            [A, Candidate("p2", "b", resting=True), Candidate("p3", "c", unfit=True)],
            "account a did",
        ),
        (
            READS,
            CapRoom(),
            [Candidate("p2", "b", resting=True), Candidate("p3", "c", unfit=True)],
            "of 2 online 1 with an",
        ),
        (
            Requirement(acts=False, failed_accounts=frozenset({"a", "b", "c"})),
            CapRoom(),
            ALL,
            "no phone that is online and fit",
        ),
        (READS, CapRoom(), [], "no phone is online"),
        (Requirement(acts=False, sandbox=True), CapRoom(), [], "no simulated phone is online"),
    ],
)
def test_what_nobody_may_take_waits_and_says_for_what(
    wanted: Requirement, room: CapRoom, everyone: list[Candidate], why: str
) -> None:
    verdict = decide(A, wanted, everyone, room, None)
    assert not verdict.take
    assert verdict.pass_to is None
    assert why in verdict.waits_for


@given(
    tasks=st.integers(1, 60),
    accounts=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_whoever_asks_first_the_shares_differ_by_one_at_most(tasks: int, accounts: list[str], order: object) -> None:
    """Phones ask in any order; what one may not take it passes to another, which then takes it."""
    everyone = [Candidate(f"phone-{name}", name) for name in accounts]
    taken: dict[str, int] = {}
    for _ in range(tasks):
        me: Candidate = order.choice(everyone)  # type: ignore[attr-defined]
        verdict = decide(me, ACTS, everyone, CapRoom(), FairShare(tasks, taken))
        if verdict.pass_to is not None:
            me = next(one for one in everyone if one.serial == verdict.pass_to)
            verdict = decide(me, ACTS, everyone, CapRoom(), FairShare(tasks, taken))
        assert verdict == TAKE, "a ticket is passed on once at most"
        taken[me.account_id or ""] = taken.get(me.account_id or "", 0) + 1
    counts = [taken.get(name, 0) for name in accounts]
    assert max(counts) - min(counts) <= 1


def test_what_accounts_took_that_work_no_more_is_not_shared_again() -> None:
    share = FairShare(10, {"gone": 4, "a": 3})
    assert shares_left(["a", "b"], share, {"a", "b"}) == {"a": 0, "b": 3}
    assert shares_left(["a"], share, set()) == {"a": 0}


@pytest.mark.parametrize("share", [None, FairShare(100, {})])
def test_of_many_tickets_at_one_moment_not_all_go_to_one_phone(share: FairShare | None) -> None:
    me = Candidate("p0", "a0", unfit=True)
    able = [Candidate(f"p{number}", f"a{number}") for number in range(1, 9)]
    passed = [
        decide(me, Requirement(acts=False), [me, *able], CapRoom(), share, f"task {number}").pass_to
        for number in range(80)
    ]
    assert {one.serial for one in able} == set(passed)
    assert max(map(passed.count, passed)) < 20


def test_the_next_day_is_the_operators() -> None:
    late = datetime(2026, 11, 29, 16, 30, tzinfo=UTC)
    assert next_day(late, "Asia/Shanghai") == "2026-12-01 00:00 Asia/Shanghai"
    assert next_day(late, "Europe/Berlin") == "2026-11-30 00:00 Europe/Berlin"
    assert next_day(late, "UTC") == "2026-11-30 00:00 UTC"


def test_of_many_accounts_the_first_few_are_named() -> None:
    accounts = [f"a{number}" for number in range(9)]
    said = caps_reason(accounts, frozenset(accounts), None, CapsUsed(dict.fromkeys(accounts, 40), 40, 5, "then"))
    assert "account a2 did 40 of 40 actions and 6 more today" in said
