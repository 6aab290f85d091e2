"""Drives a ledger in one process: takes ready tasks in any order, runs desk functions, records them.

Everything is the product's own but the tickets: which ready task comes next is chosen by the test.
(Through real messages and workers: tests/workers/execution/test_real_tickets.py.)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.canvas import Signature
from redis import Redis
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

import tests.support.ledger.desk_tasks  # noqa: F401 - what runs at the desk in these tests
from models.database.base import new_id
from models.database.clock import database_now
from models.fleet.accounts import register_account
from models.fleet.logins import account_seen
from models.fleet.phones import phone_online
from models.responsible_use.authors import register_author, set_basis
from models.tables import Attempt, Campaign, Edge, Task
from models.tasks.states import State
from models.tasks.transitions import ring_tickets
from models.transactions.read_write import read, write
from tests.support.canvas.tasks import call_text, make_app
from workers.app import app as fleet
from workers.attempts.claim import Claim, NotMine, claim
from workers.attempts.outcome import Failed, Outcome, Replaced, Succeeded
from workers.attempts.record import record
from workers.canvas.compile import compile_canvas
from workers.canvas.rows import Join, Planted
from workers.desk import DESK, Desk
from workers.dispatch.routing import ticket_priority
from workers.dispatch.tickets import queued_ids
from workers.planting.handle import Handle
from workers.planting.plant import LATEST_END, plant_campaign
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import POOL_QUEUE, WorkerIdentity

ZONE = "Asia/Shanghai"
LEASE = 60.0
AUTHOR = "xiaopeng"

app: Celery = make_app(lambda _: None, broker_url="memory://")


@app.task(name="echo", shared=False)
def echo(*args: Any) -> list[Any]:
    """Celery's side of the desk task: its arguments as a list."""
    return list(args)


def work(*args: Any, **kwargs: Any) -> Signature:
    """A desk task that succeeds."""
    return app.signature("work", args=args, kwargs=kwargs)


def fail(*args: Any) -> Signature:
    """A desk task that fails for good."""
    return app.signature("fail", args=args)


def gather(*args: Any) -> Signature:
    """A desk task that gives its arguments back as a list."""
    return app.signature("echo", args=args)


def like(title: str = "标题", commenter: str = "小红", comment: str = "好看", **options: Any) -> Signature:
    """A directed task: like one comment."""
    target = {"target_commenter": commenter, "target_comment": comment}
    params = {"kind": "like_comment", "author_id": AUTHOR, "title": title, **target}
    return app.signature("directed", kwargs=params, immutable=True, **options)


def titles(**options: Any) -> Signature:
    """A reading task of the pool."""
    return app.signature("collect_titles", kwargs={"author_id": AUTHOR, "count": 1}, immutable=True, **options)


def desk_worker() -> WorkerIdentity:
    """A worker at the desk."""
    return WorkerIdentity(None, "", 5038, "test", new_id(), own_slot())


def online_worker(engine: Engine, serial: str, account: str | None = None, *, sandbox: bool = False) -> WorkerIdentity:
    """A phone that is online, its worker, and the account logged in on it (by default one named for the phone)."""
    identity = WorkerIdentity(serial, serial, 5038, "test", new_id(), own_slot())
    phone_online(engine, serial, serial, "test", "SimPhone", identity.incarnation, sandbox=sandbox)
    account_seen(engine, serial, account or f"acc-{serial}", f"name of {account or serial}")
    return identity


def runs(*claims: Claim) -> dict[str, str]:
    """What a host says of its workers: incarnation → the task that it runs."""
    return {one.fence.incarnation: one.fence.task_id for one in claims}


def owned_author(engine: Engine, author_id: str = AUTHOR) -> None:
    """An author whose content we may act on."""
    register_author(engine, author_id, "小鹏汽车")
    set_basis(engine, author_id, "owned", who="admin")


def known_account(engine: Engine, account_id: str) -> None:
    """An account that is on no phone."""
    register_account(engine, account_id, account_id)


def compiled(canvas: Signature, join: str = "all") -> Planted:
    """A canvas compiled with ids as the ledger gives them."""
    wanted: Join = "settled" if join == "settled" else "all"
    return compile_canvas(canvas, new_id=new_id, join=wanted)


def plant_rows(
    engine: Engine,
    planted: Planted,
    *,
    join: str = "all",
    seed: int = 1,
    latest_end: timedelta = LATEST_END,
    sandbox: bool = False,
) -> str:
    """Plant compiled rows without ringing; the campaign's id."""
    campaign_id = new_id()

    def work(session: Session) -> None:
        campaign = Campaign(id=campaign_id, name="test", asked_by="test", seed=seed, join=join, sandbox=sandbox)
        plant_campaign(session, campaign, planted, latest_end)

    write(engine, work)
    return campaign_id


def plant(engine: Engine, canvas: Signature, join: str = "all", seed: int = 1, **more: Any) -> str:
    """Plant a canvas without ringing; the campaign's id."""
    return plant_rows(engine, compiled(canvas, join), join=join, seed=seed, **more)


def ready(engine: Engine, campaign_id: str) -> list[str]:
    """The ids of the campaign's ready tasks, in a fixed order."""
    wanted = select(Task.id).where(Task.campaign_id == campaign_id, Task.state == State.READY).order_by(Task.position)
    return read(engine, lambda session: list(session.scalars(wanted)))


def take(engine: Engine, task_id: str, identity: WorkerIdentity | None = None, lease: float = LEASE) -> Claim:
    """Claim a task that must be claimable."""
    got = try_to_take(engine, task_id, identity, lease)
    assert isinstance(got, Claim), got
    return got


