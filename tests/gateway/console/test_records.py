"""Records: filters, counts, pages; and the export, opened as a workbook."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from urllib.parse import urlencode

import openpyxl
import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.console.pages import records
from gateway.console.people import saved_filters
from gateway.exports.background import make_all
from models.tables import ApiKey, Export, Record
from models.transactions.read_write import read, write
from tests.support.console.browser import log_in, tab
from tests.support.console.served import Served
from workers.settings import settings

CUSTOMER = "示例客户"


def rows(page: str) -> list[str]:
    """The tasks of the page's records."""
    return re.findall(r'class="mono" href="/tasks/([0-9a-f-]{36})"', page)


def test_records_are_filtered_and_counted(shown: Served) -> None:
    person = shown.as_role("viewer")
    every = read(shown.engine, lambda session: session.scalars(select(Record)).all())
    page = person.get("/records").text
    assert sorted(rows(page)) == sorted(one.task_id for one in every)
    assert f"<small>{len(every)}</small>" in page
    one = next(row for row in every if row.outcome == "failed" and row.account_id)
    for field in ("account_id", "phone_serial", "code", "flow"):
        value = getattr(one, field)
        wanted = [row.task_id for row in every if getattr(row, field) == value]
        name = field.partition("_")[0]
        assert sorted(rows(person.get(f"/records?{name}={value}").text)) == sorted(wanted)
    assert rows(person.get("/records?account=nobody").text) == []


def of_others(console: Served) -> list[Record]:
    """Makes some records a customer's, and some those of simulated phones. Returns all."""

    def work(session: Session) -> list[Record]:
        key = session.scalars(select(ApiKey.id).where(ApiKey.customer == CUSTOMER)).one()
        session.execute(update(Record).where(Record.flow == "collect_titles").values(key_id=key))
        session.execute(update(Record).where(Record.flow == "nurture").values(sandbox=True))
        return list(session.scalars(select(Record)).all())

    return write(console.engine, work)


def test_the_filters_are_those_of_the_command(console: Served) -> None:
    """A step, a task, a customer's, and what ran on simulated phones; each is kept by the page."""
    person, every = console.as_role("viewer"), of_others(console)
    one = next(row for row in every if row.step and not row.sandbox)
    asked: dict[str, Callable[[Record], bool]] = {
        f"step={one.step}": lambda row: row.step == one.step and not row.sandbox,
        f"task={one.task_id}": lambda row: row.task_id == one.task_id,
        f"customer={CUSTOMER}": lambda row: row.key_id is not None,
        "sandbox=yes": lambda row: row.sandbox,
    }
    for query, matches in asked.items():
        page = person.get(f"/records?{query}").text
        wanted = sorted(row.task_id for row in every if matches(row))
        assert sorted(rows(page)) == wanted != [], query
        name, _, value = query.partition("=")
        assert f'<input type="hidden" name="{name}" value="{value}">' in page, query
    assert "nobody" in person.get("/records?customer=nobody").text.partition('role="alert"')[2]


