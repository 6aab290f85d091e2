"""Who changed a basis, a cap or an account, and how far a campaign is: kept, and counted in the ledger."""

from __future__ import annotations

import random
from datetime import date

import pytest
from celery import group
from sqlalchemy import Engine, select

from flows.action import Action, ActionKind
from models.fleet.accounts import rest_is_over, set_live
from models.responsible_use.authors import basis_of, read_caps, register_author, set_basis, set_cap
from models.responsible_use.caps import Basis, Caps
from models.tables import Account, AuditEntry
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    fail,
    known_account,
    like,
    online_worker,
    owned_author,
    plant,
    ready,
    run_to_end,
    take,
    work,
)
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record
from workers.execution.ledger_journal import LedgerJournal
from workers.planting.handle import Handle


def changes(engine: Engine, subject: str) -> list[tuple[str, object, object]]:
    wanted = select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id)
    return [(one.who, one.before, one.after) for one in read(engine, lambda s: list(s.scalars(wanted)))]


def test_a_change_of_basis_is_recorded(ledger: Engine) -> None:
    register_author(ledger, AUTHOR, "小鹏汽车")
    set_basis(ledger, AUTHOR, "permitted", who="lena", note="contract 7", expires=date(2026, 12, 31))
    set_basis(ledger, AUTHOR, "none", who="tom")
    granted = {"basis": "permitted", "note": "contract 7", "expires": "2026-12-31"}
    nothing = {"basis": "none", "note": None, "expires": None}
    assert changes(ledger, f"author:{AUTHOR}") == [("lena", nothing, granted), ("tom", granted, nothing)]
    register_author(ledger, AUTHOR, "新名字")
    assert read(ledger, lambda s: basis_of(s, AUTHOR)) == Basis("none")


def test_a_change_of_a_cap_is_recorded(ledger: Engine) -> None:
    set_cap(ledger, "likes_per_comment", 5, who="lena")
    set_cap(ledger, "likes_per_comment", 2, who="tom")
    assert changes(ledger, "cap:likes_per_comment") == [("lena", 3, 5), ("tom", 5, 2)]
    assert read(ledger, read_caps) == Caps(likes_per_comment=2)


@pytest.mark.parametrize(
    ("kind", "note"), [("permitted", ""), ("permitted", "  "), ("friendly", "hm")], ids=["no note", "blank", "unknown"]
)
def test_a_basis_that_is_none_is_refused(ledger: Engine, kind: str, note: str) -> None:
    register_author(ledger, AUTHOR, "小鹏汽车")
    with pytest.raises(Refused):
        set_basis(ledger, AUTHOR, kind, who="lena", note=note)
    with pytest.raises(Refused):
        set_basis(ledger, "unknown", "owned", who="lena")
    assert changes(ledger, f"author:{AUTHOR}") == []


@pytest.mark.parametrize(("name", "value"), [("likes", 1), ("likes_per_comment", -1)])
def test_a_cap_that_is_none_is_refused(ledger: Engine, name: str, value: int) -> None:
    with pytest.raises(Refused):
        set_cap(ledger, name, value, who="lena")
    assert read(ledger, read_caps) == Caps()


def test_an_account_rests_until_a_person_looked(ledger: Engine) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1", "a")
    one = ready(ledger, plant(ledger, like(queue="phone.p1")))[0]
    record(ledger, take(ledger, one, identity), Failed("rate_limited", "slow down"))
    resting = read(ledger, lambda s: s.get_one(Account, "a"))
    assert resting.resting_since is not None
    assert resting.resting_why == "slow down"
    rest_is_over(ledger, "a", who="lena")
    assert read(ledger, lambda s: s.get_one(Account, "a")).resting_since is None
    assert changes(ledger, "account:a") == [("lena", {"resting": "slow down"}, {"resting": None})]


def test_an_account_is_taken_out(ledger: Engine) -> None:
    known_account(ledger, "a")
    set_live(ledger, "a", live=False, who="lena")
    assert changes(ledger, "account:a") == [("lena", {"live": True}, {"live": False})]
    with pytest.raises(Refused):
        set_live(ledger, "ghost", live=False, who="lena")


def test_progress_is_counted_in_the_ledger(ledger: Engine) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1")
    campaign_id = plant(ledger, group(work(1), work(2), fail(), like(queue="phone.p1")))
    handle = Handle(campaign_id, ledger)
    assert handle.progress().tasks == {
        "work": {"ready": 2},
        "fail": {"ready": 1},
        "directed": {"ready": 1},
    }
    acting = ready(ledger, campaign_id)[-1]
    got = take(ledger, acting, identity)
    journal = LedgerJournal(ledger, got, ZONE)
    number = journal.declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看"))
    assert handle.progress().actions == {}
    journal.confirm(number, verified=True)
    record(ledger, got, Succeeded({}))
    run_to_end(ledger, campaign_id, random.Random(1))
    progress = handle.progress()
    assert progress.tasks == {"work": {"succeeded": 2}, "fail": {"failed": 1}, "directed": {"succeeded": 1}}
    assert (progress.ended, progress.total, progress.outcome) == (4, 4, "failed")
    assert progress.actions == {"like_comment": 1}
    assert "4/4 ended" in str(progress)
