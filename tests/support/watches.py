"""A ledger with watches: plants and judges looks at a given moment, and carries them out without a phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models.responsible_use.authors import register_author
from models.tables import Alert, Task, Watch, WatchItem, WatchLook
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.enums import LookOutcome
from tests.support.ledger.drive import change, now, online_worker, past, take
from tests.support.ledger.ended import VIDEO, comment
from workers.attempts.outcome import Failed, Outcome, Succeeded
from workers.attempts.record import record
from workers.campaigns.watches.judge_looks import Judged, judge_looks
from workers.campaigns.watches.manage import OPERATOR, Owner, add_watch
from workers.campaigns.watches.plant_looks import plant_looks
from workers.campaigns.watches.watch_spec import WatchSpec
from workers.policy.monitoring.words import WordRule
from workers.runtime.worker_identity import WorkerIdentity

ZONE = ZoneInfo("Asia/Shanghai")


def post(name: str = "刹车", **more: Any) -> WatchSpec:
    """A watch of one video, every 10 minutes."""
    known: dict[str, Any] = {"flow": "monitor_post", "params": VIDEO, "every": 10, "words": WordRule(any=("刹车",))}
    return WatchSpec(name, **known | more)


def add(engine: Engine, spec: WatchSpec, owner: Owner = OPERATOR) -> Watch:
    """Add a watch of an author that is known; its row."""
    register_author(engine, VIDEO["author_id"], "小鹏汽车")
    return write(engine, lambda session: add_watch(session, owner, spec, "test", ZONE))


def plant(engine: Engine, at: datetime) -> list[str]:
    """Plant what is due at a moment; the ids of its tasks."""
    return plant_looks(engine, ZONE, lambda _: at)


def judge(engine: Engine, at: datetime) -> Judged:
    """Judge what ended, at a moment; what was recorded since the last time happened then."""

    def move(session: Session) -> None:
        mine = WatchLook.outcome == LookOutcome.LOOKED
        tasks = session.scalars(select(WatchLook.task_id).where(mine)).all()
        session.execute(update(WatchLook).where(mine).values(looked_at=at))
        session.execute(update(WatchItem).where(WatchItem.task_id.in_(tasks)).values(first_seen_at=at))

    write(engine, move)
    return judge_looks(engine, ZONE, lambda _: at)


def looks(engine: Engine) -> list[WatchLook]:
    """All looks, in the order of their due times."""
    return read(engine, lambda session: list(session.scalars(select(WatchLook).order_by(WatchLook.due, WatchLook.id))))


def items(engine: Engine) -> list[WatchItem]:
    """All items that watches have seen."""
    return read(engine, lambda session: list(session.scalars(select(WatchItem).order_by(WatchItem.item_key))))


def alerts(engine: Engine, kind: str = "watch_matched") -> list[Alert]:
    """The alerts of a kind, oldest first."""
    wanted = select(Alert).where(Alert.kind == kind).order_by(Alert.id)
    return read(engine, lambda session: list(session.scalars(wanted)))


def told(engine: Engine) -> list[dict[str, Any]]:
    """The details of each alert about what was found, oldest first."""
    return [dict(alert.details or {}) for alert in alerts(engine)]


def counts(engine: Engine) -> list[int]:
    """How many items each alert tells of, oldest first."""
    return [int(one["count"]) for one in told(engine)]


def watch_row(engine: Engine, watch_id: str) -> Watch:
    """A watch as it is now."""
    return read(engine, lambda session: session.get_one(Watch, watch_id))


def seen(*texts: str) -> dict[str, Any]:
    """What monitor_post gives: these comments are on the video."""
    found = [comment(number, text) for number, text in enumerate(texts)]
    return {
        **VIDEO, "author": "小鹏汽车", "shown_count": len(found), "looked_at": len(found), "ended": True, "gaps": 0,
        "comments": found, "new": None, "first": None,
    }  # fmt: skip


def seen_videos(flow: str, *titles: str) -> dict[str, Any]:
    """What monitor_account or monitor_keyword gives: these videos are there."""
    about = {"author_id": VIDEO["author_id"], "author": "小鹏汽车"}
    found = [{**about, "title": one, "shown_count": 3, "time": "刚刚", "at": None, "precision": None} for one in titles]
    what = about if flow == "monitor_account" else {"keyword": "刹车"}
    return {**what, "looked_at": len(found), "ended": True, "gaps": 0, "titles": found, "new": None, "first": None}


class Hands:
    """A phone's worker that carries out looks."""

    def __init__(self, engine: Engine, serial: str = "p1", *, sandbox: bool = False) -> None:
        self.engine = engine
        self.worker: WorkerIdentity = online_worker(engine, serial, sandbox=sandbox)

    def look(self, task_id: str, outcome: Outcome) -> None:
        """Take a task and record what came of it."""
        change(self.engine, task_id, not_before=past(self.engine), latest_end=now(self.engine) + timedelta(hours=1))
        record(self.engine, take(self.engine, task_id, self.worker), outcome)

    def see(self, *texts: str) -> list[dict[str, Any]]:
        """Carry out every look that is ready: it sees these comments. What is new to each."""
        return [self.result(task_id, seen(*texts)) for task_id in self.ready()]

    def result(self, task_id: str, result: dict[str, Any]) -> dict[str, Any]:
        """Carry out one look; its result as the ledger keeps it."""
        self.look(task_id, Succeeded(result))
        kept: Any = read(self.engine, lambda session: session.get_one(Task, task_id).result)
        return dict(kept)

    def fail(self, code: str = "video_not_found") -> int:
        """Let every look that is ready fail for good; their number."""
        waiting = self.ready()
        for task_id in waiting:
            self.look(task_id, Failed(code, "不见了"))
        return len(waiting)

    def ready(self) -> Sequence[str]:
        """The tasks that are ready, oldest first."""
        wanted = select(Task.id).where(Task.state == State.READY).order_by(Task.created_at, Task.id)
        return read(self.engine, lambda session: session.scalars(wanted).all())


def watch_with_alert(engine: Engine, name: str = "刹车", said: str = "刹车失灵了") -> Watch:
    """A watch that looked three times: it found nothing, then what it tells of, and then failed."""
    watch = add(engine, post(name, min_interval=0))
    hands, now = Hands(engine, "watcher"), watch.created_at
    for texts in (("好看",), ("好看", said), None):
        (task_id,) = [one for one in plant(engine, now) if one]
        if texts is None:
            hands.look(task_id, Failed("video_not_found", "不见了"))
        else:
            hands.result(task_id, seen(*texts))
        judge(engine, now)
        now = watch_row(engine, watch.id).next_due
    return watch


def moment(text: str) -> datetime:
    """A moment by the operator's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)
