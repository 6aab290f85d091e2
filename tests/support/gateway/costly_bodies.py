"""The costliest bodies within the size limit: those that are refused, and those that are accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from gateway.access.json_checks import MOST_FIELDS
from models.database.clock import database_now
from models.tables import Account
from models.transactions.read_write import write
from tests.support.gateway.api_server import Api, Raw
from tests.support.ledger.drive import AUTHOR, owned_author

Body = Mapping[str, Any]
TITLES = {"author_id": AUTHOR, "count": 2}
FLAG, TAG = "\U0001f3f4", "\U000e0067"


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


def costly_customer(api: Api) -> Raw:
    """A customer that sends plain JSON, which may be the longest, with 300 accounts and an author."""
    owned_author(api.engine)

    def work(session: Session) -> None:
        now = database_now(session)
        session.add_all(Account(id=name, name=name, live=True, created_at=now) for name in names(300, "acc"))

    write(api.engine, work)
    return Raw(api, api.caller("plain", plain_json_allowed=True))
