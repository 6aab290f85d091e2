"""RecordFilter: what records to read, and along which index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.database.index_walk import Branch, Entry, Order, Walk
from models.history.records.kinds import ATTEMPT, TASK
from models.tables import Record
from models.values.enums import ActionOutcome, AttemptOutcome
from models.values.refused import refuse

LONGEST_WITHOUT_INDEX = timedelta(days=7)
# a task that ended without an attempt has the state in which it ended, and those are among the outcomes of attempts
OUTCOMES = (*AttemptOutcome, ActionOutcome.DONE, ActionOutcome.NOT_DONE)
_OF_ACTIONS = (ActionOutcome.DONE, ActionOutcome.NOT_DONE)
_OF_TASKS = (AttemptOutcome.SUCCEEDED, AttemptOutcome.FAILED, AttemptOutcome.STOPPED)
_WITH_CODE = (AttemptOutcome.FAILED, AttemptOutcome.STOPPED, AttemptOutcome.LOST)
ACTION = "action"  # every kind that is neither attempt nor task
MOST_FLOWS = 64
ORDER = Order((Record.ended_at, Record.id), few_alike=True)
# what the indexes have behind the order, so that a walk along them reads no record in vain
BESIDE = ("flow", "outcome", "kind", "code", "keys")
BESIDE_KEY = ("flow", "outcome", "kind", "code")
BESIDE_FLOW = ("kind", "code")
INDEXED = "account, phone, author, campaign, customer, flow or outcome"


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Selects the records that match every field that is not None.

    `keys`: those of a customer, and then `sandbox` does not matter: the key decides. Otherwise records of simulated
    phones are apart from the others: `sandbox` says which.
    """

    account: str | None = None
    phone: str | None = None
    author: str | None = None
    campaign: str | None = None
    keys: tuple[str, ...] | None = None
    flow: str | None = None
    outcome: str | None = None
    kind: str | None = None  # attempt, task, action, or one kind of action
    code: str | None = None
    culprit: str | None = None
    step: str | None = None
    task: str | None = None
    since: datetime | None = None  # ended then or later
    until: datetime | None = None  # ended before
    sandbox: bool = False

    def rest(self) -> dict[str, ColumnElement[bool]]:
        """Returns the other conditions by the field's name."""
        columns = (
            ("campaign", Record.campaign_id, self.campaign),
            ("phone", Record.phone_serial, self.phone),
            ("account", Record.account_id, self.account),
            ("author", Record.author_id, self.author),
            ("flow", Record.flow, self.flow),
            ("outcome", Record.outcome, self.outcome),
            ("code", Record.code, self.code),
            ("culprit", Record.culprit, self.culprit),
            ("step", Record.step, self.step),
            ("task", Record.task_id, self.task),
        )
        found = {name: column == value for name, column, value in columns if value is not None}
        if self.keys is not None:
            found["keys"] = Record.key_id.in_(self.keys)
        elif self.campaign is None:  # a campaign is on the one or the other
            found["sandbox"] = Record.sandbox == self.sandbox
        if self.kind == ACTION:
            found["kind"] = Record.kind.not_in((ATTEMPT, TASK))
        elif self.kind is not None:
            found["kind"] = Record.kind == self.kind
        return found


def walk(session: Session, which: RecordFilter) -> Walk:
    """Returns the walk along the most selective index, without the time. Without branches, no record can match.

    Raises Refused when no index serves the filter and it does not name at most seven days.
    """
    rest = which.rest()
    if "campaign" in rest:  # its records are near each other
        return _walk([Branch("ix_records_campaign", [rest.pop("campaign")])], rest)
    # equal, not IS: that would use no index
    side = Record.sandbox == which.sandbox
    for name in ("phone", "account", "author"):
        if name in rest and (which.keys is None or len(which.keys) > 0):
            sides = [which.sandbox] if which.keys is None else [False, True]
            rest.pop("sandbox", None)
            one = rest.pop(name)
            branches = [Branch(f"ix_records_{name}", [Record.sandbox == here, one]) for here in sides]
            return _walk(branches, rest, BESIDE, _among(which, rest, sides))
    if which.keys is not None:
        rest.pop("keys")
        return _walk([Branch("ix_records_key", [Record.key_id == key]) for key in which.keys], rest, BESIDE_KEY)
    if which.flow is not None or which.outcome is not None:
        flows = [which.flow] if which.flow is not None else _flows(session, sandbox=which.sandbox)
        outcomes = [which.outcome] if which.outcome is not None else _outcomes(which)
        pairs = [(Record.flow == flow, Record.outcome == outcome) for flow in flows for outcome in outcomes]
        left = {name: condition for name, condition in rest.items() if name not in ("flow", "outcome", "sandbox")}
        return _walk([Branch("ix_records_flow", [side, *pair]) for pair in pairs], left, BESIDE_FLOW)
    _check_short(which, [name for name in rest if name != "sandbox"])
    return _walk([Branch("PRIMARY", [])], rest)


def at_times(way: Walk, which: RecordFilter) -> Walk:
    """Returns the walk within the filter's time, with which each of its indexes ends."""
    return replace(way, since=which.since, until=which.until)


def _walk(
    branches: Sequence[Branch],
    rest: Mapping[str, ColumnElement[bool]],
    beside: Collection[str] = (),
    among: Sequence[Sequence[Entry]] = (),
) -> Walk:
    told = [condition for name, condition in rest.items() if name in beside]
    return Walk(Record, ORDER, branches, [one for name, one in rest.items() if name not in beside], among, told)


def _among(
    which: RecordFilter, rest: dict[str, ColumnElement[bool]], sides: Sequence[bool]
) -> Sequence[Sequence[Entry]]:
    """Takes the account and the author out of `rest`: their own indexes tell them. Returns their entries there."""
    found = []
    for name, column in (("account", "account_id"), ("author", "author_id")):
        if rest.pop(name, None) is not None:
            value = getattr(which, name)
            found.append([Entry(f"ix_records_{name}", {"sandbox": side, column: value}) for side in sides])
    return found


def _outcomes(which: RecordFilter) -> Sequence[str]:
    """Returns the outcomes that records of this kind, or with such a failure, can have."""
    if which.kind not in (None, ATTEMPT, TASK):
        return _OF_ACTIONS
    if which.code is not None or which.culprit is not None:
        return _WITH_CODE
    return OUTCOMES if which.kind is None else _OF_TASKS if which.kind == TASK else tuple(AttemptOutcome)


def _flows(session: Session, *, sandbox: bool) -> Sequence[str]:
    """Returns the flows that records have, by a jump along the index for each."""
    found: list[str] = []
    following = select(Record.flow).where(Record.sandbox == sandbox).order_by(Record.flow).limit(1)
    for dialect in ("mysql", "mariadb"):
        following = following.with_hint(Record, "FORCE INDEX (ix_records_flow)", dialect)
    while len(found) < MOST_FLOWS:
        one = session.scalar(following if not found else following.where(Record.flow > found[-1]))
        if one is None:
            break
        found.append(one)
    return found


def _check_short(which: RecordFilter, fields: Sequence[str]) -> None:
    if not fields:
        return
    until = which.until
    if which.since is not None and until is not None and until - which.since <= LONGEST_WITHOUT_INDEX:
        return
    days = LONGEST_WITHOUT_INDEX.days
    reason = f"{fields[0]} alone would read every record, because no index serves it"
    remedy = f"name since and until, at most {days} days apart; or also {INDEXED}"
    raise refuse(fields[0], reason, remedy)
