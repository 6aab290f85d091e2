"""Turns tasks and attempts of the ledger into rows of a workbook. Pure: what it needs of the ledger is passed in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from flows.failures import remedy_for
from flows.specs.catalogue import SPECS, spec_of
from flows.specs.flow_spec import Column, FlowSpec
from gateway.exports.sheets import stage_name
from gateway.exports.words import Language, word
from gateway.exports.workbook.cells import Link, Value
from gateway.words.catalogue import catalogue
from models.tables import Attempt, Task
from models.values.customer_words import customer_words
from workers.evidence.location import StorageLocation

MOST_URL = 2079  # characters that Excel takes for a link
CLICKABLE = ("file://", "http://", "https://")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a workbook shows things: its language, its zone, and whether it is for a customer."""

    language: Language
    zone: ZoneInfo
    customer: bool
    storage: StorageLocation | None = None  # of evidence, where rows do not name it

    def moment(self, moment: datetime | None) -> datetime | None:
        """Returns the wall clock of the workbook's zone."""
        return None if moment is None else moment.astimezone(self.zone).replace(tzinfo=None)

    def word(self, key: str, *kinds: str) -> str:
        """Returns a word in the workbook's language; `kinds`: of the catalogue, if it is not the workbook's own."""
        return word(self.language, key, *kinds)

    def said(self, text: str) -> str:
        """Returns one of phonefleet's own texts, such as a remedy, in the workbook's language."""
        return catalogue(self.language).said(text)

    def told(self, reason: str | None) -> str | None:
        """Returns a reason of the ledger as the workbook's reader may know it, in English."""
        return customer_words(reason) if self.customer else reason

    def why(self, reason: str | None) -> str | None:
        """Returns a reason of the ledger in the workbook's language, as its reader may know it."""
        return self.said(self.told(reason) or "") or None

    def code(self, code: str | None) -> str | None:
        """Returns a failure's code, in Chinese behind its word: commands and the API take the code."""
        told = self.word(code, "code") if code and self.language != "en" else code
        return code if told == code else f"{told} ({code})"

    def listed(self, parts: Sequence[str]) -> str:
        """Returns a list of texts as one."""
        return ("，" if self.language == "zh" else ", ").join(parts)

    def step(self, step: str | None) -> str | None:
        """Returns the word for a flow's step."""
        return self.word(step, "step") if step else None

    def value(self, value: Any, kind: str = "plain") -> Value:
        """Returns a value of a flow's row as a cell."""
        if value is None:
            return None
        if isinstance(value, bool):
            return self.word("yes" if value else "no")
        if isinstance(value, int | float):
            return value
        if kind == "moment":
            return self._parsed(str(value))
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def _parsed(self, text: str) -> Value:
        try:
            moment = datetime.fromisoformat(text)
            return self.moment(moment) if moment.tzinfo is not None else moment
        except (ValueError, OverflowError):
            return text


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that had ended, with what belongs to its rows."""

    task: Task
    campaign: str
    params: Mapping[str, Any] | None  # None: they cannot be had any more
    result: Any
    details: Any  # of its last attempt, when it failed
    attempts: Sequence[Attempt]


def task_rows(ended: Ended, manner: Manner) -> tuple[str, list[list[Value]]]:
    """Returns the sheet's key and the rows of a task; at least one."""
    common = _common(ended, manner)
    flow = SPECS.get(ended.task.flow)
    if flow is None:
        data = None if ended.result is None else json.dumps(ended.result, ensure_ascii=False)
        return "other", [[*common, ended.task.flow, data]]
    rows = _rows_of_flow(spec_of(ended.task.flow, ended.task.flow_version) or flow, ended) or [{}]
    return flow.name, [
        [*common, *(manner.value(row.get(column.key), column.kind) for column in flow.columns)] for row in rows
    ]


def _rows_of_flow(flow: FlowSpec[Any, Any], ended: Ended) -> list[dict[str, Any]]:
    try:
        params = flow.params_model.model_validate(ended.params)
        if ended.result is not None:
            return flow.rows(params, flow.result_model.model_validate(ended.result))
        return flow.rows_so_far(params, ended.details) if isinstance(ended.details, Mapping) else []
    except (ValidationError, TypeError, AttributeError):
        return _of_another_version(flow.columns, ended)


def _of_another_version(columns: Sequence[Column], ended: Ended) -> list[dict[str, Any]]:
    """Returns what a result or its parameters have under the columns' own keys."""
    known = {**(ended.params or {}), **(ended.result if isinstance(ended.result, Mapping) else {})}
    row = {column.key: known[column.key] for column in columns if column.key in known}
    return [row] if row else []


def _common(ended: Ended, manner: Manner) -> list[Value]:
    task = ended.task
    shown = [one for one in ended.attempts if _has_evidence(one)]
    return [
        task.id,
        ended.campaign,
        task.campaign_id,
        task.account_id or task.pinned_account,
        task.phone_serial or task.pinned_phone,
        manner.moment(task.started_at),
        manner.moment(task.ended_at),
        manner.word(task.state, "state"),
        _reason(task, manner),
        manner.step(task.step) if task.failure_code else None,
        _evidence(shown[-1], manner) if shown and task.failure_code else None,
    ]


def attempt_row(attempt: Attempt, task: Task, campaign: str, manner: Manner) -> list[Value]:
    """Returns the row of an attempt that had ended."""
    seconds = None if attempt.ended_at is None else (attempt.ended_at - attempt.started_at).total_seconds()
    return [
        task.id,
        campaign,
        stage_name(task.flow, manner.language),
        attempt.number,
        attempt.account_id,
        attempt.phone_serial,
        manner.moment(attempt.started_at),
        manner.moment(attempt.ended_at),
        None if seconds is None else round(seconds, 1),
        manner.word(attempt.outcome or "", "outcome"),
        manner.code(attempt.failure_code),
        manner.word(attempt.culprit or "", "culprit"),
        manner.step(attempt.step) if attempt.failure_code else None,
        manner.why(attempt.reason),
        manner.said(remedy_for(attempt.failure_code, None)) or None if attempt.failure_code else None,
        _evidence(attempt, manner) if _has_evidence(attempt) else None,
    ]


def _reason(task: Task, manner: Manner) -> str | None:
    code, reason = task.failure_code, manner.told(task.reason)
    return manner.said(f"{code}: {reason}" if code and reason else code or reason or "") or None


def _has_evidence(attempt: Attempt) -> bool:
    return isinstance(attempt.evidence, dict) and attempt.evidence.get("stored") is not False


def _evidence(attempt: Attempt, manner: Manner) -> Value:
    told = attempt.evidence if isinstance(attempt.evidence, dict) else {}
    return address_of(attempt.task_id, attempt.number, str(told.get("url") or ""), manner)


def address_of(task_id: str, number: int, url: str, manner: Manner) -> Value:
    """Returns the cell that leads to the evidence at a URL; a customer gets the address in the interface, as text."""
    if manner.customer:
        return f"/v1/tasks/{task_id}/attempts/{number}/evidence/evidence.json"
    if url.startswith(CLICKABLE) and len(url) <= MOST_URL:
        return Link(manner.word("evidence_link"), url)
    return url or None
