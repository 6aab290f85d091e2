"""The page of collected comments and titles: filters, the search, pages, and hostile texts shown as text."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from gateway.console.pages import texts
from tests.support.console.served import Served
from tests.support.ledger.texts import collect, filled

START = datetime(2026, 5, 1, tzinfo=UTC)
SCRIPT = "<script>alert('好看')</script>"
LONG = "好看 " + "长" * 21_000 + "终点"


@pytest.fixture(scope="module")
def gathered(shown: Served) -> Served:
    """The console, after comments of two videos were collected."""
    collect(shown.engine, "author-s", "标题 <b>", [SCRIPT, "好看\u202e的", "好\u200b看😀", "=1+1"], START)
    collect(shown.engine, "author-t", "别的标题", [LONG], START + timedelta(hours=1))
    filled(shown.engine)
    return shown


def rows(page: str) -> list[str]:
    """The texts of the comments that the page shows."""
    return [html.unescape(one) for one in re.findall(r'<div class="clamp" dir="auto">(.*?)</div>', page, re.DOTALL)]


def test_comments_are_filtered_and_searched_and_shown_as_text(gathered: Served) -> None:
    person = gathered.as_role("viewer")
    assert sorted(rows(person.get("/texts?text=好看&author=author-s").text)) == sorted(
        [SCRIPT, "好看\u202e的", "好\u200b看😀"]
    )
    page = person.get("/texts?author=author-s").text
    assert "<script>alert" not in page
    assert "标题 &lt;b&gt;" in page
    assert rows(person.get("/texts?text=看😀").text) == ["好\u200b看😀"]
    (shortened,) = rows(person.get("/texts?text=长终点").text)
    assert shortened == LONG[:2000] + "…"
    assert rows(person.get("/texts?author=author-s&title=标题 <b>&since=2026-05-02").text) == []
    assert "别的标题" in person.get("/texts?kind=title&text=别的").text


@pytest.mark.parametrize("query", ["text=a", "title=x", "since=yesterday", "text=%E2%80%8B"])
def test_what_cannot_be_searched_is_told(gathered: Served, query: str) -> None:
    answer = gathered.as_role("viewer").get(f"/texts?{query}")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_the_list_goes_on_where_it_ended(gathered: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST", 1)
    person, path = gathered.as_role("viewer"), "/texts?text=好看"
    found: list[str] = []
    for _ in range(10):
        page = person.get(path).text
        found += rows(page)
        following = re.search(r'href="(/texts\?[^"]*after=\d+)"', page)
        if following is None:
            break
        path = html.unescape(following[1])
    assert len(found) == len(set(found)) == 4
