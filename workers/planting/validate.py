"""Validates rows before they are planted. Reports every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.specs.catalogue import SPECS
from flows.specs.flow_spec import FlowSpec, check_given
from models import tables
from models.database.clock import database_now
from models.fleet.accounts import known_accounts
from models.responsible_use.authors import bases_of
from models.responsible_use.caps import Basis, basis_refusal, operator_day
from models.responsible_use.own_accounts import own_names
from models.tables import Phone
from models.values.names import id_fault, name_problems, title_fault
from models.values.refused import MOST_PROBLEMS, Problem, Refused
from workers.canvas.rows import PlantedRow, Value
from workers.desk import MAPS, is_desk_task
from workers.planting.stage_params import stage_problems
from workers.planting.validation_errors import MISSING, problems_of
from workers.settings import settings

MOST_ALIKE = 100


def check_rows(facts: LedgerFacts, rows: Sequence[PlantedRow]) -> None:
    """Raises Refused with the first 20 problems and the number of others; otherwise the rows may be planted.

    That number leaves out what only the ledger could tell: 10,000 rows would ask it as many questions.
    """
    facts.read_bases(authors_of(rows))
    problems: dict[Problem, None] = {}
    more = 0
    known = KnownParams()
    for index, row in enumerate(rows):
        if len(problems) < MOST_PROBLEMS:
            problems |= dict.fromkeys(_row_problems(facts, known, row, f"task[{index}] {row.task}"))
        else:
            more += _count_problems(facts, known, row)
    if problems:
        raise Refused(problems, more)


def authors_of(rows: Iterable[PlantedRow]) -> set[str]:
    """Returns the ids of the authors that the rows name."""
    return {author for row in rows if isinstance(author := given_params(row).get("author_id"), str)}


def _count_problems(facts: LedgerFacts, known: KnownParams, row: PlantedRow) -> int:
    """Returns how many problems of a row show without its words and without a question to the ledger."""
    flow = SPECS.get(row.task)
    too_high = sum(1 for _ in _priority_problems(facts, row, ""))
    if flow is None:
        return int(not is_desk_task(row.task)) + too_high + sum(1 for _ in stage_problems(row, ""))
    author_id = given_params(row).get("author_id")
    unknown = isinstance(author_id, str) and facts.basis(author_id) is None
    return known.count(flow, row) + unknown + too_high


class KnownParams:
    """The mistakes in the parameters of the row before: rows that are alike are checked once.

    A campaign plants one session for each of 10,000 accounts, all with the same texts.
    """

    def __init__(self) -> None:
        self._row: PlantedRow | None = None
        self._error: ValidationError | None = None

    def error_of(self, flow: FlowSpec[Any, Any], row: PlantedRow) -> ValidationError | None:
        """Returns the validation error of the row's parameters, as far as they are known; None for good ones."""
        before = self._row
        if before is None or (before.task, before.kwargs, before.args) != (row.task, row.kwargs, row.args):
            self._row, self._error = row, None
            try:
                check_given(flow.params_model, given_params(row))
            except ValidationError as error:
                self._error = error
        return self._error

    def count(self, flow: FlowSpec[Any, Any], row: PlantedRow) -> int:
        """Returns how many mistakes there are; a parameter may come from an earlier task when `row` waits for one."""
        error = self.error_of(flow, row)
        if error is None:
            return 0
        if _complete(row):
            return error.error_count()
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return sum(one["type"] != "missing" for one in found)


