"""Validates rows before they are planted. Reports every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.flow import Flow
from flows.registry import FLOWS
from models.database.clock import database_now
from models.database.content_key import content_key
from models.fleet.accounts import known_accounts
from models.responsible_use.authors import basis_of
from models.responsible_use.caps import Basis, basis_refusal, operator_day
from models.tables import CollectedComment, CollectedTitle, Phone
from models.values.names import id_fault, name_problems, title_fault
from models.values.refused import Problem, Refused
from workers.canvas.rows import PlantedRow, Value
from workers.desk import DESK, MAPS
from workers.planting.validation_errors import MISSING, problems_of
from workers.settings import settings

MOST_PROBLEMS = 20  # named in one refusal
MOST_ALIKE = 100


def check_rows(facts: LedgerFacts, rows: Sequence[PlantedRow]) -> None:
    """Raises Refused with the first twenty problems; otherwise the rows may be planted."""
    problems: dict[Problem, None] = {}
    for index, row in enumerate(rows):
        for problem in _row_problems(facts, row, f"task[{index}] {row.task}"):
            problems[problem] = None
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise Refused(problems)


class LedgerFacts:
    """Facts from the ledger, read once for each name, however many rows hold it.

    `sandbox`: for simulated phones and the accounts on them, and no others.
    """

    def __init__(self, session: Session, *, sandbox: bool) -> None:
        self._session = session
        self._sandbox = sandbox
        self._basis: dict[str, Basis | None] = {}

    @cached_property
    def today(self) -> date:
        return operator_day(database_now(self._session), settings().timezone.key)

    @cached_property
    def phones(self) -> set[str]:
        return set(self._session.scalars(select(Phone.serial).where(Phone.sandbox == self._sandbox)))

    @cached_property
    def accounts(self) -> Mapping[str, bool]:
        return known_accounts(self._session, sandbox=self._sandbox)

    def was_shown(self, name: str, author_id: str, value: str) -> bool:
        """True when an app showed exactly this title of the author, or this commenter."""
        if name == "title":
            known = (CollectedTitle.author_id == author_id, CollectedTitle.title_key == content_key(value))
            return self._session.scalar(select(CollectedTitle.id).where(*known).limit(1)) is not None
        commenters = select(CollectedComment.commenter).where(CollectedComment.commenter == value).distinct()
        return value in self._session.scalars(commenters.limit(MOST_ALIKE))  # MariaDB finds those with blanks as well

    def basis(self, author_id: str) -> Basis | None:
        if author_id not in self._basis:
            self._basis[author_id] = basis_of(self._session, author_id)
        return self._basis[author_id]


def _row_problems(facts: LedgerFacts, row: PlantedRow, where: str) -> Iterator[Problem]:
    queue = str(row.options.get("queue") or "")
    if row.task in DESK:
        if queue not in ("", "desk"):
            yield Problem(
                f"{where}.queue", f"{row.task} touches no phone, so {queue!r} is no place for it", "leave queue out"
            )
        mapped = row.kwargs.get("task") if row.task in MAPS else None
        if mapped in MAPS or (mapped is not None and mapped not in DESK):
            yield Problem(where, f"{mapped!r} is no desk task, so it cannot be mapped", "fan flows out with group(...)")
        return
    flow = FLOWS.get(row.task)
    if flow is None:
        yield Problem(f"{where}", "no such flow or desk task", f"use one of {', '.join(sorted(FLOWS))}")
        return
    yield from _queue_problems(facts, flow, queue, where)
    yield from _params_problems(flow, row, where)
    faults = list(_name_problems(facts, row, where))
    yield from faults
    if not any(one.field == f"{where}.author_id" for one in faults):
        yield from _author_problems(facts, flow, row, where)


def _queue_problems(facts: LedgerFacts, flow: Flow[Any, Any], queue: str, where: str) -> Iterator[Problem]:
    yield from unknown_queue(facts, queue, where)
    place, _, _ = queue.partition(".")
    if flow.runs_on == "account" and place not in ("account", "phone"):
        yield Problem(f"{where}.queue", f"{flow.name} runs on one account", "set queue='account.ID' or 'phone.SERIAL'")


def unknown_queue(facts: LedgerFacts, queue: str, where: str) -> Iterator[Problem]:
    """Yields the problem of an invalid queue name, or of an account or phone that the ledger does not know."""
    place, _, name = queue.partition(".")
    if queue not in ("", "pool") and (place not in ("account", "phone") or not name):
        yield Problem(f"{where}.queue", f"{queue!r} is no queue", "use pool, account.ID or phone.SERIAL")
    elif place == "account" and name not in facts.accounts:
        yield Problem(f"{where}.queue", f"account {name!r} is unknown", "see: phonefleet accounts list")
    elif place == "phone" and name not in facts.phones:
        yield Problem(f"{where}.queue", f"phone {name!r} is unknown", "see: phonefleet phones")


def _params_problems(flow: Flow[Any, Any], row: PlantedRow, where: str) -> Iterator[Problem]:
    """Yields the problems that show before the results of earlier tasks are known."""
    complete = all(isinstance(arg, Value) for arg in row.args)
    for arg in row.args:
        if isinstance(arg, Value) and not isinstance(arg.value, dict):
            yield Problem(
                where, f"{flow.name} takes named parameters, not {arg.value!r}", f"write {flow.name}.s(name=value)"
            )
            return
    try:
        flow.params_model.model_validate(given_params(row))
    except ValidationError as error:
        for _, problem in problems_of(error, flow.params_model):
            if problem.reason == MISSING and not complete:
                continue
            yield replace(problem, field=f"{where}.{problem.field}" if problem.field else where)


def given_params(row: PlantedRow) -> dict[str, Any]:
    """Returns the parameters of a flow's row that are known when it is planted."""
    given: dict[str, Any] = {}
    for arg in row.args:
        if isinstance(arg, Value) and isinstance(arg.value, dict):
            given.update(arg.value)
    return given | dict(row.kwargs)


def _name_problems(facts: LedgerFacts, row: PlantedRow, where: str) -> Iterator[Problem]:
    """What a person may not have meant: blanks at an end, characters that nobody sees. What an app showed is meant."""
    given = given_params(row)
    author_id = given.get("author_id")
    if isinstance(author_id, str):
        yield from name_problems(f"{where}.author_id", author_id, id_fault)
    for name in ("title", "target_commenter"):
        value = given.get(name)
        if not isinstance(value, str) or not value.strip():
            continue  # the flow's own parameters say so
        problems = list(name_problems(f"{where}.{name}", value, title_fault))
        if problems and not facts.was_shown(name, str(author_id), value):
            yield from problems


def _author_problems(facts: LedgerFacts, flow: Flow[Any, Any], row: PlantedRow, where: str) -> Iterator[Problem]:
    author_id = given_params(row).get("author_id")
    if not isinstance(author_id, str):
        return
    basis = facts.basis(author_id)
    if basis is None:
        yield Problem(f"{where}.author_id", f"author {author_id!r} is unknown", "phonefleet authors add ID NAME")
    elif flow.acts:
        refusal = basis_refusal(author_id, basis, facts.today)
        if refusal is not None:
            yield Problem(
                f"{where}.author_id", refusal.reason, "an admin sets it: phonefleet authors basis ID owned|permitted"
            )
