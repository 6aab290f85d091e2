"""The versions of a flow package as the ledger has them: one in use, one before it, one on trial, one taken back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.flow_versions import Decided, set_version
from models.tables import FlowTrialRun, Task
from models.transactions.read_write import write
from models.values.enums import FlowVersionState, TrialOutcome

FLOW, PHONES = "nurture", ("P0001", "P0002")
BEFORE, CANARY, WITHDRAWN = "0.9", "9.1", "9.0"
RUNS = ((TrialOutcome.PROVED, None), (TrialOutcome.PROVED, None), (TrialOutcome.FAULT, "flow_error"))


def version_trial(engine: Engine, why: str = "only 3 of 12 runs succeeded, of which 5 must") -> str:
    """Stores them for a flow of which there are open tasks. Returns the version in use, which these have."""

    def work(session: Session) -> str:
        now, task = database_now(session), session.scalars(select(Task).where(Task.flow == FLOW)).first()
        assert task is not None
        in_use = task.flow_version
        for at, (one, state, reason) in enumerate(
            (
                (BEFORE, FlowVersionState.RETIRED, f"{in_use} took its place"),
                (in_use, FlowVersionState.IN_USE, "5 of 7 runs succeeded"),
                (WITHDRAWN, FlowVersionState.WITHDRAWN, why),
                (CANARY, FlowVersionState.CANARY, f"it is newer than {in_use}"),
            )
        ):
            by = Decided("coordinator", reason, now - timedelta(hours=4 - at))
            set_version(session, FLOW, one, state, by, phones=PHONES)
        for number, (outcome, code) in enumerate(RUNS):
            run = FlowTrialRun(flow=FLOW, version=CANARY, task_id=task.id, attempt=1, outcome=outcome, at=now)
            run.phone_serial, run.failure_code = PHONES[number % 2], code
            session.add(run)
        return in_use

    return write(engine, work)