class LedgerFacts:
    """Facts from the ledger, read once for each name, however many rows hold it.

    `sandbox`: for simulated phones and the accounts on them, and no others. `highest_priority`: the lowest number
    that a task's priority may have; the operator's may have any.
    """

    at: datetime | None = None  # the ledger's time, once it is known

    def __init__(self, session: Session, *, sandbox: bool, highest_priority: int = 0) -> None:
        self._session, self.sandbox, self.highest_priority = session, sandbox, highest_priority
        self._basis: dict[str, Basis | None] = {}

    @cached_property
    def today(self) -> date:
        return operator_day(self.at or database_now(self._session), settings().timezone.key)

    @cached_property
    def phones(self) -> set[str]:
        return set(self._session.scalars(select(Phone.serial).where(Phone.sandbox == self.sandbox)))

    @cached_property
    def accounts(self) -> Mapping[str, bool]:
        return known_accounts(self._session, sandbox=self.sandbox)

    @cached_property
    def own_names(self) -> frozenset[str]:
        return own_names(self._session, sandbox=self.sandbox)

    def was_shown(self, name: str, author_id: str, value: str) -> bool:
        """True when an app showed exactly this title of the author, or this commenter."""
        if name == "title":
            from models.tasks.collected import title_key  # noqa: PLC0415 - few titles are hard to tell from others

            key = title_key(value, sandbox=self.sandbox)
            known = (tables.CollectedTitle.author_id == author_id, tables.CollectedTitle.title_key == key)
            return self._session.scalar(select(tables.CollectedTitle.id).where(*known).limit(1)) is not None
        commenters = (
            select(tables.CollectedComment.commenter)
            .join(tables.CollectedTitle, tables.CollectedTitle.id == tables.CollectedComment.title_id)
            .where(tables.CollectedComment.commenter == value, tables.CollectedTitle.sandbox == self.sandbox)
            .distinct()
        )
        return value in self._session.scalars(commenters.limit(MOST_ALIKE))  # MariaDB finds those with blanks as well

    def read_bases(self, author_ids: Iterable[str]) -> None:
        """Reads the basis of each of these authors that was not asked for yet, all of them with one query."""
        new = set(author_ids) - self._basis.keys()
        self._basis |= dict.fromkeys(new) | bases_of(self._session, new)

    def know_bases(self, asked: Iterable[str], found: Mapping[str, Basis]) -> None:
        """Takes in what is known of these authors; those that were not found are unknown."""
        self._basis |= {author_id: found.get(author_id) for author_id in asked}

    def basis(self, author_id: str) -> Basis | None:
        """Returns the basis of an author; None for an unknown one."""
        if author_id not in self._basis:
            self.read_bases([author_id])
        return self._basis[author_id]


def _row_problems(facts: LedgerFacts, known: KnownParams, row: PlantedRow, where: str) -> Iterator[Problem]:
    queue = str(row.options.get("queue") or "")
    yield from _priority_problems(facts, row, where)
    if is_desk_task(row.task):
        if queue not in ("", "desk"):
            reason = f"{row.task} touches no phone, so {queue!r} is no place for it"
            yield Problem(f"{where}.queue", reason, "leave queue out")
        mapped = row.kwargs.get("task") if row.task in MAPS else None
        if mapped in MAPS or (mapped is not None and not is_desk_task(mapped)):
            yield Problem(where, f"{mapped!r} is no desk task, so it cannot be mapped", "fan flows out with group(...)")
        yield from stage_problems(row, where)
        return
    flow = SPECS.get(row.task)
    if flow is None:
        yield Problem(where, "no such flow or desk task", f"use one of {', '.join(sorted(SPECS))}")
        return
    yield from _queue_problems(facts, flow, queue, where)
    yield from _approval_problems(flow, queue, where)
    yield from _params_problems(flow, known, row, where)
    yield from _own_comment_problems(facts, flow, row, where)
    faults = list(_name_problems(facts, row, where))
    yield from faults
    if not any(one.field == f"{where}.author_id" for one in faults):
        yield from _author_problems(facts, flow, row, where)


def _priority_problems(facts: LedgerFacts, row: PlantedRow, where: str) -> Iterator[Problem]:
    for field, value in _priorities(row):
        yield from priority_problem(facts.highest_priority, value, f"{where}.{field}")


def _priorities(row: PlantedRow) -> Iterator[tuple[str, Any]]:
    """Yields the priorities that a row asks for: its own, and the one of the tasks that a desk task plans."""
    yield "priority", row.options.get("priority")
    if is_desk_task(row.task):
        yield "kwargs.priority", row.kwargs.get("priority")