@pytest.mark.parametrize("query", ["since=yesterday", "kind=attempt&since=2020-01-01T00:00", "at=x&id=y"])
def test_what_no_index_serves_and_what_is_no_time_is_told(shown: Served, query: str) -> None:
    answer = shown.as_role("viewer").get(f"/records?{query}")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_the_list_goes_on_where_it_ended(shown: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST", 2)
    person, found, path = shown.as_role("viewer"), list[str](), "/records"
    for _ in range(100):
        page = person.get(path).text
        found += rows(page)
        following = re.search(r'<a href="(/records\?[^"]*at=[^"]+)"', page)
        if following is None:
            break
        path = following[1].replace("&amp;", "&")
    every = read(shown.engine, lambda session: session.scalars(select(Record.task_id)).all())
    assert sorted(found) == sorted(every)


def test_an_export_is_asked_for_made_and_opened(console: Served) -> None:
    viewer, person = console.as_role("viewer"), console.as_role("operator")
    assert viewer.post("/acts/records/export").status_code == 403
    assert person.post("/acts/records/export", flow="collect_titles", outcome="failed").status_code == 303
    asked = read(console.engine, lambda session: session.scalars(select(Export)).one())
    assert asked.asked_by == "李娜"
    assert person.get(f"/exports/{asked.id}/file").status_code == 422
    assert make_all(console.engine, settings(), threading.Event()) == 1
    assert "/file" in person.get("/records").text
    assert viewer.get(f"/exports/{asked.id}/file").status_code == 403
    answer = person.get(f"/exports/{asked.id}/file")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(BytesIO(answer.content))
    failed = (Record.flow == "collect_titles", Record.outcome == "failed")
    count = read(
        console.engine, lambda session: session.scalar(select(func.count()).select_from(Record).where(*failed))
    )
    assert book["记录"].max_row == 1 + (count or 0) > 1


def test_an_export_that_waits_is_shown_as_made_without_loading_the_page_again(
    browser: Browser, console: Served
) -> None:
    asks = "#exports[hx-trigger]"
    with tab(browser) as (page, wrong):
        log_in(page, console.url, "operator")
        page.clock.install()
        page.goto(f"{console.url}/records?outcome=failed")
        page.locator("form[action='/acts/records/export'] button").click()
        expect(page.locator(asks)).to_have_count(1)
        assert make_all(console.engine, settings(), threading.Event()) == 1
        page.clock.run_for(6_000)
        expect(page.locator("#exports .state.done")).to_have_count(1)
        expect(page.locator(asks)).to_have_count(0)
        assert wrong == []


def test_an_export_has_what_the_page_shows_of_a_customer(console: Served) -> None:
    person, every = console.as_role("operator"), of_others(console)
    assert person.post("/acts/records/export", customer="nobody").status_code == 422
    assert person.post("/acts/records/export", customer=CUSTOMER, sandbox="").status_code == 303
    assert make_all(console.engine, settings(), threading.Event()) == 1
    asked = read(console.engine, lambda session: session.scalars(select(Export)).one())
    book = openpyxl.load_workbook(BytesIO(person.get(f"/exports/{asked.id}/file").content))
    assert book["记录"].max_row == 1 + sum(row.key_id is not None for row in every) > 1


@pytest.mark.parametrize("asked", [{}, {"kind": "attempt"}])
def test_an_export_without_an_indexed_filter_has_the_days_of_the_page(console: Served, asked: dict[str, str]) -> None:
    def age(session: Session) -> str:
        one = session.scalars(select(Record).where(Record.kind == "attempt").limit(1)).one()
        one.ended_at -= timedelta(days=30)
        return one.task_id

    person, old = console.as_role("operator"), write(console.engine, age)
    shown = rows(person.get(f"/records?{urlencode(asked)}").text)
    assert old not in shown
    assert person.post("/acts/records/export", **asked).status_code == 303
    assert make_all(console.engine, settings(), threading.Event()) == 1
    export = read(console.engine, lambda session: session.scalars(select(Export)).one())
    sheet = openpyxl.load_workbook(BytesIO(person.get(f"/exports/{export.id}/file").content))["记录"]
    column = [one.value for one in sheet[1]].index("任务ID")
    written = [str(row[column]) for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert sorted(written) == sorted(shown) != []


def test_a_filter_is_saved_for_its_user_used_replaced_and_deleted(console: Served) -> None:
    person, other = console.as_role("viewer"), console.as_role("admin")
    answer = person.post("/me/filters/save", name="周一 失败", outcome="failed", flow="collect_titles", code="")
    assert answer.headers["location"] == "/records?flow=collect_titles&outcome=failed&done=saved"
    page = person.get("/records").text
    assert 'href="/records?flow=collect_titles&amp;outcome=failed" dir="auto">周一 失败</a>' in page
    assert "周一 失败" not in other.get("/records").text
    assert other.post("/me/filters/delete", name="周一 失败").status_code == 422
    assert person.post("/me/filters/save", name="周一 失败", outcome="succeeded").status_code == 303
    page = person.get("/records").text
    assert page.count("周一 失败</a>") == 1
    assert 'href="/records?outcome=succeeded"' in page
    assert person.post("/me/filters/delete", name="周一 失败").status_code == 303
    assert "周一 失败" not in person.get("/records").text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>"),
        ('"><b onclick="x">', '"><b>'),
        ("=HYPERLINK(1)", "a&b=c#d?e"),
        ("{{ 7*7 }}", "{% raw %}"),
        ("😀👨‍👩‍👧", "\u202e\u0000zero\u200b"),
        ("名" * 60, "长" * 191),
    ],
)
def test_hostile_names_and_values_of_a_filter_stay_text(console: Served, name: str, value: str) -> None:
    person = console.as_role("viewer")
    assert person.post("/me/filters/save", name=name, author=value).status_code == 303
    page = person.get("/records").text
    link = re.search(r'<ul class="saved"><li><a href="([^"]*)" dir="auto">(.*?)</a>', page)
    assert link is not None
    assert html.unescape(link[2]) == name
    assert "<script>alert" not in page
    again = re.search(r'name="author" type="text" value="([^"]*)"', person.get(html.unescape(link[1])).text)
    assert again is not None
    assert html.unescape(again[1]) == value
    assert person.post("/me/filters/delete", name=name).status_code == 303


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "two\nlines", "zero\u200bwidth", "\u202eright", "nul\u0000"])
def test_a_filter_without_a_short_visible_name_or_without_a_field_is_not_saved(shown: Served, name: str) -> None:
    person = shown.as_role("viewer")
    assert person.post("/me/filters/save", name=name, outcome="failed").status_code == 422
    assert person.post("/me/filters/save", name="good", outcome="", other="x").status_code == 422
    assert person.post("/me/filters/save", name="good", author="长" * 192).status_code == 422
    assert '<ul class="saved">' not in person.get("/records").text


def test_the_filters_of_a_user_are_few(console: Served) -> None:
    for number in range(saved_filters.MOST):
        saved_filters.save_filter(console.engine, "李娜", f"f{number}", {"account": "a"})
    person = console.as_role("operator")
    answer = person.post("/me/filters/save", name="one more", account="b")
    assert answer.status_code == 422
    assert f"已经保存了 {saved_filters.MOST} 个" in answer.text
    assert person.post("/me/filters/save", name="f1", account="b").status_code == 303
