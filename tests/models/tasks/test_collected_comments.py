"""Each comment of a video once, with every sighting of it; what each task brought can still be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select, text

from models import migrate
from models.database.engine import connect
from models.tables import CollectedComment, CommentSighting
from models.tasks.completeness import completeness
from models.transactions.read_write import read
from tests.support.ledger.drive import AUTHOR, app, online_worker, owned_author, plant, ready, take, task
from tests.support.threads import at_once
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def one(
    commenter: str,
    words: str,
    hours_ago: float = 1,
    precision: str | None = "minute",
    likes: int = 1,
    time: str = "1小时前",
) -> dict[str, Any]:
    at = (NOON - timedelta(hours=hours_ago)).isoformat() if precision else None
    return {
        "commenter": commenter, "text": words, "likes": likes, "replies": 0, "time": time, "at": at,
        "precision": precision, "place": "广东",
    }  # fmt: skip


def collect(engine: Engine, comments: list[dict[str, Any]], serial: str = "p1") -> Any:
    """A task that brings these comments of one video."""
    identity = online_worker(engine, serial)
    wanted = app.signature("collect_comments", kwargs={"author_id": AUTHOR, "title": "标题"}, queue=f"phone.{serial}")
    got = take(engine, ready(engine, plant(engine, wanted))[0], identity)
    result = {
        "author_id": AUTHOR,
        "author": "小鹏",
        "title": "标题",
        "comments": comments,
        "asked": 50,
        "got": len(comments),
    }
    record(engine, got, Succeeded(result))
    return task(engine, got.fence.task_id)


def stored(engine: Engine) -> list[CollectedComment]:
    return read(engine, lambda s: list(s.scalars(select(CollectedComment).order_by(CollectedComment.id))))


def sightings(engine: Engine, task_id: str) -> list[CommentSighting]:
    query = select(CommentSighting).where(CommentSighting.task_id == task_id).order_by(CommentSighting.position)
    return read(engine, lambda s: list(s.scalars(query)))


def test_seven_comments_collected_twice_are_seven_with_their_counts_over_time(ledger: Engine) -> None:
    owned_author(ledger)
    some = [one(f"u{number}", "好", likes=number) for number in range(7)]
    first = collect(ledger, some)
    second = collect(ledger, [one("u9", "新"), *({**row, "likes": row["likes"] + 10} for row in some)])
    rows = stored(ledger)
    assert [row.commenter for row in rows] == [*(f"u{number}" for number in range(7)), "u9"]
    assert [row.likes for row in rows[:7]] == [number + 10 for number in range(7)]
    assert {row.first_task_id for row in rows[:7]} == {first.id}
    assert all(row.first_seen_at < row.last_seen_at for row in rows[:7])
    assert [seen.likes for seen in sightings(ledger, first.id)] == list(range(7))
    assert [seen.comment_id for seen in sightings(ledger, second.id)] == [rows[7].id, *(row.id for row in rows[:7])]


def test_a_comment_is_the_same_though_its_time_reads_otherwise(ledger: Engine) -> None:
    owned_author(ledger)
    collect(ledger, [one("u", "好", 3, "hour", time="3小时前 · 广东")])
    collect(ledger, [one("u", "好", 3.4, "minute", time="昨天 08:36")])
    (row,) = stored(ledger)
    assert (row.posted_precision, row.time, row.place) == ("minute", "昨天 08:36", "广东")
    assert row.posted_at == NOON - timedelta(hours=3.4)


def test_one_text_of_one_person_at_two_times_is_two_comments(ledger: Engine) -> None:
    owned_author(ledger)
    collect(ledger, [one("u", "顶", 50)])
    collect(ledger, [one("u", "顶", 2), one("u", "顶", 50)])
    collect(ledger, [one("u", "顶", 2), one("u", "顶", 50)])
    assert len(stored(ledger)) == 2


@pytest.mark.parametrize("words", ["", "😀", "😂", "顶 "])
def test_stickers_and_like_texts_are_told_apart(ledger: Engine, words: str) -> None:
    owned_author(ledger)
    for _ in range(2):
        collect(ledger, [one("u", words, 1), one("u", "顶", 1), one("u", words, 30)])
    assert [row.text for row in stored(ledger)] == [words, "顶", words]


def test_a_comment_without_a_moment_is_kept_once(ledger: Engine) -> None:
    owned_author(ledger)
    for _ in range(2):
        collect(ledger, [one("u", "好", precision=None, time="置顶")])
    (row,) = stored(ledger)
    assert (row.posted_at, row.time) == (None, "置顶")


def test_a_count_that_was_not_shown_is_not_zero(ledger: Engine) -> None:
    owned_author(ledger)
    collect(ledger, [one("u", "好", likes=5)])
    brought = collect(ledger, [{**one("u", "好"), "likes": None}])
    assert stored(ledger)[0].likes == 5
    assert sightings(ledger, brought.id)[0].likes is None


def test_phones_that_bring_the_same_comments_at_once_keep_them_once(ledger: Engine) -> None:
    owned_author(ledger)
    some = [one(f"u{number}", "好") for number in range(30)]
    brought = at_once([partial(collect, ledger, some, f"p{at}") for at in range(4)])
    assert {done.state for done in brought} == {"succeeded"}
    assert len(stored(ledger)) == 30
    assert all(len(sightings(ledger, done.id)) == 30 for done in brought)


def test_completeness_tells_how_many_were_asked_for_and_came(ledger: Engine) -> None:
    owned_author(ledger)
    brought = collect(ledger, [one(f"u{number}", "好") for number in range(7)])
    counted = read(ledger, lambda s: completeness(s, brought.campaign_id)).as_json()
    assert counted["collected"] == {"titles_with_comments": 1, "comments": 7}
    assert counted["brought"] == {
        "collect_comments": {"asked": 50, "got": 7, "missing": 43, "why": {"there were no more": 43}}
    }


OLD_ROWS = [  # task, position, commenter, text, likes, time, seconds after the first
    ("t1", 0, "u", "好", 1, "3小时前", 0),
    ("t1", 1, "u", "好", 2, "5小时前", 0),
    ("t1", 2, "v", "好", 3, "刚刚", 0),
    ("t2", 0, "w", "新", 0, "刚刚", 86400),
    ("t2", 1, "u", "好", 9, "昨天 17:10", 86400),
    ("t2", 2, "u", "好", 8, "昨天 15:20", 86400),
    ("t2", 3, "v", "好", 7, "昨天 20:00", 86400),
    ("t3", 0, "v", "好", 7, "?", 90000),
]


@pytest.fixture
def before(database_url: str) -> Any:
    """A ledger as it was before each comment was kept once, with comments collected three times."""
    engine = connect(database_url)
    _upgrade(engine, "0006")
    first = datetime(2026, 1, 1, 12, 0)  # noqa: DTZ001 - as the database keeps it; 20:00 in China
    with engine.begin() as connection:
        for title in (1, 2):
            connection.execute(
                text("INSERT INTO titles (id, author_id, author, title, title_key, first_task_id, first_seen_at)"
                     " VALUES (:id, 'a', 'A', 't', :key, 't1', :at)"),
                {"id": title, "key": str(title), "at": first},
            )  # fmt: skip
            for name, position, commenter, words, likes, time, after in OLD_ROWS:
                connection.execute(
                    text("INSERT INTO comments (title_id, task_id, position, commenter, text, likes, replies, time,"
                         " collected_at) VALUES (:title, :task, :position, :commenter, :text, :likes, 0, :time, :at)"),
                    {"title": title, "task": f"{name}-{title}", "position": position, "commenter": commenter,
                     "text": words, "likes": likes, "time": time, "at": first + timedelta(seconds=after)},
                )  # fmt: skip
    yield engine
    engine.dispose()


def _upgrade(engine: Engine, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate._SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def test_the_migration_merges_what_was_collected_again(before: Engine) -> None:
    migrate.upgrade(before)
    for title in (1, 2):
        rows = [row for row in stored(before) if row.title_id == title]
        assert sorted((row.commenter, row.text, row.time, row.likes) for row in rows) == [
            ("u", "好", "昨天 15:20", 8),
            ("u", "好", "昨天 17:10", 9),
            ("v", "好", "刚刚", 7),
            ("w", "新", "刚刚", 0),
        ]
        assert [seen.likes for seen in sightings(before, f"t1-{title}")] == [1, 2, 3]
        assert [seen.likes for seen in sightings(before, f"t2-{title}")] == [0, 9, 8, 7]
        assert len(sightings(before, f"t3-{title}")) == 1
    assert {row.first_task_id for row in stored(before)} == {"t1-1", "t1-2", "t2-1", "t2-2"}
