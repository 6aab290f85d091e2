"""The costliest bodies within the size limit: refused in few words, planted with few statements.

`make bench-bodies` measures what each costs of the processor's time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from gateway.access.middleware import MOST_BYTES
from models.values.refused import MOST_PROBLEMS
from tests.gateway.access.asked import nothing_planted
from tests.support.gateway.api_server import Api, Raw
from tests.support.gateway.costly_bodies import (
    ACCEPTED,
    FLAWS,
    GATHER,
    Body,
    canvas,
    collect,
    costly_customer,
    file,
    names,
    titles,
)
from workers.settings import settings

MOST_ANSWER = 40_000  # bytes

pytestmark = pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)


@pytest.fixture
def raw(api: Api) -> Raw:
    return costly_customer(api)


@pytest.mark.parametrize("flaw", FLAWS.values(), ids=FLAWS.keys())
def test_the_costliest_bodies_are_refused_in_few_words(raw: Raw, flaw: Callable[[], tuple[str, Body]]) -> None:
    path, body = flaw()
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(sent) <= MOST_BYTES
    answer = raw.send("POST", f"/v1/{path}?seal=none", sent)
    assert answer.status_code == 422, answer.text
    assert 1 <= len(answer.json()["problems"]) <= MOST_PROBLEMS
    assert len(answer.content) <= MOST_ANSWER
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


MOST_STATEMENTS = 250  # one for each 500 rows, and a few


@pytest.mark.parametrize("good", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_accepted_is_planted_with_few_statements(
    raw: Raw, statements: list[str], good: Callable[[], Body]
) -> None:
    sent = json.dumps(good(), separators=(",", ":")).encode()
    answer = raw.send("POST", "/v1/campaigns?seal=none", sent)
    assert answer.status_code == 201, answer.text
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
