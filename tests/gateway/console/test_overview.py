"""The overview and the hand-over sheet: what the ledger holds, who takes care of what, and notes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.console.drawing.hour_bars import HEIGHT, LABEL, WIDTH, hour_bars, in_sixes, round_up
from gateway.console.live.overview import culprits_of, hours_of, phones_of, window_of
from models.history.records.shift import HourCount
from models.tables import Alert, Attempt, AuditEntry, Phone, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.enums import Role
from tests.support.console.monday import HOSTILE, PEOPLE
from tests.support.console.served import Served

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHINA = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("now", "until", "first", "last", "ends"),
    [
        (NOON, None, NOON - 8 * HOUR, NOON, NOON),
        (NOON + HOUR / 2, None, NOON - 7 * HOUR, NOON + HOUR, NOON + HOUR / 2),
        (NOON + HOUR / 2, NOON - HOUR, NOON - 9 * HOUR, NOON - HOUR, NOON - HOUR),
        (NOON, NOON + 9 * HOUR, NOON - 8 * HOUR, NOON, NOON),
    ],
)
def test_a_shift_is_of_whole_hours_and_ends_now_at_the_latest(
    now: datetime, until: datetime | None, first: datetime, last: datetime, ends: datetime
) -> None:
    window = window_of(now, 8, until)
    assert (window.since, window.until, window.ends) == (first, last, ends)


def test_every_hour_is_there_and_counts_tasks_and_attempts_but_no_actions() -> None:
    window = window_of(NOON, 3, None)
    start = NOON - 2 * HOUR
    counts = [
        HourCount(start, "nurture", "attempt", "succeeded", 4, 60.0),
        HourCount(start, "nurture", "attempt", "failed", 1, 60.0),
        HourCount(start, "nurture", "attempt", "lost", 1, 60.0),
        HourCount(start, "nurture", "attempt", "handed_back", 7, 60.0),
        HourCount(start, "nurture", "comment", "done", 9, 60.0),
        HourCount(start - 9 * HOUR, "nurture", "attempt", "succeeded", 5, 60.0),
    ]
    assert [(one.succeeded, one.failed) for one in hours_of(counts, window)] == [(0, 0), (4, 2), (0, 0)]


def test_phones_that_lost_most_time_come_first_and_those_without_work_are_there() -> None:
    rows = [("a", "succeeded", 3, 300.0), ("b", "failed", 1, 50.0), ("b", "succeeded", 1, 10.0), ("c", "lost", 1, 80.0)]
    found = phones_of(rows, ["a", "b", "idle"])
    assert [(one.phone, one.attempts, one.failed, one.worked, one.lost) for one in found] == [
        ("c", 1, 1, 80.0, 80.0),
        ("b", 2, 1, 60.0, 50.0),
        ("idle", 0, 0, 0, 0),
        ("a", 3, 0, 300.0, 0),
    ]


def test_failures_are_told_by_culprit() -> None:
    codes = {"video_not_found": 3, "list_not_loaded": 1, "phone_lost": 5, "of an older version": 9}
    assert culprits_of(codes)[0] == ("phone", 5)
    assert sum(number for _, number in culprits_of(codes)) == 9


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), max_size=48))
def test_bars_stay_in_their_picture(counts: list[tuple[int, int]]) -> None:
    drawn = hour_bars([(NOON + place * HOUR, good, bad) for place, (good, bad) in enumerate(counts)], CHINA)
    assert len(drawn.bars) == len(counts)
    for one in drawn.bars:
        assert 0 <= one.x <= one.x + one.width <= WIDTH + 0.1
        assert 0 <= one.failed[0] <= one.succeeded[0] + 0.2 <= HEIGHT
    assert all(0 <= y <= HEIGHT for y, _ in drawn.scale)


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=49, max_size=200),
    st.integers(0, 23),
    st.sampled_from(["Asia/Shanghai", "Asia/Kathmandu", "America/New_York", "UTC"]),
)
def test_a_week_has_a_bar_for_each_six_hours_of_the_operators_days(
    counts: list[tuple[int, int]], hour: int, name: str
) -> None:
    zone = ZoneInfo(name)
    hours = [(NOON + (hour + place) * HOUR, good, bad) for place, (good, bad) in enumerate(counts)]
    joined = in_sixes(hours, zone)
    assert sum(good for _, good, _ in joined) == sum(good for good, _ in counts)
    assert sum(bad for *_, bad in joined) == sum(bad for _, bad in counts)
    assert all(start.astimezone(zone).hour % 6 in (0, 1) for start, *_ in joined[1:])  # 1: where clocks go forward
    drawn = hour_bars(hours, zone)
    assert (drawn.hours, len(drawn.bars)) == (6, len(joined))
    days = [one.start.astimezone(zone).date() for one in drawn.bars if one.labelled]
    every = sorted({start.astimezone(zone).date() for start, *_ in joined})
    assert days in (every, every[1:]), "what is left of the first day may be too narrow for its label"
    at = [one.x for one in drawn.bars if one.labelled]
    assert all(after - before > LABEL - 1 for before, after in pairwise(at[:2]))


@given(st.integers(0, 10**12))
def test_the_scale_ends_at_a_round_number_that_is_not_below(most: int) -> None:
    top = round_up(most)
    assert most <= top <= max(2, most * 2.5)
    assert f"{top}".rstrip("0") in ("2", "4", "1")


def test_the_page_tells_what_the_ledger_holds(shown: Served) -> None:
    page = shown.as_role("viewer").get("/overview?hours=8").text
    ended = select(Attempt.outcome, func.count()).where(Attempt.outcome.is_not(None)).group_by(Attempt.outcome)
    counted: dict[str | None, int] = dict(read(shown.engine, lambda session: session.execute(ended).all()))
    assert f"<b>{counted['succeeded']}</b> 次尝试成功" in page
    assert f"<b>{counted['failed']}</b> 失败" in page
    assert "视频未找到" in page or "列表未加载" in page
    assert "acc00" in page


def test_a_day_and_a_week_can_be_chosen(shown: Served) -> None:
    person = shown.as_role("viewer")
    for hours, heading, bars in ((24, "每小时的尝试", 24), (168, "每 6 小时的尝试", 29)):
        page = person.get(f"/overview?hours={hours}").text
        assert f'<option value="{hours}" selected>' in page
        assert f"<h2>{heading}</h2>" in page
        assert bars - 1 <= page.count('<rect class="succeeded" x=') <= bars
        assert f"/overview/sheet?hours={hours}" in page


@pytest.mark.parametrize(
    "query", ["hours=9", "hours=x", "until=yesterday", "until=2020-01-01T00:00", "until=2999-01-01T00:00"]
)
def test_other_hours_and_no_times_are_answered(shown: Served, query: str) -> None:
    for path in ("/overview", "/overview/sheet"):
        answer = shown.as_role("viewer").get(f"{path}?{query}")
        assert answer.status_code == 200
        assert ('role="alert"' in answer.text) == (query in ("until=yesterday", "until=2999-01-01T00:00"))


def test_an_alert_is_taken_by_name_and_given_back(console: Served) -> None:
    operator, viewer = console.as_role("operator"), console.as_role("viewer")
    number = read(console.engine, lambda session: session.scalars(select(Alert.id)).first())
    assert viewer.post("/acts/overview/take", id=number).status_code == 403
    assert operator.post("/acts/overview/take", id=number).status_code == 303
    for page in ("/overview", "/overview/sheet"):
        assert re.search(rf"{PEOPLE[Role.OPERATOR]} 自 [\d: -]+ 起负责", viewer.get(page).text)
    refused = console.as_role("admin").post("/acts/overview/take", id=number)
    assert refused.status_code == 422
    assert console.as_role("admin").post("/acts/overview/back", id=number).status_code == 303
    assert "起负责" not in viewer.get("/overview").text


@pytest.mark.parametrize(
    ("act", "fields"), [("take", {"id": "x"}), ("take", {"id": 10**9}), ("burn", {"id": 1}), ("note", {})]
)
def test_what_is_no_act_or_no_alert_is_refused(shown: Served, act: str, fields: dict[str, object]) -> None:
    before = read(shown.engine, lambda session: session.scalar(select(func.count()).select_from(AuditEntry)))
    assert shown.as_role("operator").post(f"/acts/overview/{act}", **fields).status_code == 422
    assert read(shown.engine, lambda session: session.scalar(select(func.count()).select_from(AuditEntry))) == before


def test_a_note_is_left_for_the_next_shift_as_it_was_written(console: Served) -> None:
    operator = console.as_role("operator")
    assert operator.post("/acts/overview/note", note=f"P0005 太热\n{HOSTILE}").status_code == 303
    for page in ("/overview", "/overview/sheet"):
        text = console.as_role("viewer").get(page).text
        assert "P0005 太热\n&lt;script&gt;" in text
        assert "<script>alert" not in text


def test_alerts_lead_to_what_they_are_about_and_name_no_long_ids(shown: Served) -> None:
    page = shown.as_role("operator").get("/overview").text
    subjects = read(shown.engine, lambda session: session.scalars(select(Alert.subject)).all())
    tasks = [one.removeprefix("task:") for one in subjects if one.startswith("task:")]
    assert tasks
    for one in tasks:
        assert f'<a href="/tasks/{one}" dir="auto">任务 <span class="mono">{one[:8]}</span></a>' in page
        assert f">{one}<" not in page


def test_the_sheet_names_addresses_as_adb_does(shown: Served) -> None:
    assert (
        '<span class="soft" dir="auto">shelf1 usb:1-1.5</span>' in shown.as_role("viewer").get("/overview/sheet").text
    )


def test_the_overview_says_why_nothing_moves(console: Served) -> None:
    person = console.as_role("viewer")
    assert 'class="still"' not in person.get("/overview").text

    def stops(session: Session) -> None:
        session.execute(update(Task).where(Task.state == State.RUNNING).values(state=State.READY, incarnation=None))
        session.execute(update(Phone).values(paused=True, paused_why="phone P0001 is paused by lena: holiday"))

    write(console.engine, stops)
    told = re.search(r'<p class="still" role="status">.*?</p>', person.get("/overview").text, re.DOTALL)
    assert told is not None
    assert told[0] in person.get("/shelf").text