def try_to_take(
    engine: Engine, task_id: str, identity: WorkerIdentity | None = None, lease: float = LEASE
) -> Claim | NotMine:
    """Deliver the task's ticket, which it gets now if it has none, to a worker, by default one at the desk.

    Another thread may pass the ticket on meanwhile: then that one is delivered.
    """
    identity = identity or desk_worker()
    for _ in range(20):
        number = rung_now(engine, task_id)
        got = deliver(engine, task_id, identity, number, lease)
        if isinstance(got, Claim) or "was taken back" not in got.why or rung_now(engine, task_id) == number:
            return got
    raise AssertionError(f"the ticket of {task_id} changes hands without end")


def rung_now(engine: Engine, task_id: str) -> int:
    """Ring a ready task that has no ticket, whoever's turn it is; the number of its ticket."""

    def work(session: Session) -> int:
        row = session.get(Task, task_id, with_for_update=True)
        if row is None:
            return 0
        if row.state == State.READY and row.rung_at is None:
            ring_tickets(session, [task_id], POOL_QUEUE, ticket_priority(row), database_now(session))
        return row.ticket

    return write(engine, work)


def deliver(
    engine: Engine,
    task_id: str,
    identity: WorkerIdentity,
    number: int | None,
    lease: float = LEASE,
    *,
    step: int | None = None,
    acts: bool = False,
) -> Claim | NotMine:
    """Deliver a ticket of this number, or one without a number, at this step. `acts`: what the ticket's name tells."""
    return claim(engine, identity, task_id, lease=lease, zone=ZONE, step=step, number=number, acts=acts)


def outcome_of(engine: Engine, got: Claim) -> Outcome:
    """Run the desk function of a claimed task, whose message would have reached it."""
    assert fleet.tasks[got.flow].__wrapped__.__qualname__.startswith("ticket_task"), f"{got.flow} has no ticket"
    try:
        value = DESK[got.flow](Desk(engine, got.seed, got.sandbox, got.campaign_id), *got.args, **got.kwargs)
    except RuntimeError as error:
        return Failed("flow_error", str(error))
    return Replaced(value) if isinstance(value, Signature) else Succeeded(value)


def do(engine: Engine, task_id: str) -> list[str]:
    """Take a desk task and record what it does; what became ready."""
    got = take(engine, task_id)
    return record(engine, got, outcome_of(engine, got))


def run_to_end(
    engine: Engine, campaign_id: str, rng: random.Random, ran: Callable[[Claim], None] = lambda _: None
) -> None:
    """Run ready tasks in an order that `rng` draws until none is left. Bounded by the tasks that there are."""
    identity = desk_worker()
    for _ in range(5000):
        waiting = ready(engine, campaign_id)
        if not waiting:
            return
        got = take(engine, rng.choice(waiting), identity)
        ran(got)
        record(engine, got, outcome_of(engine, got))
    raise AssertionError("the campaign does not end")


def calls_made(got: Claim) -> Iterator[str]:
    """The calls that one claim makes, as tests.support.canvas.tasks writes them; a map makes one for each item."""
    if got.flow in ("celery.map", "celery.starmap"):
        for item in got.kwargs["it"]:
            yield call_text(got.kwargs["task"], item if got.flow == "celery.starmap" else [item], {})
    else:
        yield call_text(got.flow, got.args, got.kwargs)


def states(engine: Engine, campaign_id: str) -> dict[str, int]:
    """How many of the campaign's tasks are in which state."""
    counts: dict[str, int] = {}
    for state in read(engine, lambda s: list(s.scalars(select(Task.state).where(Task.campaign_id == campaign_id)))):
        counts[state] = counts.get(state, 0) + 1
    return counts


def tasks(engine: Engine, campaign_id: str) -> list[Task]:
    """The campaign's tasks in source order."""
    wanted = select(Task).where(Task.campaign_id == campaign_id).order_by(Task.position)
    return read(engine, lambda session: list(session.scalars(wanted)))


def queued(redis: Redis, queue: str) -> set[str]:
    """The tasks whose tickets lie in a queue."""
    return set(queued_ids(redis, [queue])[queue])


def task(engine: Engine, task_id: str) -> Task:
    """A task as it stands in the ledger now."""
    return read(engine, lambda session: session.get_one(Task, task_id))


def attempts(engine: Engine, task_id: str) -> list[Attempt]:
    """The attempts at a task, first the first."""
    wanted = select(Attempt).where(Attempt.task_id == task_id).order_by(Attempt.number)
    return read(engine, lambda session: list(session.scalars(wanted)))


def campaign(engine: Engine, campaign_id: str) -> Campaign:
    """A campaign as it stands in the ledger now."""
    return read(engine, lambda session: session.get_one(Campaign, campaign_id))


def rows_in(engine: Engine, *tables: type[Any]) -> int:
    """How many rows these tables hold; by default campaigns, tasks and edges."""
    wanted = tables or (Campaign, Task, Edge)
    return read(engine, lambda s: sum(s.scalar(select(func.count()).select_from(one)) or 0 for one in wanted))


def change(engine: Engine, task_id: str, **values: Any) -> None:
    """Set columns of a task, as time or another process would have."""

    def work(session: Session) -> None:
        session.execute(update(Task).where(Task.id == task_id).values(**values))

    write(engine, work)


def now(engine: Engine) -> Any:
    """The ledger's clock."""
    return read(engine, database_now)


def past(engine: Engine, seconds: float = 1) -> Any:
    """A moment so many seconds ago, by the ledger's clock."""
    return now(engine) - timedelta(seconds=seconds)


def root_result(engine: Engine, campaign_id: str) -> Any:
    """The campaign's result, from its root expression."""
    return Handle(campaign_id, engine).get(timeout=1)
