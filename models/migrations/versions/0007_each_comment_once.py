"""Each comment of a video once, with every sighting of it"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, UtcTime
from models.tasks.same_comment import Posted, match

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BATCH = 500  # rows of one statement
CHINA = timezone(timedelta(hours=8))  # what the times shown so far were reckoned in
OLD, NEW, SIGHTINGS = "comments_before", "comments", "comment_sightings"


def upgrade() -> None:
    """Merge video by video; on MySQL each is committed by itself, and an upgrade that was cut off goes on."""
    bind = op.get_bind()
    there = set(sa.inspect(bind).get_table_names())
    if OLD not in there:
        if not _mysql():  # where names of indexes are those of the whole database
            op.drop_index("ix_comments_commenter", table_name=NEW)
            op.drop_index("ix_comments_title", table_name=NEW)
        op.rename_table(NEW, OLD)
        there.discard(NEW)
    if NEW not in there:
        _make_comments()
    if SIGHTINGS not in there:
        _make_sightings()
    for title_id in _titles(bind):
        _merge(bind, title_id)
        if _mysql():
            bind.exec_driver_sql("COMMIT")
    op.drop_table(OLD)


def _mysql() -> bool:
    return op.get_bind().dialect.name in ("mysql", "mariadb")


def _long_text() -> sa.Text:
    return sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql")


def _make_comments() -> None:
    op.create_table(
        NEW,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("comment_key", sa.String(length=32), nullable=False),
        sa.Column("commenter", _long_text(), nullable=False),
        sa.Column("text", _long_text(), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("time", sa.String(length=64), nullable=False),
        sa.Column("posted_at", UtcTime(), nullable=True),
        sa.Column("posted_precision", sa.String(length=64), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("first_task_id", sa.String(length=36), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"]),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_comments_title_key", NEW, ["title_id", "comment_key"])
    op.create_index("ix_comments_commenter", NEW, ["commenter"], mysql_length=191, mariadb_length=191)


def _make_sightings() -> None:
    op.create_table(
        SIGHTINGS,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("time", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], [f"{NEW}.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("task_id", "position", name="uq_comment_sightings_task_position"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_comment_sightings_comment", SIGHTINGS, ["comment_id", "seen_at"])


_OLD = sa.table(
    OLD,
    *(sa.column(name) for name in ("id", "title_id", "task_id", "position", "commenter", "text", "likes", "replies")),
    sa.column("time"),
    sa.column("collected_at", UtcTime()),
)
_NEW = sa.table(
    NEW,
    *(sa.column(name) for name in ("id", "title_id", "comment_key", "commenter", "text", "place", "time")),
    *(sa.column(name) for name in ("posted_precision", "likes", "replies", "first_task_id")),
    *(sa.column(name, UtcTime()) for name in ("posted_at", "first_seen_at", "last_seen_at")),
)
_SIGHTINGS = sa.table(
    SIGHTINGS,
    *(sa.column(name) for name in ("comment_id", "task_id", "position", "likes", "replies", "time")),
    sa.column("seen_at", UtcTime()),
)


def _titles(bind: sa.Connection) -> Iterator[int]:
    """The titles whose comments are still to be merged; a merged one has none left."""
    while True:
        some = bind.scalars(sa.select(_OLD.c.title_id).distinct().order_by(_OLD.c.title_id).limit(BATCH)).all()
        if not some:
            return
        yield from some


def _merge(bind: sa.Connection, title_id: int) -> None:
    """The comments of one title, collection by collection in the order of time."""
    known: dict[str, list[dict[str, Any]]] = {}
    sightings: list[tuple[dict[str, Any], Any]] = []
    for rows in _collections(bind, title_id):
        by_key: dict[str, list[Any]] = {}
        for row in rows:
            by_key.setdefault(_key(row.commenter, row.text), []).append(row)
        for key, mine in by_key.items():
            there = known.setdefault(key, [])
            seen = [_posted(row.time, row.collected_at) for row in mine]
            before = [Posted(one["posted_at"], one["posted_precision"]) for one in there]
            for row, posted, place in zip(mine, seen, match(before, seen), strict=True):
                if place is None:
                    there.append(_comment(title_id, key, row))
                comment = there[-1] if place is None else there[place]
                _see(comment, row, posted)
                sightings.append((comment, row))
    _write(bind, title_id, [one for some in known.values() for one in some], sightings)


def _collections(bind: sa.Connection, title_id: int) -> Iterator[list[Any]]:
    """What each task saw, the earliest first."""
    query = (
        sa.select(_OLD)
        .where(_OLD.c.title_id == title_id)
        .order_by(_OLD.c.collected_at, _OLD.c.task_id, _OLD.c.position)
    )
    rows: list[Any] = []
    for row in bind.execute(query):
        if rows and rows[0].task_id != row.task_id:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _comment(title_id: int, key: str, row: Any) -> dict[str, Any]:
    return {
        "title_id": title_id,
        "comment_key": key,
        "commenter": row.commenter,
        "text": row.text,
        "place": "",
        "time": row.time,
        "posted_at": None,
        "posted_precision": None,
        "first_task_id": row.task_id,
        "first_seen_at": row.collected_at,
    }


def _see(comment: dict[str, Any], row: Any, posted: Posted) -> None:
    before = Posted(comment["posted_at"], comment["posted_precision"])
    closer = before.or_closer(posted)
    if closer is not before:
        comment |= {"posted_at": closer.at, "posted_precision": closer.precision, "time": row.time}
    comment |= {"likes": row.likes, "replies": row.replies, "last_seen_at": row.collected_at}


def _write(
    bind: sa.Connection,
    title_id: int,
    comments: Sequence[dict[str, Any]],
    sightings: Sequence[tuple[dict[str, Any], Any]],
) -> None:
    first = (bind.scalar(sa.select(sa.func.max(_NEW.c.id))) or 0) + 1
    for number, comment in enumerate(comments, first):
        comment["id"] = number
    seen = [
        {
            "comment_id": comment["id"],
            "task_id": row.task_id,
            "position": row.position,
            "likes": row.likes,
            "replies": row.replies,
            "time": row.time,
            "seen_at": row.collected_at,
        }
        for comment, row in sightings
    ]
    for table, values in ((_NEW, comments), (_SIGHTINGS, seen)):
        for start in range(0, len(values), BATCH):
            bind.execute(sa.insert(table), values[start : start + BATCH])
    bind.execute(sa.delete(_OLD).where(_OLD.c.title_id == title_id))


def _key(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:32]


_AGO = re.compile(r"(\d{1,6})\s*(秒|分钟|分|小时|天|周|个月|年)前")
_DAY = re.compile(r"(今天|昨天|前天)\s*(?:(\d{1,2}):(\d{2}))?")
_DATE = re.compile(r"(?:(\d{4})[-/年])?(\d{1,2})[-/月](\d{1,2})日?(?:\s+(\d{1,2}):(\d{2}))?")
_UNITS = {
    "秒": (1, "second"), "分钟": (60, "minute"), "分": (60, "minute"), "小时": (3600, "hour"), "天": (86400, "day"),
    "周": (604800, "week"), "个月": (2592000, "month"), "年": (31536000, "year"),
}  # fmt: skip


def _posted(text: str, seen_at: datetime) -> Posted:
    """The moment of a time as it was shown, read as the flows of that time read it."""
    text, now = text.strip(), seen_at.astimezone(CHINA)
    try:
        if text in ("刚刚", "刚才"):
            return Posted(seen_at, "minute")
        if ago := _AGO.fullmatch(text):
            seconds, precision = _UNITS[ago[2]]
            return Posted(seen_at - timedelta(seconds=int(ago[1]) * seconds), precision)
        if day := _DAY.fullmatch(text):
            back = {"今天": 0, "昨天": 1, "前天": 2}[day[1]]
            moment = (now - timedelta(days=back)).replace(
                hour=int(day[2] or 0), minute=int(day[3] or 0), second=0, microsecond=0
            )
            return Posted(moment.astimezone(UTC), "minute" if day[2] else "day")
        if date := _DATE.fullmatch(text):
            year, month, on, hour, minute = (int(part or 0) for part in date.groups())
            moment = datetime(year or now.year, month, on, hour, minute, tzinfo=CHINA)
            if not year and moment > now:
                moment = moment.replace(year=now.year - 1)
            return Posted(moment.astimezone(UTC), "minute" if date[4] else "day")
    except (ValueError, OverflowError):
        pass
    return Posted()