def priority_problem(highest: int, priority: object, where: str) -> Iterator[Problem]:
    """Yields the problem of a priority above `highest`, which is the lowest number that the key may give."""
    if isinstance(priority, int) and priority < highest:
        reason = f"{priority} is above the highest priority of this key, which is {highest}"
        remedy = f"use {highest} (its highest) to 9 (low); the operator may allow more: phonefleet keys limits"
        yield Problem(where, reason, remedy)


def _queue_problems(facts: LedgerFacts, flow: FlowSpec[Any, Any], queue: str, where: str) -> Iterator[Problem]:
    yield from unknown_queue(facts, queue, where)
    place, _, _ = queue.partition(".")
    if flow.runs_on == "account" and place not in ("account", "phone"):
        yield Problem(f"{where}.queue", f"{flow.name} runs on one account", "set queue='account.ID' or 'phone.SERIAL'")


def _approval_problems(flow: FlowSpec[Any, Any], queue: str, where: str) -> Iterator[Problem]:
    """Yields the problem of an act that a person must approve, and that names no account to approve it for."""
    if flow.needs_approval and queue.startswith("phone."):
        reason = f"a person approves {flow.name} for one account, and {queue!r} names none"
        yield Problem(f"{where}.queue", reason, "set queue='account.ID'")


def _own_comment_problems(
    facts: LedgerFacts, flow: FlowSpec[Any, Any], row: PlantedRow, where: str
) -> Iterator[Problem]:
    """Yields the problem of a reply to, or a like on, a comment of one of the fleet's own accounts."""
    commenter = given_params(row).get("target_commenter")
    if flow.acts and isinstance(commenter, str) and commenter.strip() and commenter.strip() in facts.own_names:
        reason = f"{commenter!r} is an account of this fleet, which acts on none of its own comments"
        yield Problem(f"{where}.target_commenter", reason, "choose a comment of somebody else")


def unknown_queue(facts: LedgerFacts, queue: str, where: str) -> Iterator[Problem]:
    """Yields the problem of an invalid queue name, or of an account or phone that the ledger does not know."""
    place, _, name = queue.partition(".")
    if queue not in ("", "pool") and (place not in ("account", "phone") or not name):
        yield Problem(f"{where}.queue", f"{queue!r} is no queue", "use pool, account.ID or phone.SERIAL")
    elif place == "account" and name not in facts.accounts:
        yield Problem(f"{where}.queue", f"account {name!r} is unknown", "see: phonefleet accounts list")
    elif place == "phone" and name not in facts.phones:
        yield Problem(f"{where}.queue", f"phone {name!r} is unknown", "see: phonefleet phones")


def _complete(row: PlantedRow) -> bool:
    return all(isinstance(arg, Value) for arg in row.args)


def _params_problems(flow: FlowSpec[Any, Any], known: KnownParams, row: PlantedRow, where: str) -> Iterator[Problem]:
    """Yields the problems that show before the results of earlier tasks are known."""
    for arg in row.args:
        if isinstance(arg, Value) and not isinstance(arg.value, dict):
            reason = f"{flow.name} takes named parameters, not {arg.value!r}"
            yield Problem(where, reason, f"write {flow.name}.s(name=value)")
            return
    error = known.error_of(flow, row)
    if error is None:
        return
    found = problems_of(error, flow.params_model)
    complete = _complete(row)
    for problem in islice((one for _, one in found if complete or one.reason != MISSING), MOST_PROBLEMS):
        yield problem.within(where)


def given_params(row: PlantedRow) -> Mapping[str, Any]:
    """Returns the parameters of a flow's row that are known when it is planted."""
    if not row.args:
        return row.kwargs
    named = [arg.value for arg in row.args if isinstance(arg, Value) and isinstance(arg.value, dict)]
    return {name: value for given in (*named, row.kwargs) for name, value in given.items()}


def _name_problems(facts: LedgerFacts, row: PlantedRow, where: str) -> Iterator[Problem]:
    """Yields problems of names with blanks at an end or invisible characters, except names that an app showed."""
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


def _author_problems(facts: LedgerFacts, flow: FlowSpec[Any, Any], row: PlantedRow, where: str) -> Iterator[Problem]:
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
