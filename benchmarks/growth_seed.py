"""Two ledgers for `make bench-growth`: so many ended tasks, with what they left behind, made by the server itself.

Each task has an attempt, and a customer's a change of its state; every tenth has an action, on an earlier day; the
records are those of benchmarks/seed.py. Campaigns have 100 tasks each, so a ledger with more tasks has more campaigns.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benchmarks.lists import AUTHORS, KEYS, Size, columns_of, draw, fill
from benchmarks.seed import seed
from models.transactions.read_write import write
from tests.support.ledger.drive import AUTHOR, owned_author
from tests.support.ledger.ended import add_key

CAMPAIGN = 100  # tasks of one
AT_ONCE = 100_000
ACTION_EVERY = 10  # tasks
AGO = timedelta(days=30)  # when the first task was planted; after a million, a task each second, it is the 18th day
ENDED = ("succeeded",) * 18 + ("failed", "stopped")
OUTCOMES = "IF(t.state = 'succeeded', 'succeeded', IF(t.state = 'failed', 'failed', 'stopped'))"


def size_of(engine: Engine, tasks: int) -> Size:
    """Returns the ledger's size: its tasks ended, and its campaigns closed."""
    start = datetime.now(UTC).replace(microsecond=0) - AGO
    created = f"TIMESTAMPADD(SECOND, seq, '{start:%Y-%m-%d %H:%M:%S}')"
    hour = f"TIMESTAMPDIFF(HOUR, '1970-01-01', {created})"
    return Size(
        engine,
        tasks,
        campaigns=max(1, tasks // CAMPAIGN),
        states=ENDED,
        start=start,
        campaign={"outcome": "succeeded", "ended_at": start + timedelta(hours=1)},
        task={
            # as models/database/base.py has them: those of one hour begin alike
            "id": f"CONCAT(LOWER(LPAD(HEX({hour} % 256), 2, '0')), MID(MD5(seq), 3))",
            "not_before": created,
            "latest_end": f"TIMESTAMPADD(DAY, 1, {created})",
            "started_at": f"TIMESTAMPADD(SECOND, 5, {created})",
            "ended_at": f"TIMESTAMPADD(SECOND, 65, {created})",
            "incarnation": f"CONCAT('worker-', {draw('phone', 40)})",
        },
    )


def grow(engine: Engine, tasks: int, records: int) -> None:
    """Fills a ledger that has its tables and no rows."""
    for key_id in KEYS:
        add_key(engine, key_id, most_waiting=10_000, last_position=tasks)
    owned_author(engine)
    size = size_of(engine, tasks)
    fill(size)
    for first in range(0, tasks, AT_ONCE):
        write(engine, partial(_left_behind, size=size, first=first, last=min(tasks, first + AT_ONCE) - 1))
    if records:
        seed(engine, records)
    write(engine, lambda s: s.execute(text("ANALYZE TABLE tasks, attempts, actions, state_changes")).all())


def _left_behind(session: Session, size: Size, first: int, last: int) -> None:
    session.execute(text("SET SESSION unique_checks = 0, foreign_key_checks = 0"))
    for statement in (_attempts, _changes, _actions):
        session.execute(text(statement(size, first, last)))


def _attempts(size: Size, first: int, last: int) -> str:
    names = ("id", "account_id", "phone_serial", "state", "started_at", "ended_at")
    drawn = columns_of(size)
    tasks = f"SELECT {', '.join(f'{drawn[name]} AS {name}' for name in names)} FROM seq_{first}_to_{last}"  # noqa: S608
    return (
        "INSERT INTO attempts (task_id, number, incarnation, phone_serial, account_id, started_at, ended_at, "  # noqa: S608
        "outcome, failure_code, recorded) "
        f"SELECT t.id, 1, 'worker', t.phone_serial, t.account_id, t.started_at, t.ended_at, {OUTCOMES}, "
        f"IF(t.state = 'failed', 'video_not_found', NULL), 1 FROM ({tasks}) AS t"
    )


def _changes(size: Size, first: int, last: int) -> str:
    drawn = columns_of(size)
    return (
        "INSERT INTO state_changes (key_id, position, kind, subject_id, campaign_id, state, at) "  # noqa: S608
        f"SELECT {drawn['key_id']}, seq + 1, 'task', {drawn['id']}, {drawn['campaign_id']}, {drawn['state']}, "
        f"{drawn['ended_at']} FROM seq_{first}_to_{last}"
    )


def _actions(size: Size, first: int, last: int) -> str:
    drawn = columns_of(size)
    author = f"IF({draw('whose', 4)} = 0, '{AUTHOR}', CONCAT('author', LPAD({draw('author', AUTHORS)}, 3, '0')))"
    video, comment = (f"MD5(CONCAT('{what}', {draw(what, 100_000)}))" for what in ("video", "comment"))
    return (
        "INSERT INTO actions (task_id, attempt, incarnation, phone_serial, account_id, sandbox, kind, author_id, "  # noqa: S608
        "title, target_commenter, target_comment, text, video_key, comment_key, basis, asked_by, day, declared_at, "
        "outcome, ended_at, verified, recorded) "
        f"SELECT {drawn['id']}, 1, 'worker', {drawn['phone_serial']}, {drawn['account_id']}, 0, 'like_comment', "
        f"{author}, '标题', '小红', '好看', '', {video}, {comment}, 'owned', 'acme', DATE({drawn['started_at']}), "
        f"{drawn['started_at']}, 'done', {drawn['ended_at']}, 1, 1 "
        f"FROM seq_{first}_to_{last}_step_{ACTION_EVERY}"
    )
