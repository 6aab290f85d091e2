"""One attempt, looked into: steps beside a run that succeeded, the last touch, the tree; and a task's story."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.screen import Screen
from gateway.console.live.attempt import MOST_LINES, calls, last_touch, outline, pairs, screen_of
from gateway.console.moments import clock, moment_in
from gateway.words.catalogue import catalogue
from models.tables import Attempt, Record, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.support.console.monday import tasks_in
from tests.support.console.served import Served
from workers.evidence.bundle import FACTS, TREE, Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage
from workers.settings import settings

SCREEN = Screen.parse("<hierarchy><node bounds='[0,0][1080,2400]' class='a.b.Frame'/></hierarchy>")
MISSED = "not asked: no time was left"


def ran(**took: float) -> list[dict[str, Any]]:
    return [
        {"name": name, "began": float(place), "took": seconds} for place, (name, seconds) in enumerate(took.items())
    ]


def test_steps_stand_beside_each_other_and_those_not_reached_come_last() -> None:
    found = pairs(ran(account=1, video=8), ran(account=2, video=4, act=3), "video")
    assert [(one.name, one.took, one.other, one.failed) for one in found] == [
        ("account", 1, 2, False),
        ("video", 8, 4, True),
        ("act", None, 3, False),
    ]
    assert [(one.width, one.other_width) for one in found] == [(12.5, 25.0), (100.0, 50.0), (0.0, 37.5)]


@pytest.mark.parametrize("steps", [None, {}, "x", [1, None], [{"name": None, "took": "x", "began": -1}], [{}]])
def test_steps_of_any_form_are_shown(steps: Any) -> None:
    assert all(0 <= one.width <= 100 for one in pairs(steps, steps, None))


def touched(*points: Any) -> dict[str, Any]:
    return {"calls": [{"method": "click", "at": "then", "point": point} for point in points]}


def test_the_last_touch_on_the_screen_is_marked() -> None:
    found = last_touch({"calls": [*touched([10, 20], [30, 40])["calls"], {"method": "deviceInfo"}]}, SCREEN)
    assert found is not None
    assert (found.x, found.y, found.width, found.height) == (30, 40, 1080, 2400)


@pytest.mark.parametrize("point", [None, [1], [1, 2, 3], ["1", "2"], [-1, 5], [1080, 5], [5, 2400], "12", {"x": 1}])
def test_a_touch_off_the_screen_or_of_another_form_is_not(point: Any) -> None:
    assert last_touch(touched(point), SCREEN) is None


@pytest.mark.parametrize("facts", [{}, {"calls": None}, {"calls": "x"}, {"calls": [1, "x"]}])
def test_evidence_without_calls_has_none(facts: dict[str, Any]) -> None:
    assert calls(facts) == []
    assert last_touch(facts, None) is None


def test_a_tree_is_told_line_by_line_and_stays_bounded() -> None:
    leaf = "<node class='android.widget.TextView' text='标题\n二' resource-id='a:id/title' bounds='[0,0][9,9]'/>"
    screen = screen_of(f"<hierarchy><node class='F' clickable='true' bounds='[0,0][9,9]'>{leaf}</node></hierarchy>")
    assert outline(screen) == ["F ↵ [0,0 9,9]", "  TextView #title “\u2068标题 二\u2069” [0,0 9,9]"]
    many = screen_of(f"<hierarchy><node class='F'>{leaf * (MOST_LINES + 50)}</node></hierarchy>")
    assert len(outline(many)) == MOST_LINES


@pytest.mark.parametrize(
    "tree", [None, "", "<hierarchy", "<!DOCTYPE x [<!ENTITY a 'b'>]><hierarchy>&a;</hierarchy>", "<x/>"]
)
def test_what_is_no_tree_has_no_lines(tree: str | None) -> None:
    assert outline(screen_of(tree)) == []


def failed(console: Served) -> str:
    wanted = select(Task.id).where(Task.failure_code == "list_not_loaded")
    return read(console.engine, lambda session: session.scalars(wanted).first()) or ""


def test_a_failure_shows_steps_touch_network_battery_calls_and_tree(shown: Served) -> None:
    page = shown.as_role("viewer").get(f"/tasks/{failed(shown)}/attempts/1").text
    for told in (
        "列表未加载",
        "对照：",
        "最后一次触摸：click，位置 203, 214",
        "电量：64 %",
        "充电中：是",
        "可上网：否",
        "#comment",
    ):
        assert told in page
    assert 'cx="203" cy="214"' in page
    assert page.count("/attempts/1/screenshot.jpg") >= 1
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert not re.search(r"percent|True|False", page)


def test_the_evidences_moments_are_told_in_the_operators_time(console: Served) -> None:
    def collected(session: Session) -> None:
        one = session.scalars(select(Attempt).where(Attempt.task_id == failed(console))).one()
        one.evidence = {
            **(one.evidence or {}),
            "collected_at": "2027-01-31T01:00:04.000+00:00",
            "missing": {"ui": MISSED},
        }

    write(console.engine, collected)
    page = console.as_role("viewer").get(f"/tasks/{failed(console)}/attempts/1").text
    assert "位置 203, 214 · 09:00:01</p>" in page
    assert '<td class="mono small">09:00:03</td>' in page
    assert "2027-01-31 09:00</dd>" in page
    assert "2027-01-31T01" not in page
    assert catalogue("zh").said(MISSED) in page != MISSED


@pytest.mark.parametrize("text", [None, 7, "", "then", "2027-13-31T01:00:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_that_is_none_is_not_told(text: Any) -> None:
    assert clock(moment_in(text)) == ""


@pytest.mark.parametrize("text", ["2027-01-31T01:00:01.000+00:00", "2027-01-31T01:00:01", "2027-01-31T09:00:01+08:00"])
def test_a_moment_of_the_evidence_is_utc_unless_it_says_otherwise(text: str) -> None:
    assert clock(moment_in(text)) == "09:00:01"


def test_the_run_beside_it_is_the_latest_of_its_flow_that_kept_its_steps(console: Served) -> None:
    task = read(console.engine, lambda session: session.get_one(Task, failed(console)))
    latest = select(Record.task_id).where(
        Record.flow == task.flow, Record.outcome == "succeeded", Record.kind == "attempt"
    )
    latest = latest.order_by(Record.ended_at.desc(), Record.id.desc())
    first, second = read(console.engine, lambda session: session.scalars(latest.limit(2)).all())
    path = f"/tasks/{task.id}/attempts/1"
    assert f"/tasks/{first}/attempts/1" in console.as_role("viewer").get(path).text

    def forget(session: Session) -> None:
        session.scalars(select(Attempt).where(Attempt.task_id == first)).one().steps = None

    write(console.engine, forget)
    assert f"/tasks/{second}/attempts/1" in console.as_role("viewer").get(path).text


@pytest.mark.parametrize("facts", ["[1]", "{", '{"calls": 5, "steps": "x"}', "[" * 100_000])
def test_hostile_evidence_is_shown_as_far_as_it_can_be(console: Served, facts: str) -> None:
    one = failed(console)
    place = StorageLocation.of(settings().evidence)
    Storage(place).put(place.path(Bundle(one, 1), FACTS), facts.encode())
    Storage(place).put(place.path(Bundle(one, 1), TREE), b"\xff\x00<node")
    answer = console.as_role("viewer").get(f"/tasks/{one}/attempts/1")
    assert answer.status_code == 200
    assert "对照：" in answer.text


@pytest.mark.parametrize("path", ["attempts/9", "attempts/x", "attempts/-1", "attempts/99999999999"])
def test_an_unknown_attempt_is_refused(shown: Served, path: str) -> None:
    assert shown.as_role("viewer").get(f"/tasks/{failed(shown)}/{path}").status_code == 422
    assert shown.as_role("viewer").get("/tasks/nothing/attempts/1").status_code == 422


def test_an_attempt_that_succeeded_has_a_page(shown: Served) -> None:
    answer = shown.as_role("viewer").get(f"/tasks/{tasks_in(shown.engine, State.SUCCEEDED)[0]}/attempts/1")
    assert answer.status_code == 200
    assert "成功" in answer.text


def test_a_story_has_the_ledgers_events_and_the_lines_of_the_logs(console: Served) -> None:
    one, folder = failed(console), settings().var / "log"
    folder.mkdir(parents=True, exist_ok=True)
    line = {"time": "2027-01-31T01:00:00+00:00", "level": "WARNING", "part": "worker", "host": "shelf1", "task": one}
    lines = [
        line | {"message": "<b>the list</b> did not load", "phone": "P0007"},
        line | {"task": "other", "message": "no"},
    ]
    (folder / "host.log").write_text("\n".join(map(json.dumps, lines)) + "\nno json\n", encoding="utf-8")
    page = console.as_role("viewer").get(f"/tasks/{one}/log").text
    assert "第 1 次尝试开始" in page
    assert "第 1 次尝试结束" in page
    assert "attempt" not in page.split("<table", 1)[1]
    assert "&lt;b&gt;the list&lt;/b&gt; did not load" in page
    assert "worker P0007" in page
    assert console.as_role("viewer").get("/tasks/nothing/log").status_code == 422


def test_a_code_that_stands_in_words_is_not_said_again_before_the_reason(console: Served) -> None:
    def work(session: Session) -> Attempt:
        one = session.scalars(select(Attempt).where(Attempt.failure_code == "list_not_loaded")).first()
        assert one is not None
        task = session.get_one(Task, one.task_id)
        one.reason = task.reason = "list_not_loaded: the list stayed empty"
        task.failure_code = one.failure_code
        record = session.scalars(select(Record).where(Record.code == "list_not_loaded")).first()
        assert record is not None
        record.reason = one.reason
        session.flush()
        session.expunge(one)
        return one

    one, person = write(console.engine, work), console.as_role("viewer")
    of_task = f"/tasks/{one.task_id}"
    for path in (of_task, f"{of_task}/attempts/{one.number}", f"/phones/{one.phone_serial}", "/records"):
        page = person.get(path).text
        assert "the list stayed empty" in page, path
        assert "list_not_loaded: " not in page, path
        assert f"{catalogue('zh').word('code', 'list_not_loaded')}：the list" not in page, path
