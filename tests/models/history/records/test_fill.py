"""Every ended attempt and action, and every task that ended without an attempt, is recorded once."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from celery import chain, group
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from models.history.records import fill
from models.history.records.fill import fill_records
from models.tables import ActionRow, Attempt, Record, RecordHour, Task
from models.transactions.read_write import read, write
from tests.support.ledger.drive import desk_worker, do, plant, ready, rows_in, run_to_end, take, work
from tests.support.ledger.drive import fail as failing
from tests.support.ledger.ended import ENDED_AT, START, standard
from tests.support.threads import at_once
from workers.attempts.outcome import Failed, HandedBack
from workers.attempts.record import record
from workers.control.stop import stop_campaign


def filled(engine: Engine) -> list[Record]:
    """Every record, once there is nothing left to record."""
    for _ in range(100):
        if not fill_records(engine):
            break
    every = select(Record).order_by(Record.ended_at, Record.id)
    return list(read(engine, lambda session: session.scalars(every).all()))


def action(number: int, task_id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "task_id": task_id, "attempt": 1, "incarnation": "w", "phone_serial": "SIM0001",
        "account_id": "acc0001", "sandbox": False, "kind": "reply", "author_id": "xiaopeng", "title": "发布会 😀",
        "target_commenter": "小红", "target_comment": "好看", "text": "谢谢", "video_key": "v", "comment_key": "c",
        "basis": "owned", "asked_by": "test", "day": START.date(), "declared_at": START, "outcome": "done",
        "ended_at": ENDED_AT, "verified": True, "reason": None, **more,
    }  # fmt: skip


def test_what_ended_is_recorded_with_what_people_filter_by(ledger: Engine) -> None:
    standard(ledger)
    actions = [action(1, "t-directed"), action(2, "t-directed", outcome="declared", ended_at=None)]
    write(ledger, lambda session: session.execute(insert(ActionRow), actions))
    told = {(one.task_id, one.kind, one.attempt): one for one in filled(ledger)}
    assert len(told) == rows_in(ledger, Attempt) + 1
    short = told["t-titles-2", "attempt", 1]
    assert (short.outcome, short.code, short.culprit, short.step) == ("failed", "titles_shortfall", "content", "titles")
    assert (short.asked, short.got, short.reason) == (2, 1, "1 of 2 titles")
    assert (told["t-titles", "attempt", 1].asked, told["t-titles", "attempt", 1].got) == (2, 2)
    assert (told["t-comments", "attempt", 1].asked, told["t-comments", "attempt", 1].got) == (50, 3)
    assert (told["t-nurture", "attempt", 1].asked, told["t-nurture", "attempt", 1].got) == (20, 19)
    last = told["t-comments-2", "attempt", 2]
    assert (last.evidence, last.author_id, last.title) == (True, "xiaopeng", "发布会 <全程>")
    assert (last.account_id, last.phone_serial, last.campaign_id, last.flow) == (
        "acc0001", "SIM0001", "c1", "collect_comments",
    )  # fmt: skip
    replied = told["t-directed", "reply", 1]
    assert (replied.outcome, replied.flow, replied.seconds, replied.title) == ("done", "directed", 180, "发布会 😀")


def test_an_action_in_doubt_is_recorded_when_it_is_settled(ledger: Engine) -> None:
    standard(ledger)
    write(
        ledger,
        lambda session: session.execute(insert(ActionRow), [action(1, "t-own", outcome="declared", ended_at=None)]),
    )
    assert "reply" not in {one.kind for one in filled(ledger)}
    settled = update(ActionRow).values(outcome="not_done", ended_at=ENDED_AT + timedelta(days=40))
    write(ledger, lambda session: session.execute(settled))
    assert [one.outcome for one in filled(ledger) if one.kind == "reply"] == ["not_done"]


def test_a_task_that_ends_without_an_attempt_has_a_record_of_its_own(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(failing(), work(1), work(2)))
    do(ledger, ready(ledger, campaign_id)[0])
    told = Counter((one.kind, one.outcome, one.code) for one in filled(ledger))
    assert told == {("attempt", "failed", "flow_error"): 1, ("task", "stopped", "prerequisite_failed"): 2}
    stopped = plant(ledger, group(work(1), work(2)))
    stop_campaign(ledger, stopped, who="lena")
    assert [one.code for one in filled(ledger) if one.campaign_id == stopped] == ["stopped", "stopped"]


def test_a_running_attempt_is_recorded_once_it_ends_however_late(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(work(1), work(2)))
    slow, quick = ready(ledger, campaign_id)
    held = take(ledger, slow, desk_worker())
    do(ledger, quick)
    assert [one.task_id for one in filled(ledger)] == [quick]
    record(ledger, held, HandedBack())
    assert [one.outcome for one in filled(ledger) if one.task_id == slow] == ["handed_back"]


@pytest.mark.parametrize("seed", range(2))
def test_records_and_hours_agree_with_the_ledger_whatever_the_batches(ledger: Engine, seed: int) -> None:
    drawn = random.Random(seed)
    campaign_id = plant(ledger, group(chain(work(1), failing(), work(2)), work(3), chain(failing(), work(4))))
    run_to_end(ledger, campaign_id, drawn)
    for _ in range(20):
        fill_records(ledger, drawn.randint(1, 3))
    records = filled(ledger)
    assert len(records) == rows_in(ledger, Attempt) + sum(one.kind == "task" for one in records)
    assert {one.task_id for one in records} == set(read(ledger, lambda session: session.scalars(select(Task.id)).all()))
    hours = read(ledger, lambda session: session.scalars(select(RecordHour)).all())
    counted: Counter[tuple[str, str]] = Counter()
    for hour in hours:
        counted[hour.dimension, hour.value] += hour.number
    assert counted["all", ""] == len(records)
    assert {value: number for (dimension, value), number in counted.items() if dimension == "code"} == Counter(
        one.code for one in records if one.code
    )


def test_a_fill_that_breaks_off_leaves_nothing_half_done(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    standard(ledger)

    def breaks(_session: Session, _records: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(fill, "add_counts", breaks)
        with pytest.raises(RuntimeError):
            fill_records(ledger)
    assert rows_in(ledger, Record) == 0
    assert len(filled(ledger)) == rows_in(ledger, Attempt)


def test_two_that_fill_at_once_write_each_record_once(ledger: Engine) -> None:
    standard(ledger)
    at_once([partial(fill_records, ledger) for _ in range(3)])
    records = filled(ledger)
    assert len(records) == rows_in(ledger, Attempt)
    every = select(RecordHour.number).where(RecordHour.dimension == "all")
    assert sum(read(ledger, lambda session: session.scalars(every).all())) == len(records)


def test_hostile_text_is_recorded_cut_and_whole(ledger: Engine) -> None:
    campaign_id = plant(ledger, work(1))
    (task_id,) = ready(ledger, campaign_id)
    hostile = "=cmd|' /C calc'!A0 \u202e<script>" + "长" * 70_000
    record(ledger, take(ledger, task_id, desk_worker()), Failed("bad_input", hostile))
    (told,) = (one for one in filled(ledger) if one.task_id == task_id)
    assert told.reason is not None
    assert len(told.reason) == 191
    assert told.reason.startswith(hostile[:30])
