"""What looks found is judged once: each item is new once, counts once, and is told of once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from models.retention.erase import erase_person, find_person
from models.retention.watches import delete_old_hours, delete_old_items, delete_old_looks
from models.tables import (
    AlertChannel,
    AlertNotice,
    CollectedComment,
    CollectedTitle,
    WatchHour,
    WatchItem,
    WatchLook,
)
from models.transactions.read_write import read, write
from tests.support.ledger.drive import rows_in
from tests.support.ledger.ended import ENDED_AT
from tests.support.watches import (
    Hands,
    add,
    alerts,
    counts,
    items,
    judge,
    looks,
    moment,
    plant,
    post,
    seen,
    seen_videos,
    told,
    watch_row,
)
from workers.policy.monitoring.words import WordRule

WEEK = timedelta(weeks=1)


class Round:
    """A watch that looks again and again; its clock goes on with each look."""

    def __init__(self, engine: Engine, **more: Any) -> None:
        self.engine = engine
        self.hands = Hands(engine)
        self.watch = add(engine, post(**{"min_interval": 0, **more}))
        self.now: datetime = self.watch.created_at

    def look(self, *texts: str) -> int:
        """One look that sees these comments; the number of alerts that follow."""
        assert len(plant(self.engine, self.now)) == 1
        self.hands.see(*texts)
        raised = judge(self.engine, self.now).alerts
        self.now = watch_row(self.engine, self.watch.id).next_due
        return raised


def test_the_first_look_is_what_later_ones_are_compared_with(ledger: Engine) -> None:
    watched = Round(ledger)
    assert watched.look("刹车不行", "好看") == 0
    assert [(look.seen, look.new, look.matched, look.baseline) for look in looks(ledger)] == [(2, 2, 0, True)]
    assert watched.look("刹车不行", "好看") == 0
    assert (looks(ledger)[-1].new, looks(ledger)[-1].matched) == (0, 0)


def test_only_what_is_new_is_kept_and_told_of(ledger: Engine) -> None:
    watched = Round(ledger)
    watched.look("好看")
    (kept,) = [watched.hands.see("好看", "刹车失灵", "不错") for _ in plant(ledger, watched.now)]
    assert [one["text"] for one in kept[0]["comments"]] == ["刹车失灵", "不错"]
    assert (kept[0]["new"], kept[0]["first"]) == (2, False)
    assert judge(ledger, watched.now).alerts == 1
    assert judge(ledger, watched.now) == judge(ledger, watched.now)
    (alert,) = alerts(ledger)
    assert alert.subject == f"watch:{watched.watch.id}"
    assert "刹车" in alert.text
    assert told(ledger)[0]["words"] == {"刹车": 1}
    texts = read(ledger, lambda session: session.scalars(select(CollectedComment.text)).all())
    assert sorted(texts) == sorted(["好看", "刹车失灵", "不错"])
    title = read(ledger, lambda session: session.scalars(select(CollectedTitle)).one())
    assert title.comments_collected_at is None  # a look is no collection


@pytest.mark.parametrize(
    ("flow", "params"), [("monitor_account", {"author_id": "xiaopeng"}), ("monitor_keyword", {"keyword": "刹车"})]
)
def test_of_accounts_and_words_only_new_videos_are_kept_and_told_of(
    ledger: Engine, flow: str, params: dict[str, Any]
) -> None:
    watched = Round(ledger, flow=flow, params=params)
    kept = []
    for titles in (["旧的"], ["刹车召回", "旧的"], ["刹车召回", "刹车召回", "好看", "旧的"]):
        (task_id,) = plant(ledger, watched.now)
        kept.append(watched.hands.result(task_id, seen_videos(flow, *titles)))
        judge(ledger, watched.now)
        watched.now = watch_row(ledger, watched.watch.id).next_due
    assert [[one["title"] for one in result["titles"]] for result in kept] == [
        ["旧的"], ["刹车召回"], ["刹车召回", "好看"],
    ]  # fmt: skip
    assert [(result["new"], result["first"]) for result in kept] == [(1, True), (1, False), (2, False)]
    assert counts(ledger) == [1, 1]
    assert "1 new video counts" in alerts(ledger)[0].text
    titles_kept = read(ledger, lambda session: session.scalars(select(CollectedTitle.title)).all())
    assert sorted(titles_kept) == sorted(["旧的", "刹车召回", "好看"])


def test_an_alert_names_no_commenter_and_quotes_no_comment(ledger: Engine) -> None:
    watched = Round(ledger)
    watched.look("好看")
    watched.look("好看", "刹车失灵了我很生气")
    (alert,) = alerts(ledger)
    every = alert.text + alert.remedy + str(alert.details)
    assert "甲" not in every
    assert "刹车失灵了我很生气" not in every


def test_each_item_is_told_of_once_however_often_it_is_seen(ledger: Engine) -> None:
    watched = Round(ledger)
    watched.look()
    assert watched.look("刹车失灵") == 1
    for _ in range(4):
        assert watched.look("刹车失灵") == 0
    assert watched.look("刹车失灵", "刹车又失灵") == 1
    assert counts(ledger) == [1, 1]


def test_two_watches_of_one_owner_tell_of_an_item_once(ledger: Engine) -> None:
    watched = Round(ledger)
    other = add(ledger, post("失灵", words=WordRule(any=("失灵",)), min_interval=0))
    now = max(watched.now, other.created_at)
    for texts in (("好看",), ("好看", "刹车失灵"), ("好看", "刹车失灵", "转向失灵")):
        assert len(plant(ledger, now)) == 2
        watched.hands.see(*texts)
        judge(ledger, now)
        now += timedelta(minutes=20)
    assert counts(ledger) == [1, 1]
    assert alerts(ledger)[-1].subject == f"watch:{other.id}"  # the other watch has no word of 转向失灵


def test_a_channel_is_told_of_each_alert_once(ledger: Engine) -> None:
    channel = {
        "id": "c", "name": "群", "kind": "feishu", "sealed": "", "kinds": ["watch_matched"], "every": 60,
        "not_before": ENDED_AT, "failures": 0, "created_at": ENDED_AT, "created_by": "test",
    }  # fmt: skip
    write(ledger, lambda session: session.execute(insert(AlertChannel), [channel]))
    watched = Round(ledger)
    watched.look("好看")
    watched.look("好看", "刹车失灵")
    watched.look("好看", "刹车失灵")
    assert rows_in(ledger, AlertNotice) == 1


def test_two_equal_comments_are_two_items(ledger: Engine) -> None:
    watched = Round(ledger, threshold=2, words=WordRule(any=("顶",)))
    watched.look("好看")
    result = seen("顶", "顶", "好看")
    result["comments"] = [{**comment, "commenter": "甲0"} for comment in result["comments"]]
    (task_id,) = plant(ledger, watched.now)
    kept = watched.hands.result(task_id, result)
    assert kept["new"] == 2  # 好看 of 甲0 is known
    assert judge(ledger, watched.now).alerts == 1
    assert counts(ledger)[0] == 2


def test_what_the_words_rule_out_does_not_count(ledger: Engine) -> None:
    watched = Round(ledger, words=WordRule(any=("刹车",), none=("广告",)))
    watched.look("好看")
    assert watched.look("好看", "刹车片广告") == 0
    assert (looks(ledger)[-1].new, looks(ledger)[-1].matched) == (1, 0)


def test_a_threshold_counts_over_looks(ledger: Engine) -> None:
    watched = Round(ledger, threshold=3, window=120)
    watched.look("好看")
    assert watched.look("好看", "刹车一") == 0
    assert watched.look("好看", "刹车一", "刹车二") == 0
    assert watched.look("好看", "刹车一", "刹车二", "刹车三") == 1
    assert counts(ledger)[0] == 3


def test_a_mood_narrows_what_counts(ledger: Engine) -> None:
    watched = Round(ledger, words=WordRule(), mood="negative")
    watched.look("好看")
    assert watched.look("好看", "刹车失灵太差了", "真不错") == 1
    assert counts(ledger)[0] == 1


def test_the_least_interval_gathers_what_comes_meanwhile(ledger: Engine) -> None:
    watched = Round(ledger, min_interval=60)
    watched.look("好看")
    assert watched.look("好看", "刹车一") == 1
    assert watched.look("好看", "刹车一", "刹车二") == 0
    assert watched.look("好看", "刹车一", "刹车二", "刹车三") == 0
    again = watch_row(ledger, watched.watch.id).judge_at
    assert again is not None
    assert judge(ledger, again - timedelta(seconds=1)).alerts == 0
    assert judge(ledger, again).alerts == 1
    assert counts(ledger) == [1, 2]
    assert judge(ledger, again).alerts == 0


def test_quiet_hours_hold_an_alert_back_until_they_end(ledger: Engine) -> None:
    watched = Round(ledger, quiet="00:00-23:59")
    watched.look("好看")
    watched.now = moment("2036-05-01T10:00:00")
    assert watched.look("好看", "刹车失灵") == 0
    again = watch_row(ledger, watched.watch.id).judge_at
    assert again == moment("2036-05-01T23:59:00")
    assert judge(ledger, again).alerts == 1


def test_what_is_unusual_for_the_hour_is_told_of_below_the_threshold(ledger: Engine) -> None:
    watched = Round(ledger, threshold=1000, deviation=6.0, least=3)
    watched.look("好看")
    hour = watched.now.replace(minute=0, second=0, microsecond=0)
    weeks = [{"watch_id": watched.watch.id, "hour": hour - timedelta(weeks=week), "looks": 6, "new": 9, "matched": 0}
             for week in range(1, 6)]  # fmt: skip
    write(ledger, lambda session: session.execute(insert(WatchHour), weeks))
    assert watched.look("好看", *(f"刹车{number}" for number in range(9))) == 1
    assert "usual" in alerts(ledger)[0].text
    counted = select(WatchHour.matched).where(WatchHour.hour == hour)
    assert read(ledger, lambda session: session.scalar(counted)) == 9


def test_items_keep_no_name_and_no_text(ledger: Engine) -> None:
    watched = Round(ledger)
    watched.look("好看", "刹车失灵")
    for item in items(ledger):
        kept = " ".join(str(getattr(item, column.key)) for column in item.__table__.columns)
        assert "甲" not in kept
        assert "好看" not in kept


def test_what_a_watch_remembers_goes_with_retention(ledger: Engine) -> None:
    watched = Round(ledger)
    watched.look("好看", "刹车失灵")
    watched.look("好看")

    def forget(deleting: Callable[[Session, datetime], int], before: datetime) -> int:
        return write(ledger, lambda session: deleting(session, before))

    for deleting, table in (
        (delete_old_items, WatchItem), (delete_old_looks, WatchLook), (delete_old_hours, WatchHour)
    ):  # fmt: skip
        assert forget(deleting, watched.watch.created_at - WEEK) == 0
        assert rows_in(ledger, table) > 0
        while forget(deleting, watched.now + WEEK):
            pass
        assert rows_in(ledger, table) == 0


def test_a_look_that_runs_outlives_retention(ledger: Engine) -> None:
    watch = add(ledger, post())
    plant(ledger, watch.created_at)
    assert write(ledger, lambda session: delete_old_looks(session, watch.created_at + WEEK)) == 0


def test_one_persons_data_is_erased_from_what_a_watch_kept(ledger: Engine) -> None:
    watched = Round(ledger)
    watched.look("好看")
    watched.look("好看", "刹车失灵")
    assert find_person(ledger, "甲1")["comments"] == 1
    erase_person(ledger, "甲1", "test")
    assert not any(find_person(ledger, "甲1").values())
