"""How the fleet is struck while a worker is held at every moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chaos.servers import cut_connections
from tests.kills import expected
from tests.kills.cells import Cell, Place, attempt_lost, behind_ended, task_of
from tests.kills.expected import Table
from tests.kills.fleet import KillFleet
from tests.kills.hold import Held, Word
from tests.kills.moments import Moment
from workers.app import app
from workers.dispatch.tickets import Ticket, publish, queue_lengths

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
    act: str = "comment"  # what the tasks at the phones do


def release(fleet: KillFleet, cells: Sequence[Cell], word: Word = Word.GO) -> None:
    """All go on."""
    for cell in cells:
        fleet.board.release(cell.moment, cell.task_id, word)


def _kill_workers(fleet: KillFleet, caught: Caught) -> None:
    for _, held in caught:
        os.kill(held.pid, signal.SIGKILL)


def _freeze_host(fleet: KillFleet, caught: Caught) -> None:
    """SIGSTOP for the agent and those that are held. They go on when the ledger did without them what it can."""
    pids = [fleet.host.pid, *(held.pid for _, held in caught)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        rung = {cell.task_id: task_of(fleet, cell).rung_at for cell, _ in caught}
        for cell, _ in caught:
            fleet.wait(lambda cell=cell: _done_without(fleet, cell, rung), f"the ledger to do without {cell.words!r}")  # type: ignore[misc]
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    fleet.wait_online()
    first = [cell for cell, _ in caught if cell.moment is Moment.RECEIVED]
    release(fleet, first)  # before anybody takes the ticket that was rung again
    fleet.wait(lambda: all(task_of(fleet, cell).attempt for cell in first), "the tickets in their hands to be claimed")
    release(fleet, [cell for cell, _ in caught])


def _done_without(fleet: KillFleet, cell: Cell, rung: Mapping[str, datetime | None]) -> bool:
    """Rung again before a claim; given up while it ran; what follows has ended after that."""
    if cell.moment is Moment.RECEIVED:
        return task_of(fleet, cell).rung_at != rung[cell.task_id]
    if cell.moment in (Moment.RECORDED, Moment.ACKNOWLEDGING):
        return behind_ended(fleet, cell)
    return attempt_lost(fleet, cell)


def _cut_database(fleet: KillFleet, caught: Caught) -> None:
    cut_connections(fleet.mariadb)
    release(fleet, [cell for cell, _ in caught])


def _lose_answers(fleet: KillFleet, caught: Caught) -> None:
    """What was just committed is not confirmed."""
    committed = (Moment.CLAIMED, Moment.DECLARED, Moment.CONCLUDED, Moment.RECORDED)
    for cell, _ in caught:
        word = Word.ANSWER_LOST if cell.moment in committed else Word.GO
        fleet.board.release(cell.moment, cell.task_id, word)


def _cut_broker(fleet: KillFleet, caught: Caught) -> None:
    """Their tickets are then delivered a second time."""
    fleet.redis.client_kill_filter(_type="normal", skipme=True)
    release(fleet, [cell for cell, _ in caught])


def _deliver_again(fleet: KillFleet, caught: Caught) -> None:
    """Each ticket comes a second time while the first is held; at the desk somebody else takes it meanwhile."""
    at_desk = [cell for cell, _ in caught if cell.place is Place.DESK]
    # who claims waits for who records, and for what else was taken together with that ticket: it comes last
    recording = [cell for cell in at_desk if cell.moment is Moment.RECORDING]
    _publish_again(fleet, [cell for cell, _ in caught if cell not in recording])
    # a ticket of an ended task that was taken together with others is put away before a task begins
    begun = [cell for cell in at_desk if cell.moment in (Moment.RECEIVED, Moment.CLAIMED)]

    def all_taken() -> bool:
        return not queue_lengths(fleet.redis, ["desk"])["desk"] and all(
            fleet.board.tickets(cell.task_id) for cell in begun
        )

    fleet.wait(all_taken, "the second tickets to be taken")
    _publish_again(fleet, recording)
    release(fleet, [cell for cell, _ in caught])


def _publish_again(fleet: KillFleet, cells: Sequence[Cell]) -> None:
    for cell in cells:
        task = task_of(fleet, cell)
        publish(app, [Ticket(task.id, task.flow, "desk" if cell.place is Place.DESK else "pool", task.priority)])


def _empty_redis(fleet: KillFleet, caught: Caught) -> None:
    fleet.redis.flushall()
    release(fleet, [cell for cell, _ in caught])


def _kill_zygote(fleet: KillFleet, caught: Caught) -> None:
    os.kill(fleet.zygote(), signal.SIGKILL)


def _kill_agent(fleet: KillFleet, caught: Caught) -> None:
    fleet.host.signal(signal.SIGKILL)


def _end_host(fleet: KillFleet, caught: Caught) -> None:
    """SIGTERM; all finish in time."""
    fleet.ask_host_to_end()
    release(fleet, [cell for cell, _ in caught])


def _hand_back(fleet: KillFleet, caught: Caught) -> None:
    """SIGTERM to a host that gives no time: each is asked for its task."""
    fleet.ask_host_to_end()
    release(fleet, [cell for cell, _ in caught], Word.DRAINED)


def _end_host_twice(fleet: KillFleet, caught: Caught) -> None:
    """SIGTERM, and before anybody finished a second one."""
    fleet.ask_host_to_end()
    fleet.host.signal(signal.SIGTERM)


WORKER_METHODS = (
    Method("kill_worker", _kill_workers, expected.KILLED, kills=True),
    Method("cut_database", _cut_database, expected.UNHARMED),
    Method("lose_answers", _lose_answers, expected.ANSWER_LOST, act="dislike_comment"),
    Method("cut_broker", _cut_broker, expected.UNHARMED),
    Method("deliver_again", _deliver_again, expected.UNHARMED),
    Method("empty_redis", _empty_redis, expected.UNHARMED),
)
HOST_METHODS = (
    Method("kill_zygote", _kill_zygote, expected.KILLED, kills=True, act="dislike_comment"),
    Method("kill_agent", _kill_agent, expected.KILLED, kills=True),
    Method("freeze_host", _freeze_host, expected.FROZEN),
    Method("end_host", _end_host, expected.UNHARMED, act="report_comment"),
    Method("end_host_twice", _end_host_twice, expected.KILLED_REPORTING, kills=True, act="report_comment"),
    Method("hand_back", _hand_back, expected.HANDED_BACK, drain=0),
)
