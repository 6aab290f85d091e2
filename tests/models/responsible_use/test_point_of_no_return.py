"""The point of no return: basis and caps are checked in the transaction that writes it down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind, ActionRefused
from models.responsible_use.act import Act
from models.responsible_use.action_journal import refusal
from models.responsible_use.authors import register_author, set_basis, set_cap
from models.responsible_use.caps import operator_day
from models.tables import ActionRow
from models.transactions.read_write import read, write
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    now,
    online_worker,
    owned_author,
    plant,
    ready,
    rows_in,
    take,
    titles,
)
from tests.support.threads import at_once
from workers.execution.ledger_journal import LedgerJournal


def like(comment: str = "好看", title: str = "标题", author: str = AUTHOR) -> Action:
    return Action(ActionKind.LIKE_COMMENT, author, title, "小红", comment)


def reply(comment: str = "好看") -> Action:
    return Action(ActionKind.REPLY, AUTHOR, "标题", "小红", comment, "谢谢")


def comment(text: str = "讲得好", title: str = "标题") -> Action:
    return Action(ActionKind.COMMENT, AUTHOR, title, text=text)


def journal(engine: Engine, account: str, as_account: str | None = None) -> LedgerJournal:
    """The journal of an attempt on a phone of this account; the author is owned."""
    owned_author(engine)
    identity = online_worker(engine, f"phone-of-{account}", account)
    (one,) = ready(engine, plant(engine, titles(queue=f"account.{account}")))
    got = take(engine, one, identity)
    return LedgerJournal(engine, replace(got, account_id=as_account or account), ZONE)


def refused(do: Callable[[], object]) -> str:
    """The code with which responsible use refuses."""
    with pytest.raises(ActionRefused) as error:
        do()
    return error.value.code


def test_an_action_is_written_with_its_basis_and_who_asked(ledger: Engine) -> None:
    mine = journal(ledger, "a")
    number = mine.declare(reply())
    row = read(ledger, lambda s: s.get_one(ActionRow, number))
    assert (row.outcome, row.basis, row.asked_by, row.account_id) == ("declared", "owned", "test", "a")
    assert row.day == operator_day(now(ledger), ZONE)
    assert mine.done() == []
    mine.confirm(number, verified=True)
    assert mine.done() == [reply()]
    assert mine.verified(reply())


def test_an_action_of_a_kind_that_the_flow_does_not_declare_is_never_written(ledger: Engine) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "phone-of-a", "a")
    (one,) = ready(ledger, plant(ledger, titles(queue="account.a")))
    mine = LedgerJournal(ledger, take(ledger, one, identity), ZONE, acts={ActionKind.LIKE_COMMENT})
    for undeclared in (reply(), comment()):
        with pytest.raises(ValueError, match=f"declares no {undeclared.kind}; add it to acts"):
            mine.declare(undeclared)
    assert rows_in(ledger, ActionRow) == 0
    mine.declare(like())
    assert rows_in(ledger, ActionRow) == 1


def test_what_happened_unseen_is_done_and_not_verified(ledger: Engine) -> None:
    mine = journal(ledger, "a")
    number = mine.declare(reply())
    assert not mine.verified(reply())
    mine.confirm(number, verified=False)
    assert mine.done() == [reply()]
    assert not mine.verified(reply())


@pytest.mark.parametrize(
    ("kind", "days", "allowed"),
    [
        ("owned", None, True),
        ("permitted", None, True),
        ("permitted", 0, True),
        ("permitted", -1, False),
        ("none", None, False),
    ],
)
def test_basis(ledger: Engine, kind: str, days: int | None, allowed: bool) -> None:
    mine = journal(ledger, "a")
    today = operator_day(now(ledger), ZONE)
    expires = None if days is None else today + timedelta(days=days)
    set_basis(ledger, AUTHOR, kind, who="admin", note="by letter", expires=expires)
    if allowed:
        assert mine.refusal(like()) is None
        assert mine.declare(like()) > 0
    else:
        assert refused(lambda: mine.declare(like())) == "no_basis"
        look = mine.refusal(like())
        assert look is not None
        assert look.code == "no_basis"
        assert rows_in(ledger, ActionRow) == 0


def test_an_author_is_matched_by_id_and_never_by_name(ledger: Engine) -> None:
    mine = journal(ledger, "a")
    assert refused(lambda: mine.declare(like(author="小鹏汽车"))) == "no_basis"
    register_author(ledger, "imposter", "小鹏汽车")
    assert refused(lambda: mine.declare(like(author="imposter"))) == "no_basis"


@pytest.mark.parametrize(
    ("cap", "first", "second", "other_account"),
    [
        ("actions_per_account_day", like(), like("另一条", "另一个标题"), False),
        ("accounts_per_video", like(), like("另一条"), True),
        ("replies_per_comment", reply(), reply(), True),
        ("likes_per_comment", like(), like(), True),
        ("comments_per_video", comment(), comment("另一条"), True),
        ("comments_per_account_video", comment(), comment("另一条"), False),
    ],
)
@pytest.mark.parametrize("outcome", ["done", "in doubt", "not done"])
def test_each_cap(ledger: Engine, cap: str, first: Action, second: Action, other_account: bool, outcome: str) -> None:
    set_cap(ledger, cap, 1, who="admin")
    mine = journal(ledger, "a")
    theirs = journal(ledger, "b") if other_account else mine
    number = mine.declare(first)
    if outcome == "done":
        mine.confirm(number, verified=False)
    elif outcome == "not done":
        mine.refute(number, "the app refused it")
        assert theirs.declare(second) > number
        return
    full = "comment_full" if cap.endswith("per_comment") else "cap_reached"
    full = "video_full" if cap == "comments_per_video" else full
    assert refused(lambda: theirs.declare(second)) == full
    assert rows_in(ledger, ActionRow) == 1


def test_caps_leave_alone_what_they_do_not_count(ledger: Engine) -> None:
    for cap in ("accounts_per_video", "replies_per_comment", "likes_per_comment"):
        set_cap(ledger, cap, 1, who="admin")
    mine, theirs = journal(ledger, "a"), journal(ledger, "b")
    mine.declare(like())
    mine.declare(reply())  # a like is no reply
    mine.declare(like("另一条"))  # the same account again on its video
    assert theirs.declare(like(title="另一个标题")) > 0  # another video, though the comment reads the same
    assert refused(lambda: theirs.declare(like("第三条"))) == "cap_reached"


def test_by_default_a_video_takes_five_comments_one_of_each_account(ledger: Engine) -> None:
    set_cap(ledger, "accounts_per_video", 100, who="admin")
    journals = [journal(ledger, f"a{number}") for number in range(7)]
    for number, mine in enumerate(journals[:5]):
        assert mine.declare(comment(f"第{number}条")) > 0
        code = "cap_reached" if number < 4 else "video_full"
        assert refused(partial(mine.declare, comment(f"又第{number}条"))) == code
    assert refused(lambda: journals[5].declare(comment("第五条"))) == "video_full"
    assert journals[0].declare(reply()) > 0  # a reply is no comment on the video, nor is a like
    assert journals[5].declare(like()) > 0
    assert journals[0].declare(comment("第0条", title="另一个标题")) > 0


def test_an_account_posts_a_text_once_on_a_video(ledger: Engine) -> None:
    set_cap(ledger, "comments_per_account_video", 100, who="admin")
    mine = journal(ledger, "a")
    comment = Action(ActionKind.COMMENT, AUTHOR, "标题", text="谢谢😀")
    number = mine.declare(comment)
    assert refused(lambda: mine.declare(comment)) == "text_repeated", "also while its outcome is open"
    assert refused(lambda: mine.declare(replace(reply(), text="谢谢😀"))) == "text_repeated"
    found = mine.refusal(comment)
    assert found is not None
    assert found.code == "text_repeated"
    mine.declare(replace(comment, text="谢谢😂"))
    mine.declare(replace(comment, title="另一个标题"))
    journal(ledger, "b").declare(comment)
    mine.refute(number, "the app said no")
    mine.declare(comment)


def test_a_cap_of_none_allows_nothing(ledger: Engine) -> None:
    set_cap(ledger, "actions_per_account_day", 0, who="admin")
    mine = journal(ledger, "a")
    assert refused(lambda: mine.declare(like())) == "cap_reached"


def test_a_permission_and_a_days_count_end_at_the_operators_midnight(ledger: Engine) -> None:
    mine = journal(ledger, "a")
    number = mine.declare(like("早上"))
    before, after = (datetime(2026, 3, 1, hour, 30, tzinfo=UTC) for hour in (15, 16))  # 23:30 and 00:30 in Shanghai

    def count_as_of(session: Session) -> None:
        session.execute(update(ActionRow).where(ActionRow.id == number).values(day=date(2026, 3, 1)))

    write(ledger, count_as_of)
    set_basis(ledger, AUTHOR, "permitted", who="admin", note="by letter", expires=date(2026, 3, 1))
    set_cap(ledger, "actions_per_account_day", 1, who="admin")
    act = Act("like_comment", AUTHOR, "标题", "小红", "晚上", "", "a", "p")
    other = replace(act, account_id="b")
    asked = [partial(refusal, act=one, zone=ZONE, now=at) for at in (before, after) for one in (act, other)]
    answers = [read(ledger, ask) for ask in asked]
    assert [None if answer is None else answer.code for answer in answers] == [
        "cap_reached",
        None,
        "no_basis",
        "no_basis",
    ]
    set_basis(ledger, AUTHOR, "owned", who="admin")
    assert read(ledger, partial(refusal, act=act, zone=ZONE, now=after)) is None


@pytest.mark.parametrize(
    ("cap", "limit", "action"),
    [
        ("likes_per_comment", 3, like()),
        ("replies_per_comment", 1, reply()),
        ("accounts_per_video", 2, like()),
        ("comments_per_video", 4, comment()),
    ],
)
def test_the_last_place_under_a_cap_is_taken_once(ledger: Engine, cap: str, limit: int, action: Action) -> None:
    set_cap(ledger, cap, limit, who="admin")
    journals = [journal(ledger, f"a{number}") for number in range(6)]

    def declare(mine: LedgerJournal) -> bool:
        try:
            return mine.declare(action) > 0
        except ActionRefused:
            return False

    assert sum(at_once([partial(declare, mine) for mine in journals])) == limit
    assert rows_in(ledger, ActionRow) == limit


def test_an_accounts_last_action_of_the_day_is_taken_once_though_authors_differ(ledger: Engine) -> None:
    set_cap(ledger, "actions_per_account_day", 2, who="admin")
    journals = [journal(ledger, f"a{number}", as_account="a0") for number in range(6)]
    for number in range(6):
        owned_author(ledger, f"author{number}")

    def declare(number: int) -> bool:
        try:
            return journals[number].declare(like(author=f"author{number}")) > 0
        except ActionRefused:
            return False

    assert sum(at_once([partial(declare, number) for number in range(6)])) == 2
    assert read(ledger, lambda s: set(s.scalars(select(ActionRow.account_id)))) == {"a0"}
