"""This process's worker: built once, after the fork; its tasks find it here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import Engine

from flows.profile import AppProfile, load_profile
from workers.app import app
from workers.desk import DESK
from workers.dispatch.next_ticket import NextTicket
from workers.execution.phone_connection import PhoneConnection
from workers.execution.shelf_picture import ShelfPictures
from workers.execution.ticket_events import TicketEvents
from workers.runtime.picture_folder import PictureFolder
from workers.runtime.redis_client import redis_client
from workers.runtime.worker_identity import DESK_QUEUE, WorkerIdentity
from workers.settings import Settings

REDIS_SECONDS = 2.0  # for an answer to one that asks for its next ticket: Celery's consumer waits for longer outages

# Loaded before the fork, by the warm-up, it lies in memory that all workers share.
load_app_profile = cache(load_profile)


def runs_tickets(name: str) -> bool:
    """Returns whether this is a function at the desk whose Celery task does nothing but run its tickets."""
    return name in DESK and getattr(app.tasks.get(name), "runs_tickets", False) is True


@dataclass(frozen=True, slots=True)
class Worker:
    """The parts of one worker process: its identity, connection, settings, profile and pictures for the shelf."""

    identity: WorkerIdentity
    engine: Engine  # of the ledger
    settings: Settings
    profile: AppProfile  # of the app that this fleet runs
    connection: PhoneConnection
    pictures: ShelfPictures
    tickets: NextTicket | None = None  # at the desk: those that it takes itself
    events: TicketEvents = field(default_factory=TicketEvents)  # of these

    @classmethod
    def of(cls, identity: WorkerIdentity, engine: Engine, config: Settings) -> Worker:
        """Makes a worker that is not connected to its phone yet. Raises ValueError for an unreadable profile."""
        pictures = ShelfPictures(identity.serial or "", PictureFolder(config.var))
        tickets = None
        if identity.serial is None:
            redis = redis_client(config.redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
            tickets = NextTicket(redis, DESK_QUEUE, runs_tickets)
        profile = load_app_profile(config.profile)
        return cls(identity, engine, config, profile, PhoneConnection(identity), pictures, tickets)


# Celery calls a task with its message alone: this is where the task finds the worker that it runs in.
_this: list[Worker] = []


def set_worker(worker: Worker) -> None:
    """Makes this process that worker, for its whole life. Raises RuntimeError when it is a worker already."""
    if _this:
        raise RuntimeError(f"this process already serves {_this[0].identity.name}")
    _this.append(worker)


def current_worker() -> Worker:
    """Returns this process's worker. Raises RuntimeError when it has none."""
    if not _this:
        raise RuntimeError("this process is no phone worker: tasks run only in workers that a host agent forked")
    return _this[0]
