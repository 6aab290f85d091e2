"""The costliest bodies within the size limit: each is refused in few words, for little of the processor's time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from gateway.access.json_checks import MOST_FIELDS
from gateway.access.middleware import MOST_BYTES
from models.database.clock import database_now
from models.tables import Account
from models.transactions.read_write import write
from models.values.refused import MOST_PROBLEMS
from tests.gateway.access.asked import TITLES, nothing_planted
from tests.support.gateway.api_server import Api, Raw
from tests.support.ledger.drive import AUTHOR, owned_author
from workers.settings import settings

Body = Mapping[str, Any]
SECONDS = 4.0  # of the processor: each takes about one on a slow machine, and took minutes before it was bounded
MOST_ANSWER = 40_000  # bytes
FLAG, TAG = "\U0001f3f4", "\U000e0067"

pytestmark = pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)


def names(count: int, word: str = "a") -> list[str]:
    return [f"{word}{number:05}" for number in range(count)]


def file(**parts: Any) -> Body:
    """The body of a campaign file that is right but for these parts."""
    day = {"campaign": "c", "accounts": ["acc00000"], "nurture": {"video_loop": 5}, **parts}
    return {"reference": "r", "file": day}


def collect(authors: list[Any], **more: Any) -> dict[str, Any]:
    return {"authors": authors, "videos": 1, "comments": 1, **more}


def nurture(texts: list[Any]) -> dict[str, Any]:
    return {"video_loop": 5, "comments": 2, "texts": texts}


def canvas(*members: Any, kind: str = "group", **options: Any) -> Body:
    return {
        "reference": "r",
        "canvas": {"subtask_type": kind, "kwargs": {"tasks": list(members)}, "options": options},
    }


def titles(**kwargs: Any) -> dict[str, Any]:
    return {"task": "collect_titles", "kwargs": {**TITLES, **kwargs}}


def errbacks(size: int) -> list[dict[str, Any]]:
    """Sixteen callbacks that differ in their last parameter alone."""
    return [titles(long=[0] * size, which=number) for number in range(16)]


def nested(depth: int, steps: int) -> dict[str, Any]:
    """A chain of chains, each with callbacks of its own, which all its steps get."""
    inner: dict[str, Any] = {"subtask_type": "chain", "kwargs": {"tasks": [titles() for _ in range(steps)]}}
    for level in range(depth):
        inner["options"] = {"link_error": [titles(which=16 * level + number) for number in range(16)]}
        inner = {"subtask_type": "chain", "kwargs": {"tasks": [inner]}}
    return inner


def lone(**params: Any) -> Body:
    return {"reference": "r", "flow": "directed", "params": {"kind": "comment", "author_id": AUTHOR, **params}}


FLAWS: Mapping[str, Callable[[], tuple[str, Body]]] = {
    "accounts": lambda: ("campaigns", file(accounts=names(95_000))),
    "accounts that are not known": lambda: ("campaigns", file(accounts=names(10_000))),
    "accounts that are no text": lambda: ("campaigns", file(accounts=[0] * 10_000)),
    "accounts that are lists": lambda: ("campaigns", file(accounts=[[]] * 300_000)),
    "accounts twice": lambda: ("campaigns", file(accounts=names(5000) * 2)),
    "authors": lambda: ("campaigns", file(collect=collect(names(95_000)))),
    "authors that are not known": lambda: ("campaigns", file(collect=collect(names(1000)))),
    "authors twice": lambda: ("campaigns", file(collect=collect(names(500) * 2))),
    "texts": lambda: ("campaigns", file(nurture=nurture(["好"] * 160_000))),
    "texts that no app takes": lambda: ("campaigns", file(nurture=nurture([" x"] * 10_000))),
    "texts of a session": lambda: ("tasks", {"reference": "r", "flow": "nurture", "params": nurture(["x"] * 240_000)}),
    "texts of blanks": lambda: ("tasks", {"reference": "r", "flow": "nurture", "params": nurture(["\u3000"] * 9999)}),
    "a text of blanks": lambda: ("tasks", lone(title="t", text="\u200b" * 160_000)),
    "a title": lambda: ("tasks", lone(title="x" * 990_000, text="x")),
    "a title of flags": lambda: ("tasks", lone(title=FLAG + TAG * 80_000, text="x")),
    "an author": lambda: ("tasks", lone(author_id="x" * 990_000, title="t", text="x")),
    "an account": lambda: ("campaigns", file(accounts=["x" * 990_000])),
    "a queue": lambda: ("campaigns", file(collect=collect([AUTHOR], queue="phone." + "x" * 990_000))),
    "a reference of flags": lambda: ("tasks", {**lone(title="t", text="x"), "reference": FLAG + TAG * 80_000}),
    "fields": lambda: ("tasks", {**lone(title="t", text="x"), **dict.fromkeys(names(70_000))}),
    "fields of a file": lambda: ("campaigns", file(**dict.fromkeys(names(70_000)))),
    "fields of each part": lambda: (
        "campaigns",
        file(
            **dict.fromkeys(names(MOST_FIELDS - 20, "account")),
            nurture=dict.fromkeys(names(MOST_FIELDS, "comment")),
            collect=dict.fromkeys(names(MOST_FIELDS, "author")),
            directed={
                **dict.fromkeys(names(MOST_FIELDS - 1, "text")),
                "per_account": dict.fromkeys(names(MOST_FIELDS)),
            },
        ),
    ),
    "fields of each task": lambda: ("campaigns", canvas(*(titles(**dict.fromkeys(names(90))) for _ in range(700)))),
    "tasks": lambda: ("campaigns", canvas(*[titles()] * 12_500)),
    "tasks of authors that are not known": lambda: (
        "campaigns",
        canvas(*(titles(author_id=name) for name in names(9999))),
    ),
    "tasks that ask for too much": lambda: ("campaigns", canvas(*[titles(count=0)] * 9999)),
    "titles that nobody saw": lambda: (
        "campaigns",
        canvas(*({"task": "collect_comments", "kwargs": {"author_id": AUTHOR, "title": f" {n}"}} for n in range(8000))),
    ),
    "callbacks": lambda: ("campaigns", canvas(*[titles()] * 5000, kind="chain", link_error=errbacks(9000))),
    "callbacks of their own": lambda: (
        "campaigns",
        canvas(
            *({**titles(), "options": {"link_error": [titles()]}} for _ in range(600)),
            kind="chain",
            link_error=errbacks(9000),
        ),
    ),
    "callbacks of chains": lambda: ("campaigns", {"reference": "r", "canvas": nested(14, 5000)}),
    "groups behind groups": lambda: (
        "campaigns",
        canvas(*({"subtask_type": "group", "kwargs": {"tasks": [titles()] * 450}} for _ in range(20)), kind="chain"),
    ),
    "a session of each account with all texts": lambda: (
        "campaigns",
        file(accounts="all", nurture=nurture(names(9999, "t"))),
    ),
}


@pytest.fixture
def raw(api: Api) -> Raw:
    """A customer that sends plain JSON, which may be the longest, with 300 accounts and an author."""
    owned_author(api.engine)

    def work(session: Session) -> None:
        now = database_now(session)
        session.add_all(Account(id=name, name=name, live=True, created_at=now) for name in names(300, "acc"))

    write(api.engine, work)
    return Raw(api, api.caller("plain", plain_json_allowed=True))


@pytest.mark.parametrize("flaw", FLAWS.values(), ids=FLAWS.keys())
def test_the_costliest_bodies_are_refused_for_little(raw: Raw, flaw: Callable[[], tuple[str, Body]]) -> None:
    path, body = flaw()
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(sent) <= MOST_BYTES
    before = time.process_time()
    answer = raw.send("POST", f"/v1/{path}?seal=none", sent)
    spent = time.process_time() - before
    assert answer.status_code == 422, answer.text
    assert 1 <= len(answer.json()["problems"]) <= MOST_PROBLEMS
    assert len(answer.content) <= MOST_ANSWER
    assert spent < SECONDS
    assert nothing_planted(raw.api)


@pytest.mark.parametrize(("field", "limit"), [("accounts", "most_accounts"), ("collect.authors", "most_authors")])
def test_a_list_of_names_is_bounded_and_the_operator_sets_how_long_it_may_be(
    raw: Raw, monkeypatch: pytest.MonkeyPatch, field: str, limit: str
) -> None:
    def told(count: int) -> list[str]:
        named = names(count)
        parts = {"accounts": named} if field == "accounts" else {"collect": collect(named)}
        answer = raw.opened(raw.send("POST", "/v1/campaigns", file(**parts)))
        return [one["reason"] for one in answer["problems"] if one["field"] == f"file.{field}"]

    most = getattr(settings(), limit)
    assert told(most + 1) == [f"it has {most + 1} entries, and may have {most}"]
    monkeypatch.setenv(f"PHONEFLEET_{limit.upper()}", "3")
    settings.cache_clear()
    try:
        assert told(4) == ["it has 4 entries, and may have 3"]
        assert all("is unknown" in one for one in told(3))
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_how_many_more_problems_there_are_is_told(raw: Raw) -> None:
    for body, count in (
        (file(accounts=names(1234)), 1234),
        (file(collect=collect(names(321))), 321),
        (canvas(*(titles(author_id=name) for name in names(77))), 77),
        (canvas(*[titles(count=0)] * 55), 55),
    ):
        answer = raw.opened(raw.send("POST", "/v1/campaigns", body))
        assert (len(answer["problems"]), answer["more_problems"]) == (MOST_PROBLEMS, count - MOST_PROBLEMS)
    few = raw.opened(raw.send("POST", "/v1/campaigns", file(accounts=names(3))))
    assert (len(few["problems"]), "more_problems" in few) == (3, False)


@pytest.fixture
def statements(api: Api) -> Iterator[list[str]]:
    """What the ledger is asked."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(api.engine, "before_cursor_execute", note)
    yield asked
    event.remove(api.engine, "before_cursor_execute", note)


