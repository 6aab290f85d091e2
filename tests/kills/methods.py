"""How the fleet is struck while a worker is held at every moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chaos.servers import cut_connections
from tests.kills import expected
from tests.kills.cells import Cell, attempt_lost, behind_ended, task_of
from tests.kills.expected import Table
from tests.kills.fleet import KillFleet
from tests.kills.hold import Held, Word
from tests.kills.moments import Moment

Caught = Sequence[tuple[Cell, Held]]

DRAIN = 20  # seconds that a host lets its workers finish


@dataclass(frozen=True, slots=True)
class Method:
    """A way to strike, and what the ledger must hold afterwards.

    `kills`: no held process goes on, and none of their incarnations is seen again. `drain`: what
    the host is set to.
    """

    name: str
    strike: Callable[[KillFleet, Caught], None]
    table: Table
    kills: bool = False
    drain: int = DRAIN


def let_go(fleet: KillFleet, caught: Caught, word: Word = Word.GO) -> None:
    """All go on."""
    for cell, _ in caught:
        fleet.board.let_go(cell.moment, cell.task_id, word)


def _kill_workers(fleet: KillFleet, caught: Caught) -> None:
    for _, held in caught:
        os.kill(held.pid, signal.SIGKILL)


def _freeze_workers(fleet: KillFleet, caught: Caught) -> None:
    """Each wakes when the ledger did without it what it can."""
    for _, held in caught:
        os.kill(held.pid, signal.SIGSTOP)
    rung = {cell.task_id: task_of(fleet, cell).rung_at for cell, _ in caught}
    frozen = list(caught)

    def wake() -> bool:
        for cell, held in [one for one in frozen if _done_without(fleet, one[0], rung)]:
            frozen.remove((cell, held))
            fleet.board.let_go(cell.moment, cell.task_id)
            os.kill(held.pid, signal.SIGCONT)
        return not frozen

    try:
        fleet.wait(wake, "the ledger to do without those that are frozen")
    finally:
        for _, held in frozen:
            os.kill(held.pid, signal.SIGCONT)


def _done_without(fleet: KillFleet, cell: Cell, rung: Mapping[str, datetime | None]) -> bool:
    """Rung again before a claim; given up while it ran; what follows has ended after that."""
    if cell.moment is Moment.RECEIVED:
        return task_of(fleet, cell).rung_at != rung[cell.task_id]
    if cell.moment in (Moment.RECORDED, Moment.ACKNOWLEDGING):
        return behind_ended(fleet, cell)
    return attempt_lost(fleet, cell)


def _cut_database(fleet: KillFleet, caught: Caught) -> None:
    cut_connections(fleet.mariadb)
    let_go(fleet, caught)


def _lose_answers(fleet: KillFleet, caught: Caught) -> None:
    """What was just committed is not confirmed."""
    committed = (Moment.CLAIMED, Moment.DECLARED, Moment.CONCLUDED, Moment.RECORDED)
    for cell, _ in caught:
        word = Word.ANSWER_LOST if cell.moment in committed else Word.GO
        fleet.board.let_go(cell.moment, cell.task_id, word)


def _cut_broker(fleet: KillFleet, caught: Caught) -> None:
    """They go on when all are connected again: what they hold is then delivered a second time."""
    before = {client["id"] for client in fleet.redis.client_list()}
    fleet.redis.client_kill_filter(_type="normal", skipme=True)

    def back() -> bool:
        now = {client["id"] for client in fleet.redis.client_list()}
        return len(now - before) >= fleet.workers

    fleet.wait(back, "all workers to connect to Redis again")
    let_go(fleet, caught)


def _empty_redis(fleet: KillFleet, caught: Caught) -> None:
    fleet.redis.flushall()
    let_go(fleet, caught)


def _kill_zygote(fleet: KillFleet, caught: Caught) -> None:
    os.kill(fleet.zygote(), signal.SIGKILL)


def _kill_agent(fleet: KillFleet, caught: Caught) -> None:
    fleet.host.signal(signal.SIGKILL)


def _end_host(fleet: KillFleet, caught: Caught) -> None:
    """SIGTERM; all finish in time."""
    fleet.ask_host_to_end()
    let_go(fleet, caught)


def _hand_back(fleet: KillFleet, caught: Caught) -> None:
    """SIGTERM to a host that gives no time: each is asked for its task."""
    fleet.ask_host_to_end()
    let_go(fleet, caught, Word.DRAINED)


def _end_host_twice(fleet: KillFleet, caught: Caught) -> None:
    """SIGTERM, and before anybody finished a second one."""
    fleet.ask_host_to_end()
    fleet.host.signal(signal.SIGTERM)


WORKER_METHODS = (
    Method("kill_worker", _kill_workers, expected.KILLED, kills=True),
    Method("freeze_worker", _freeze_workers, expected.FROZEN),
    Method("cut_database", _cut_database, expected.UNHARMED),
    Method("lose_answers", _lose_answers, expected.ANSWER_LOST),
    Method("cut_broker", _cut_broker, expected.UNHARMED),
    Method("empty_redis", _empty_redis, expected.UNHARMED),
)
HOST_METHODS = (
    Method("kill_zygote", _kill_zygote, expected.KILLED, kills=True),
    Method("kill_agent", _kill_agent, expected.KILLED, kills=True),
    Method("end_host", _end_host, expected.UNHARMED),
    Method("end_host_twice", _end_host_twice, expected.KILLED, kills=True),
    Method("hand_back", _hand_back, expected.HANDED_BACK, drain=0),
)
