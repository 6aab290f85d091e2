"""Text as apps show it and tasks return it: told apart to the character, and never the end of a record."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.database.storable import storable_json
from models.fleet.accounts import register_account
from models.fleet.logins import account_seen
from models.responsible_use.authors import register_author
from models.tables import Account, Attempt, Author, CollectedComment, CollectedTitle
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    app,
    attempts,
    online_worker,
    owned_author,
    plant,
    ready,
    take,
    task,
    titles,
    work,
)
from tests.support.threads import at_once
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record

ALIKE = ["😀", "😂", "abc", "abc ", "ABC", "Abc", "\u00e9", "e\u0301", "\uff11", "1", "x" * 500 + "a", "x" * 500 + "b"]


def bring_titles(engine: Engine, some: list[str], serial: str = "p1", **more: Any) -> Any:
    """A collect_titles attempt that brings these titles; the task's result."""
    identity = online_worker(engine, serial)
    got = take(engine, ready(engine, plant(engine, titles(queue=f"phone.{serial}")))[0], identity)
    found = [
        {"author_id": AUTHOR, "author": "小鹏汽车", "title": one, "shown_count": 5, "real_count": 4} | more
        for one in some
    ]
    record(engine, got, Succeeded({"titles": found}))
    return task(engine, got.fence.task_id)


def bring_comments(engine: Engine, title: str, **comment: Any) -> Any:
    """A collect_comments attempt that brings one comment; the task."""
    identity = online_worker(engine, "p1")
    wanted = app.signature("collect_comments", kwargs={"author_id": AUTHOR, "title": "a"}, queue="phone.p1")
    got = take(engine, ready(engine, plant(engine, wanted))[0], identity)
    whole = {"commenter": "小红", "text": "好", "likes": 1, "replies": 0, "time": "昨天 12:30"} | comment
    record(engine, got, Succeeded({"author_id": AUTHOR, "author": "小鹏汽车", "title": title, "comments": [whole]}))
    return task(engine, got.fence.task_id)


def known_titles(engine: Engine) -> list[str]:
    return read(engine, lambda s: list(s.scalars(select(CollectedTitle.title).order_by(CollectedTitle.id))))


def test_titles_are_told_apart_to_the_character(ledger: Engine) -> None:
    owned_author(ledger)
    bring_titles(ledger, ALIKE)
    bring_titles(ledger, ALIKE)
    assert sorted(known_titles(ledger)) == sorted(ALIKE)
    found = read(ledger, lambda s: list(s.scalars(select(CollectedTitle.id).where(CollectedTitle.title == "😀"))))
    assert len(found) == 1


def test_only_the_title_that_was_collected_is_known_as_collected(ledger: Engine) -> None:
    owned_author(ledger)
    bring_comments(ledger, "abc ")
    brought = bring_titles(ledger, ["abc", "abc ", "ABC"])
    assert [one["collected"] for one in brought.result["titles"]] == [False, True, False]


def test_the_same_title_twice_in_one_result_is_one_title(ledger: Engine) -> None:
    owned_author(ledger)
    brought = bring_titles(ledger, ["同名", "同名"])
    assert len(brought.result["titles"]) == 2
    assert known_titles(ledger) == ["同名"]


def test_phones_that_bring_the_same_titles_at_once_all_succeed(ledger: Engine) -> None:
    owned_author(ledger)
    some = [f"标题{number}" for number in range(40)]
    orders = [some, some[::-1], some[20:] + some[:20], some[::2] + some[1::2]]
    brought = at_once([partial(bring_titles, ledger, order, f"p{at}") for at, order in enumerate(orders)])
    assert {one.state for one in brought} == {"succeeded"}
    assert sorted(known_titles(ledger)) == sorted(some)


@pytest.mark.parametrize(
    "comment",
    [
        {"commenter": "长" * 5000},
        {"text": "a\x00b"},
        {"text": "half \ud83d of a pair"},
        {"commenter": "\udc00"},
        {"time": "很久以前" * 100},
        {"likes": 99_999 * 10**8, "replies": 2**40},
        {"text": "=cmd()|' /C calc'!A0"},
        {"text": "👨‍👩‍👧‍👦" * 3000},
        {"text": "'; DROP TABLE tasks; --"},
        {"text": "%s {0} \\"},
    ],
    ids=",".join,
)
def test_a_hostile_comment_is_kept(ledger: Engine, comment: dict[str, Any]) -> None:
    owned_author(ledger)
    assert bring_comments(ledger, "标题", **comment).state == "succeeded"
    kept = read(ledger, lambda s: s.scalars(select(CollectedComment)).one())
    for name, value in comment.items():
        text = getattr(kept, name)
        if name == "time":
            assert text == value[:63] + "…"
        elif isinstance(value, str):
            assert text == "".join("\ufffd" if one in "\x00\ud83d\udc00" else one for one in value)
        else:
            assert text == value


