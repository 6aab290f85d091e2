"""Carries out the steps of a recorded flow. It looks, opens pages and reads: it has no way to act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.app import App
from flows.counts import read_count
from flows.failures import FlowFailure
from flows.flow import Flow
from flows.lossy import may_be
from flows.pages.lists import Walk, most_screens
from flows.pages.page import after_colon
from flows.pages.text_rows import TextRow
from flows.recorded.acting import acting_word
from flows.recorded.pages import RecordedPage, pages_of
from flows.recorded.plan import Back, Column, Find, Open, Plan, Read, ReadList, Step, Swipe, Tap, Type
from flows.recorded.spec import RecordedResult, RecordedSpec, Value
from flows.screen import Node
from flows.session import Session
from flows.times import read_shown

SWIPE_SECONDS = 0.6


class RecordedFlow(RecordedSpec, Flow[Any, RecordedResult]):
    """Only reads: it opens pages, scrolls, and types into fields without sending what it typed."""

    def run(self, session: Session, params: Any) -> RecordedResult:
        """Carries out the steps. Raises FlowFailure: row_not_found, list_not_loaded and what pages raise."""
        reading = _Reading(App(session), self.plan, params.model_dump())
        try:
            reading.app.through_crashes(reading.run)
        except FlowFailure as failure:
            found = reading.result()
            raise FlowFailure(failure.code, failure.reason, {**failure.details, "rows": found}) from failure
        rows = reading.result()
        return RecordedResult(rows=tuple(rows), got=len(rows), ended=reading.ended, gaps=reading.gaps)


def recorded_flow(spec: RecordedSpec) -> RecordedFlow:
    """Returns the flow of a recorded spec: what its package's `flow.py` calls."""
    made: RecordedFlow = type("Recorded", (RecordedFlow, type(spec)), {})()
    return made


