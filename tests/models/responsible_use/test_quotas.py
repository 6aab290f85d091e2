"""A campaign's own quotas: the most that it may do, heeded at the point of no return and when a phone takes a task."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Engine, update

from flows.action import Action, ActionKind, ActionRefused
from models.responsible_use.quotas import Done, full_accounts, quota_refusal
from models.tables import ActionRow, Campaign
from models.transactions.read_write import write
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    like,
    online_worker,
    owned_author,
    plant,
    ready,
    rows_in,
    take,
    titles,
    try_to_take,
)
from tests.support.threads import at_once
from workers.attempts.claim import NotMine
from workers.canvas.signatures import group
from workers.execution.ledger_journal import LedgerJournal

DONE = [Done("comment", "a", "x", 2), Done("like_comment", "a", "y", 1), Done("reply", "b", "x", 1)]


@pytest.mark.parametrize(
    ("quotas", "kind", "account", "author", "code"),
    [
        ({}, "comment", "a", "x", None),
        ({"comments": 3}, "comment", "a", "x", None),
        ({"comments": 2}, "comment", "c", "z", "quota_reached"),
        ({"comments": 2}, "reply", "a", "x", None),
        ({"replies": 0}, "reply", "c", "z", "quota_reached"),
        ({"comment_likes": 1}, "like_comment", "c", "z", "quota_reached"),
        ({"video_likes": 1}, "like_video", "a", "x", None),
        ({"per_author": 3}, "like_comment", "c", "x", "quota_reached"),
        ({"per_author": 3}, "like_comment", "c", "y", None),
        ({"per_account": 3}, "like_comment", "a", "z", "account_quota_reached"),
        ({"per_account": 3}, "like_comment", "b", "z", None),
        ({"per_account": 3, "per_author": 3}, "reply", "a", "x", "quota_reached"),
    ],
)
def test_what_each_quota_refuses(
    quotas: dict[str, int], kind: str, account: str, author: str, code: str | None
) -> None:
    found = quota_refusal(quotas, DONE, kind, account, author)
    assert (None if found is None else found.code) == code


def test_the_accounts_that_a_quota_leaves_nothing() -> None:
    assert full_accounts({"per_account": 3}, DONE) == {"a"}
    assert full_accounts({"comments": 1}, DONE) == frozenset()


def planted(
    engine: Engine, *accounts: str, completes: str | None = None, **quotas: int
) -> tuple[str, list[LedgerJournal]]:
    """A campaign with these quotas, and a journal of a running attempt for each account."""
    owned_author(engine)
    workers = {one: online_worker(engine, f"phone-of-{one}", one) for one in accounts}
    campaign = plant(engine, group([titles(queue=f"account.{one}") for one in accounts]))
    values = update(Campaign).where(Campaign.id == campaign).values(quotas=quotas, completes=completes)
    write(engine, lambda session: session.execute(values))
    journals = []
    for task_id, account in zip(ready(engine, campaign), accounts, strict=True):
        journals.append(
            LedgerJournal(engine, replace(take(engine, task_id, workers[account]), account_id=account), ZONE)
        )
    return campaign, journals


def liked(number: int) -> Action:
    return Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", f"评论{number}")


def refused(journal: LedgerJournal, number: int) -> str:
    with pytest.raises(ActionRefused) as error:
        journal.declare(liked(number))
    return error.value.code


def test_a_quota_is_heeded_at_the_point_of_no_return_and_counts_what_is_in_doubt(ledger: Engine) -> None:
    _, (mine, theirs) = planted(ledger, "a", "b", comment_likes=3, per_account=2)
    first = mine.declare(liked(1))
    mine.declare(liked(2))
    found = mine.refusal(liked(3))
    assert found is not None
    assert found.code == refused(mine, 3) == "account_quota_reached"
    theirs.declare(liked(3))
    assert refused(theirs, 4) == "quota_reached"
    mine.refute(first, "the app refused it")
    assert theirs.declare(liked(4)) > 0
    assert rows_in(ledger, ActionRow) == 4


def test_a_campaign_counts_with_those_that_complete_it_and_with_no_other(ledger: Engine) -> None:
    first, (mine,) = planted(ledger, "a", comment_likes=2)
    _, (later,) = planted(ledger, "b", completes=first, comment_likes=2)
    _, (other,) = planted(ledger, "c", comment_likes=2)
    mine.declare(liked(1))
    later.declare(liked(2))
    assert refused(mine, 3) == refused(later, 3) == "quota_reached"
    other.declare(liked(3))


def test_two_accounts_at_once_do_not_both_take_the_last_place(ledger: Engine) -> None:
    _, journals = planted(ledger, "a", "b", "c", comment_likes=1)
    found = at_once([partial(_declared, one, number) for number, one in enumerate(journals)])
    assert sorted(found) == [False, False, True]
    assert rows_in(ledger, ActionRow) == 1


def _declared(journal: LedgerJournal, number: int) -> bool:
    try:
        return journal.declare(liked(number)) > 0
    except ActionRefused:
        return False


def test_an_account_with_nothing_left_takes_no_task_of_the_campaign(ledger: Engine) -> None:
    owned_author(ledger)
    mine, theirs = online_worker(ledger, "p1", "a"), online_worker(ledger, "p2", "b")
    campaign = plant(ledger, group([like(comment=f"评论{number}") for number in range(3)]))
    quotas = update(Campaign).where(Campaign.id == campaign).values(quotas={"per_account": 1})
    write(ledger, lambda session: session.execute(quotas))
    tasks = ready(ledger, campaign)
    claims = (try_to_take(ledger, task_id, mine) for task_id in tasks)
    first = next(got for got in claims if not isinstance(got, NotMine))
    LedgerJournal(ledger, first, ZONE).declare(liked(1))
    left = [task_id for task_id in tasks if task_id != first.fence.task_id]
    for task_id in left:
        assert isinstance(try_to_take(ledger, task_id, mine), NotMine)
    assert not isinstance(try_to_take(ledger, left[0], theirs), NotMine)
