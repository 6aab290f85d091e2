"""Where a claimed task goes, by facts that are asked for only as far as the decision needs them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.policy.assignment import Claimed, assign_by_rules
from workers.policy.eligibility import Assignment, Candidate, CapRoom, FairShare, PlannedAccount
from workers.policy.retry import PriorAttempt

A, B = Candidate("p1", "a"), Candidate("p2", "b")
TAKE = Assignment(take=True)


@dataclass
class Facts:
    """Facts as given; notes what was asked for."""

    meant_for: PlannedAccount | None = None
    past: Sequence[PriorAttempt] = ()
    full: frozenset[str] = frozenset()
    asked: set[str] = field(default_factory=set)

    def prior_attempts(self) -> Sequence[PriorAttempt]:
        self.asked.add("past")
        return self.past

    def spent(self) -> frozenset[str]:
        self.asked.add("spent")
        return frozenset()

    def candidates(self, on: Set[str] | None = None) -> Sequence[Candidate]:
        if on is None:
            self.asked.add("everyone")
        return [one for one in (A, B) if on is None or one.account_id in on]

    def room(self) -> CapRoom:
        self.asked.add("room")
        return CapRoom(full_accounts=self.full)

    def meant(self) -> PlannedAccount | None:
        self.asked.add("meant")
        return self.meant_for

    def share(self) -> FairShare:
        self.asked.add("share")
        return FairShare(2, {"a": 1})


def claimed(*, acts: bool = True, attempt: int = 0, account: str | None = None) -> Claimed:
    return Claimed("t1", acts, attempt, account, None, sandbox=False)


def test_a_plan_that_holds_decides_without_counting_the_shares() -> None:
    facts = Facts(PlannedAccount("b"))
    assert assign_by_rules(claimed(), A, facts) == Assignment(pass_to="p2")
    assert assign_by_rules(claimed(), B, facts) == TAKE
    assert facts.asked.isdisjoint({"share", "everyone"})


def test_the_shares_decide_when_the_planned_account_is_not_able() -> None:
    facts = Facts(PlannedAccount("b"), full=frozenset({"b"}))
    assert assign_by_rules(claimed(), A, facts) == TAKE, "its share is used up, and nobody else is able"
    assert "share" in facts.asked
    assert assign_by_rules(claimed(), A, Facts()) == Assignment(pass_to="p2"), "it goes to whoever has a share left"


def test_a_retry_of_the_pool_is_not_shared_out() -> None:
    failed = [PriorAttempt("p1", "a", "network_down")]
    facts = Facts(PlannedAccount("a"), failed)
    assert assign_by_rules(claimed(attempt=1), A, facts) == Assignment(pass_to="p2")
    assert facts.asked.isdisjoint({"meant", "share"})


@pytest.mark.parametrize("acts", [True, False])
def test_what_is_pinned_comes_back_to_the_phone_that_failed_it(acts: bool) -> None:
    facts = Facts(past=[PriorAttempt("p1", "a", "network_down")] * 2)
    assert assign_by_rules(claimed(acts=acts, attempt=2, account="a"), A, facts) == TAKE
    assert assign_by_rules(claimed(acts=acts, attempt=2, account="a"), B, facts) == Assignment(pass_to="p1")
    assert not facts.asked


ACCOUNTS = st.sampled_from("abcde")
SOME = st.frozensets(ACCOUNTS, max_size=3)
PHONES = st.lists(st.tuples(st.none() | ACCOUNTS, st.booleans(), st.booleans(), st.booleans()), max_size=5).map(
    lambda phones: [Candidate(f"p{number}", *one) for number, one in enumerate(phones)]
)


@dataclass
class Fleet(Facts):
    """Facts on these phones. `whole`: all of them are told, whichever accounts are asked for."""

    phones: Sequence[Candidate] = ()
    whole: bool = False

    def candidates(self, on: Set[str] | None = None) -> Sequence[Candidate]:
        return [one for one in self.phones if self.whole or on is None or one.account_id in on]


@given(
    phones=PHONES,
    number=st.integers(0, 4),
    task=st.builds(
        Claimed,
        st.just("t1"),
        st.booleans(),
        st.integers(0, 1),
        st.none() | ACCOUNTS,
        st.none() | st.sampled_from(["p0", "p1"]),
        st.just(value=False),
    ),
    meant=st.none() | st.builds(PlannedAccount, ACCOUNTS, SOME),
    full=SOME,
    failed=st.lists(st.builds(PriorAttempt, st.sampled_from(["p0", "p1"]), ACCOUNTS, st.just("ui_server_lost"))),
)
def test_a_look_at_the_phones_that_matter_decides_as_a_look_at_all(
    phones: list[Candidate],
    number: int,
    task: Claimed,
    meant: PlannedAccount | None,
    full: frozenset[str],
    failed: list[PriorAttempt],
) -> None:
    there = dict(enumerate(phones)).get(number)
    me = Candidate(f"p{number}", None if there is None else there.account_id)
    near, all_of_them = (Fleet(meant, failed, full, phones=phones, whole=whole) for whole in (False, True))
    assert assign_by_rules(task, me, near) == assign_by_rules(task, me, all_of_them)