def test_a_hostile_title_is_kept_and_goes_on_as_it_was_kept(ledger: Engine) -> None:
    owned_author(ledger)
    brought = bring_titles(ledger, ["\ud83d标题\x00", "x" * 20_000], author="作者" * 500)
    assert brought.state == "succeeded"
    assert [one["title"] for one in brought.result["titles"]] == ["\ufffd标题\ufffd", "x" * 20_000]


@pytest.mark.parametrize(
    "result",
    [{1, 2}, float("nan"), {"a": float("inf")}, object(), {1: 2}, b"bytes"],
    ids=lambda value: type(value).__name__,
)
def test_a_result_that_is_not_json_is_a_failure_of_the_flow(ledger: Engine, result: Any) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    record(ledger, take(ledger, one), Succeeded(result))
    assert (task(ledger, one).state, task(ledger, one).failure_code) == ("failed", "flow_error")
    assert "not JSON" in (task(ledger, one).reason or "") or "not text" in (task(ledger, one).reason or "")


def test_a_result_nested_too_deep_is_a_failure_of_the_flow(ledger: Engine) -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    (one,) = ready(ledger, plant(ledger, work(1)))
    record(ledger, take(ledger, one), Succeeded(deep))
    assert task(ledger, one).failure_code == "flow_error"


def test_a_number_too_large_for_the_ledger_is_a_failure_of_the_flow(ledger: Engine) -> None:
    owned_author(ledger)
    brought = bring_comments(ledger, "标题", likes=2**70)
    assert (brought.state, brought.failure_code) == ("failed", "flow_error")
    assert read(ledger, lambda s: s.scalars(select(CollectedComment)).all()) == []


def test_a_failure_is_kept_whatever_it_says(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    said = Failed("flow_error", "\ud83d" + "x" * 100_000, "step" * 100, {"a": object()}, {"b": "\x00"})
    record(ledger, take(ledger, one), said)
    kept: Attempt = attempts(ledger, one)[0]
    assert (len(kept.reason or ""), len(kept.step or "")) == (2000, 64)
    assert "not JSON" in str(kept.details)
    assert kept.evidence == {"b": "\ufffd"}


def test_an_account_with_an_endless_name_is_seen(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    account_seen(ledger, "p1", "a", "名" * 1000)
    assert read(ledger, lambda s: s.get_one(Account, "a")).name == "名" * 190 + "…"


def test_storable_json_keeps_what_json_holds() -> None:
    value = {"a": [1, 2.5, True, None, "😀"], "b": {"c": []}}
    assert storable_json(value) == value
    assert storable_json((1, (2,))) == [1, [2]]


@pytest.mark.parametrize("author_id", ["xiaopeng ", "\ufeffxiaopeng", "xiaopeng\u200b", "xiao\rpeng", "\u3000xiaopeng"])
def test_an_id_with_what_nobody_sees_is_no_second_author(ledger: Engine, author_id: str) -> None:
    register_author(ledger, "xiaopeng", "小鹏")
    for make in (register_author, register_account):
        with pytest.raises(Refused) as refused:
            make(ledger, author_id, "小鹏")
        assert "id" in refused.value.problems[0].field
    assert read(ledger, lambda s: list(s.scalars(select(Author.id)))) == ["xiaopeng"]
    assert read(ledger, lambda s: list(s.scalars(select(Account.id)))) == []


@pytest.mark.parametrize("name", ["名\x00", "名\ud83d", "名 ", "\u200b"])
def test_an_account_is_given_no_name_that_cannot_be_kept_or_seen(ledger: Engine, name: str) -> None:
    with pytest.raises(Refused, match=r"^name: "):
        register_account(ledger, "acc1", name)
    register_account(ledger, "acc1", "小红👩‍⚕️")


def test_what_is_planted_names_its_author_and_title_as_people_see_them(ledger: Engine) -> None:
    owned_author(ledger)
    wrong = app.signature("collect_comments", kwargs={"author_id": f"{AUTHOR} ", "title": "\ufeff标题"}, queue="pool")
    with pytest.raises(Refused) as refused:
        plant(ledger, wrong)
    fields = [one.field for one in refused.value.problems]
    assert fields == ["task[0] collect_comments.author_id", "task[0] collect_comments.title"]


def test_a_title_that_the_app_shows_with_a_blank_is_meant_so(ledger: Engine) -> None:
    owned_author(ledger)
    bring_titles(ledger, ["标题 "])
    for title, good in (("标题 ", True), ("标题\u200b", False), (" 标题", False)):
        wanted = app.signature("collect_comments", kwargs={"author_id": AUTHOR, "title": title}, queue="pool")
        if good:
            assert plant(ledger, wanted) is not None
        else:
            with pytest.raises(Refused, match="title"):
                plant(ledger, wanted)