GATHER = {"task": "gather"}
ACCEPTED: Mapping[str, Callable[[], Body]] = {
    "tasks": lambda: canvas(*[titles()] * 9990),
    "tasks that differ": lambda: canvas(*(titles(count=1 + number % 50) for number in range(9990))),
    "tasks with options of their own": lambda: canvas(
        *({**titles(), "options": {"priority": 3 + number % 6}} for number in range(9990))
    ),
    "a chain": lambda: canvas(*[{**titles(), "immutable": True}] * 9000, kind="chain"),
    "groups behind each other": lambda: canvas(
        *[{"subtask_type": "group", "kwargs": {"tasks": [GATHER] * 315}}] * 2, kind="chain"
    ),
}
MOST_STATEMENTS = 250  # one for each 500 rows, and a few


@pytest.mark.parametrize("good", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_accepted_is_planted_with_few_statements(
    raw: Raw, statements: list[str], good: Callable[[], Body]
) -> None:
    sent = json.dumps(good(), separators=(",", ":")).encode()
    before = time.process_time()
    answer = raw.send("POST", "/v1/campaigns?seal=none", sent)
    spent = time.process_time() - before
    assert answer.status_code == 201, answer.text
    assert spent < SECONDS
    assert sum(sum(states.values()) for states in answer.json()["tasks"].values()) in (9990, 9000, 630)
    assert len(statements) <= MOST_STATEMENTS


def test_a_canvas_with_too_many_edges_is_refused(raw: Raw) -> None:
    group = {"subtask_type": "group", "kwargs": {"tasks": [GATHER] * 320}}
    answer = raw.send("POST", "/v1/campaigns", canvas(group, group, kind="chain"))
    assert answer.status_code == 422
    assert "edges" in raw.opened(answer)["problems"][0]["reason"]


def test_all_authors_are_read_with_one_query_for_a_look(raw: Raw, statements: list[str]) -> None:
    for body in (file(collect=collect(names(900))), canvas(*(titles(author_id=name) for name in names(900)))):
        statements.clear()
        assert raw.send("POST", "/v1/campaigns", body).status_code == 422
        asked = [one for one in statements if "FROM authors" in one]
        assert 1 <= len(asked) <= 2  # as it is compiled, and again for what else is wrong


@pytest.mark.parametrize(
    ("path", "megabytes"),
    [
        ("/v1/campaigns?limit=200", ("campaigns.asked_for", "campaigns.root")),
        ("/v1/campaigns/{campaign}", ("campaigns.asked_for", "campaigns.root")),
        ("/v1/tasks?limit=200", ("tasks.result", "tasks.root", "tasks.args", "tasks.kwargs")),
        ("/v1/tasks/{task}/attempts", ("tasks.result", "tasks.root", "tasks.args")),
    ],
)
def test_what_shows_no_values_of_a_megabyte_reads_none(
    raw: Raw, statements: list[str], path: str, megabytes: tuple[str, ...]
) -> None:
    made = raw.opened(raw.send("POST", "/v1/campaigns", canvas(titles())))
    task = raw.opened(raw.send("GET", "/v1/tasks"))["items"][0]
    statements.clear()
    assert raw.send("GET", path.format(campaign=made["id"], task=task["id"])).status_code == 200
    assert any("FROM " in one for one in statements)
    assert not [one for one in statements if any(column in one for column in megabytes)]
