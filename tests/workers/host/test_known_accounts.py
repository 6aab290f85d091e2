"""What passes between a host's report and its workers' slots about accounts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from models.fleet.phones_alive import PhoneNow, SeenAgain
from workers.host.known_accounts import VOID_SECONDS, KnownAccounts
from workers.runtime.account_mark import account_mark
from workers.runtime.slots import Slot, own_slot

ALICE = account_mark("a", "Alice")


@pytest.fixture
def slot() -> Slot:
    return own_slot()


@pytest.fixture
def accounts(slot: Slot) -> KnownAccounts:
    """The ledger said that account a is on the phone of worker i1."""
    known = KnownAccounts()
    known.heard([("i1", slot)], phone("a"), {}, 100.0)
    return known


def phone(account: str | None, *, paused: bool = False, name: str = "Alice") -> Mapping[str, PhoneNow]:
    return {"i1": PhoneNow(paused, None if account is None else (account, name))}


def test_a_worker_learns_which_account_the_ledger_has(accounts: KnownAccounts, slot: Slot) -> None:
    assert (slot.known_account, slot.phone_free_at) == (ALICE, 100.0)
    accounts.heard([("i1", slot)], phone("a", name="Alicia"), {}, 101.0)
    assert (slot.known_account, slot.phone_free_at) == (account_mark("a", "Alicia"), 101.0)
    accounts.heard([("i1", slot)], phone(None), {}, 102.0)
    assert (slot.known_account, slot.phone_free_at) == (0, 102.0)
    accounts.heard([("i1", slot)], phone("a", paused=True), {}, 103.0)
    assert (slot.known_account, slot.phone_free_at) == (0, 0.0)


def test_what_the_ledger_does_not_answer_about_grows_old(accounts: KnownAccounts, slot: Slot) -> None:
    accounts.heard([("i1", slot)], {}, {}, 101.0)
    assert (slot.known_account, slot.phone_free_at) == (ALICE, 100.0)


def test_a_look_is_told_once(accounts: KnownAccounts, slot: Slot) -> None:
    workers = [("i1", slot)]
    assert accounts.noted(workers, 101.0) == {}
    slot.see_again(ALICE, 101.0)
    noted = accounts.noted(workers, 102.0)
    assert noted == {"i1": SeenAgain("a", 101.0)}
    accounts.heard(workers, phone("a"), noted, 102.0)
    assert accounts.noted(workers, 103.0) == {}


def test_a_look_that_the_ledger_did_not_answer_about_is_told_again_for_a_while(
    accounts: KnownAccounts, slot: Slot
) -> None:
    workers = [("i1", slot)]
    slot.see_again(ALICE, 101.0)
    accounts.heard(workers, {}, accounts.noted(workers, 102.0), 102.0)
    assert accounts.noted(workers, 101.0 + VOID_SECONDS) == {"i1": SeenAgain("a", 101.0)}
    assert accounts.noted(workers, 101.1 + VOID_SECONDS) == {}
    assert slot.seen_again is None


def test_a_look_that_began_while_one_was_told_is_told_as_well(accounts: KnownAccounts, slot: Slot) -> None:
    workers = [("i1", slot)]
    slot.see_again(ALICE, 101.0)
    noted = accounts.noted(workers, 102.0)
    slot.see_again(ALICE, 102.5)
    accounts.heard(workers, phone("a"), noted, 102.0)
    assert accounts.noted(workers, 103.0) == {"i1": SeenAgain("a", 102.5)}


@pytest.mark.parametrize("now", [phone("b", name="Bob"), phone(None), phone("a", paused=True)])
def test_a_look_that_saw_what_the_ledger_has_no_more_is_dropped(
    accounts: KnownAccounts, slot: Slot, now: Mapping[str, PhoneNow]
) -> None:
    workers = [("i1", slot)]
    accounts.heard(workers, now, {}, 101.0)
    slot.see_again(ALICE, 101.0)
    assert accounts.noted(workers, 102.0) == {}
    assert slot.seen_again is None


def test_the_worker_that_comes_next_has_nothing_of_the_one_before(accounts: KnownAccounts, slot: Slot) -> None:
    slot.see_again(ALICE, 101.0)
    slot.clear()
    assert (slot.known_account, slot.phone_free_at, slot.seen_again) == (0, 0.0, None)
    slot.see_again(ALICE, 102.0)
    assert accounts.noted([("i2", slot)], 103.0) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "b"), ("a", "c")), (("a", "b"), ("ab", "")), (("1:a", ""), ("1", ":a")), (("一", "二"), ("二", "一"))],
)
def test_accounts_have_marks_of_their_own(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert account_mark(*one) != account_mark(*other)


def test_a_name_that_the_ledger_stored_in_another_form_has_the_same_mark() -> None:
    assert account_mark("a", "x\ud800") == account_mark("a", "x\ufffd")
    assert account_mark("a", "x" * 300) == account_mark("a", "x" * 190 + "…")