class _Reading:
    """One run of the steps. After a crash of the app it begins anew."""

    def __init__(self, app: App, plan: Plan, values: dict[str, Any]) -> None:
        self.app = app
        self.plan = plan
        self.values = values
        self.pages = pages_of(plan)
        self.head: dict[str, Value] = {}
        self.rows: list[dict[str, Value]] = []
        self.ended = False
        self.gaps = 0

    def run(self) -> None:
        self.head, self.rows, self.ended, self.gaps = {}, [], False, 0
        page: RecordedPage | None = None
        for name, step in zip(self.plan.names, self.plan.steps, strict=True):
            with self.app.session.watch.step(name):
                page = self._open(step) if isinstance(step, Open) or page is None else self._do(step, page)

    def result(self) -> list[dict[str, Value]]:
        """Returns the rows, each with what was read of pages beside the list."""
        if any(isinstance(step, ReadList) for step in self.plan.steps):
            return [{**dict.fromkeys(self.plan.columns), **self.head, **row} for row in self.rows]
        return [self.head] if self.head else []

    def _open(self, step: Step) -> RecordedPage:
        if not isinstance(step, Open):
            raise FlowFailure("flow_error", "the first step does not open the app")
        self.app.restart()
        return self.app.see(self.pages[step.to])

    def _do(self, step: Step, page: RecordedPage) -> RecordedPage:
        """Carries out one step. Returns the page on which it ended."""
        if isinstance(step, Tap):
            return page.go(lambda here: self._safe(here, here.need(step.part)), self.pages[step.to])
        if isinstance(step, Find):
            return self._find(step, page)
        if isinstance(step, Type):
            return self._type(step, page)
        if isinstance(step, Swipe):
            return self._swipe(step, page)
        if isinstance(step, Read):
            return self._read(step, page)
        if isinstance(step, ReadList):
            return self._list(step, page)
        if isinstance(step, Back):
            self.app.press("back")
            return self.app.see(self.pages[step.to])
        raise FlowFailure("flow_error", f"a step {step.do} in the middle is not carried out")

    def _safe(self, page: RecordedPage, node: Node) -> Node:
        """Returns the node if a tap on it may be one that only reads. Raises FlowFailure('flow_error')."""
        word = acting_word(node)
        if word:
            raise FlowFailure("flow_error", f"a tap on page {page.name} may act: {word}", {"page": page.name})
        return node

    def _find(self, step: Find, page: RecordedPage) -> RecordedPage:
        value = str(self.values[step.equals])
        page, filled = page.filled()
        if not filled:
            details = {"page": page.name, "looked": 0}
            raise FlowFailure("row_not_found", f"{value} is not there: page {page.name} has no rows", details)
        walk: Walk[RecordedPage, TextRow] = Walk(page, matters=lambda _: True)
        for _ in range(2 * most_screens(step.most)):
            for place, row in walk.here():
                if place < step.most and _says(walk.page.part(step.part, row.node), value):
                    return self._open_row(walk.page, row, step.to)
            if len(walk.rows) >= step.most or not walk.advance():
                break
        details = {"page": page.name, "looked": len(walk.rows)}
        raise FlowFailure("row_not_found", f"{value} is not among {len(walk.rows)} rows of page {page.name}", details)

    def _open_row(self, page: RecordedPage, row: TextRow, to: str) -> RecordedPage:
        return page.go(lambda here: self._safe(here, here.alike(row)), self.pages[to])

    def _type(self, step: Type, page: RecordedPage) -> RecordedPage:
        value = str(self.values[step.text])
        self.app.set_text(page.need(step.part), value)
        there = self.app.see(type(page))
        node = there.need(step.part)
        if not (node.text == value or may_be(node, value)):
            raise FlowFailure("text_not_set", f"{step.part} says {node.text!r} and not {value!r}", {"page": page.name})
        return there

    def _swipe(self, step: Swipe, page: RecordedPage) -> RecordedPage:
        for _ in range(step.most):
            if page.part(step.until) is not None:
                return page
            width, height = page.screen.size
            middle = width // 2
            self.app.swipe((middle, height * 3 // 4), (middle, height // 3), SWIPE_SECONDS)
            self.app.settle()
            page = self.app.see(type(page))
        if page.part(step.until) is None:
            details = {"page": page.name, "missing": step.until}
            raise FlowFailure("row_not_found", f"{step.until} does not come within {step.most} swipes", details)
        return page

    def _read(self, step: Read, page: RecordedPage) -> RecordedPage:
        page = page.whole(*(one.part for one in step.columns.values()))
        for name, column in step.columns.items():
            there = page.part(column.part) is not None
            self.head[name] = _value(column, page.told(column.part), page.read_at) if there else None
        return page

    def _list(self, step: ReadList, page: RecordedPage) -> RecordedPage:
        most = int(self.values[step.most])
        page, filled = page.filled()
        if not filled:
            self.ended = True
            return page
        walk: Walk[RecordedPage, TextRow] = Walk(page, matters=lambda _: True)
        for _ in range(2 * most_screens(most)):
            at = len(self.rows)
            if at >= most:
                break
            shown = dict(walk.here())
            row = shown.get(at)
            if row is not None and row.whole:
                self.rows.append(_told(step, walk.page, row))
            elif at < len(walk.rows) and (not shown or at < min(shown)):  # it never was whole on a screen
                self.rows.append(_told(step, walk.page, walk.rows[at]))
            elif not walk.advance():
                self.ended = True
                break
        if self.ended and len(self.rows) < min(most, len(walk.rows)):
            rest = walk.rows[len(self.rows) : most]
            self.rows.extend(_told(step, walk.page, one) for one in rest)
        self.gaps += walk.gaps
        return walk.page


def _says(node: Node | None, value: str) -> bool:
    return node is not None and value in (node.text, after_colon(node.text))


def _told(step: ReadList, page: RecordedPage, row: TextRow) -> dict[str, Value]:
    nodes = {name: page.part(one.part, row.node) for name, one in step.columns.items()}
    return {
        name: None if node is None else _value(step.columns[name], node.text, page.read_at)
        for name, node in nodes.items()
    }


def _value(column: Column, text: str, now: datetime) -> Value:
    if column.kind == "count":
        count = read_count(text)
        return None if count is None else count.value
    if column.kind == "moment":
        at = read_shown(text, now).at
        return None if at is None else at.isoformat()
    return after_colon(text) if column.kind == "id" else text
