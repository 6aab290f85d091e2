"""The fleet acts on no comment of its own accounts: not when one is named directly, drawn, or met in the feed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from celery.canvas import Signature
from sqlalchemy import Engine

import workers.campaigns.stages  # noqa: F401 - draw_directed
from flows.action import Action, ActionKind, ActionRefused
from models.fleet.accounts import register_account
from models.tables import ActionRow
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    app,
    do,
    like,
    online_worker,
    owned_author,
    plant,
    ready,
    rows_in,
    take,
    tasks,
)
from workers.execution.ledger_journal import LedgerJournal

OWN, KINDS = "name of p1", ["reply", "like_comment"]


def on(commenter: str, kind: str, comment: str = "好看") -> Action:
    return Action(ActionKind(kind), AUTHOR, "标题", commenter, comment, "谢谢" if kind == "reply" else "")


def named(commenter: str, kind: str) -> Signature:
    text = {"text": "谢谢"} if kind == "reply" else {}
    target = {"target_commenter": commenter, "target_comment": "好看"}
    params = {"kind": kind, "author_id": AUTHOR, "title": "标题", **target, **text}
    return app.signature("directed", kwargs=params, immutable=True)


def journal(engine: Engine, *, sandbox: bool = False) -> LedgerJournal:
    owned_author(engine)
    identity = online_worker(engine, "s2" if sandbox else "p2", sandbox=sandbox)
    (one,) = ready(engine, plant(engine, like(), sandbox=sandbox))
    return LedgerJournal(engine, take(engine, one, identity), ZONE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own", [OWN, "改名的号", "name of p2"], ids=["another's", "on no phone", "the account's own"])
def test_declare_refuses_an_action_on_a_comment_of_an_own_account(ledger: Engine, kind: str, own: str) -> None:
    online_worker(ledger, "p1")
    register_account(ledger, "off", "改名的号")
    mine = journal(ledger)
    with pytest.raises(ActionRefused) as refused:
        mine.declare(on(own, kind))
    assert refused.value.code == "own_comment"
    assert own in refused.value.reason
    look = mine.refusal(on(own, kind))
    assert look is not None
    assert look.code == "own_comment"
    assert rows_in(ledger, ActionRow) == 0
    assert mine.declare(on("小红", kind)) > 0


def test_a_comment_is_refused_by_the_name_that_its_writer_has_now(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    mine = journal(ledger)
    register_account(ledger, "acc-p1", "新名字")
    with pytest.raises(ActionRefused, match="own_comment"):
        mine.declare(on("新名字", "like_comment"))
    assert mine.declare(Action(ActionKind.COMMENT, AUTHOR, "标题", text="没有目标")) > 0


@pytest.mark.parametrize("sandbox", [True, False])
def test_names_of_the_other_sort_are_those_of_strangers(ledger: Engine, *, sandbox: bool) -> None:
    online_worker(ledger, "p1", sandbox=not sandbox)
    mine = journal(ledger, sandbox=sandbox)
    assert mine.declare(on(OWN, "like_comment")) > 0
    with pytest.raises(ActionRefused, match="own_comment"):
        mine.declare(replace(on(OWN, "reply"), target_commenter=f"name of {'s2' if sandbox else 'p2'}"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own", [OWN, f"{OWN} "])
def test_planting_refuses_work_on_an_own_comment(ledger: Engine, kind: str, own: str) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1")
    with pytest.raises(Refused) as refused:
        plant(ledger, named(own, kind))
    (problem,) = [one for one in refused.value.problems if "account of this fleet" in one.reason]
    assert problem.field.endswith(".target_commenter")
    assert problem.remedy
    plant(ledger, named("小红", kind))


def test_the_draw_leaves_own_comments_out(ledger: Engine) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1")
    online_worker(ledger, "s1", sandbox=True)
    found = [{"commenter": name, "text": "好"} for name in (OWN, "name of s1", "小红")]
    collected = [{"author_id": AUTHOR, "title": "标题", "comments": found}]
    for sandbox, drawn in ((False, {"name of s1", "小红"}), (True, {OWN, "小红"})):
        canvas = app.signature("draw_directed", args=(collected,), kwargs={"like_comment": 9})
        campaign = plant(ledger, canvas, sandbox=sandbox)
        do(ledger, ready(ledger, campaign)[0])
        targets = {one.kwargs["target_commenter"] for one in tasks(ledger, campaign) if one.flow == "directed"}
        assert targets == drawn
