"""Patches of profiles in the ledger: reads use a proposed one, and no act does before a person accepted it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from flows.action import Action, ActionKind, ActionRefused
from models.responsible_use.profile_patches import (
    accept_patch,
    list_patches,
    patch_in_use,
    propose_patch,
    withdraw_patch,
)
from models.tables import ActionRow, AuditEntry, ProfilePatch
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import AUTHOR, ZONE, online_worker, owned_author, plant, ready, rows_in, take, titles
from workers.execution.ledger_journal import LedgerJournal

APP, VERSION = "com.own.app", "2.5.0"


def proposed(engine: Engine, patch: dict[str, Any] | None = None, version: str = VERSION) -> int:
    found = patch if patch is not None else {"pages": {}, "changes": [{"page": "me"}]}
    return write(engine, lambda session: propose_patch(session, APP, version, found, by="p1").id)


def in_use(engine: Engine, version: str = VERSION) -> int | None:
    def asked(session: Any) -> int | None:
        found = patch_in_use(session, APP, version)
        return None if found is None else found.id

    return read(engine, asked)


def accepted(engine: Engine, patch: int) -> ProfilePatch:
    return write(engine, lambda session: accept_patch(session, patch, who="lin", why="looked at both trees"))


def withdrawn(engine: Engine, patch: int) -> ProfilePatch:
    return write(engine, lambda session: withdraw_patch(session, patch, who="wang", why="it reads the wrong name"))


def journal(engine: Engine, patch: int | None) -> LedgerJournal:
    """The journal of an attempt on a phone that is read by this patch."""
    owned_author(engine)
    identity = online_worker(engine, "p1", "a")
    (one,) = ready(engine, plant(engine, titles(queue="account.a")))
    got = take(engine, one, identity)
    return LedgerJournal(engine, replace(got, account_id="a"), ZONE, profile_patch=patch)


def refused(do: Callable[[], object]) -> ActionRefused:
    with pytest.raises(ActionRefused) as error:
        do()
    return error.value


LIKE = Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看")


def test_two_phones_that_propose_the_same_make_one_row(ledger: Engine) -> None:
    assert proposed(ledger) == proposed(ledger)
    assert proposed(ledger, version="2.5.1") != proposed(ledger)
    assert len(read(ledger, list_patches)) == 2


def test_reads_use_the_newest_of_their_version(ledger: Engine) -> None:
    assert in_use(ledger) is None
    proposed(ledger)
    newer = proposed(ledger, {"pages": {}, "changes": []})
    assert in_use(ledger) == newer
    assert in_use(ledger, "2.4.1") is None


def test_what_a_person_accepted_is_not_replaced_by_what_nobody_saw(ledger: Engine) -> None:
    first = proposed(ledger)
    accepted(ledger, first)
    proposed(ledger, {"pages": {}, "changes": []})
    assert in_use(ledger) == first


def test_a_withdrawn_one_is_used_by_nobody(ledger: Engine) -> None:
    patch = proposed(ledger)
    accepted(ledger, patch)
    withdrawn(ledger, patch)
    assert in_use(ledger) is None
    assert refused(lambda: journal(ledger, patch).declare(LIKE)).code == "page_drift"
    with pytest.raises(Refused, match="withdrawn by wang"):
        accepted(ledger, patch)


def test_nothing_is_declared_on_a_patch_that_nobody_accepted(ledger: Engine) -> None:
    """Neither by a flow that asks before it acts, nor by one that does not."""
    patch = proposed(ledger)
    mine = journal(ledger, patch)
    asked = mine.refusal(LIKE)
    assert asked is not None
    assert asked.code == "page_drift"
    refusal = refused(lambda: mine.declare(LIKE))
    assert f"phonefleet profile accept {patch}" in refusal.reason
    assert rows_in(ledger, ActionRow) == 0


def test_an_accepted_patch_lets_acts_happen_and_the_ledger_says_who_accepted_it(ledger: Engine) -> None:
    patch = proposed(ledger)
    mine = journal(ledger, patch)
    refused(lambda: mine.declare(LIKE))
    one = accepted(ledger, patch)
    assert (one.accepted_by, one.accepted_why) == ("lin", "looked at both trees")
    assert one.accepted_at is not None
    assert mine.refusal(LIKE) is None
    assert mine.declare(LIKE) > 0
    entry = read(ledger, lambda session: session.scalars(select(AuditEntry).where(AuditEntry.who == "lin")).one())
    assert (entry.before, entry.after, entry.reason) == ("proposed", "accepted", "looked at both trees")


def test_a_phone_without_a_patch_acts_as_ever(ledger: Engine) -> None:
    proposed(ledger)
    assert journal(ledger, None).declare(LIKE) > 0


def test_a_patch_that_is_not_there_is_refused_with_what_to_do(ledger: Engine) -> None:
    for decide in (accepted, withdrawn):
        with pytest.raises(Refused, match="there is no patch 7") as error:
            decide(ledger, 7)
        assert "phonefleet profile patches" in str(error.value)
    assert refused(lambda: journal(ledger, 7).declare(LIKE)).code == "page_drift"
