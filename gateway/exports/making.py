"""Makes a workbook step by step: the tasks, then completeness, then the file. A later process goes on where one ended.

After each step the files of rows and `progress.json` say how far it is, so nothing stands twice and nothing is missing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway.exports.completeness import numbers_of
from gateway.exports.folders import folder_of
from gateway.exports.front import Front, reasons
from gateway.exports.ledger import Claimed, finished, note_progress, wait_until_settled
from gateway.exports.read_tasks import attempts_of, campaign_names, ended_by, ended_tasks
from gateway.exports.records import count_records, record_row, record_step
from gateway.exports.rows import Manner, attempt_row, task_rows
from gateway.exports.selection import Place, campaign_step, count_tasks, task_step
from gateway.exports.sheets import ATTEMPTS, COMPLETENESS, LONG_TEXTS, RECORDS, all_series, stage_name
from gateway.exports.workbook.cells import Link, Value
from gateway.exports.workbook.package import package
from gateway.exports.workbook.parts import Bounds, Parts
from gateway.exports.workbook.text import cut, fits, pieces, units
from models.tasks.completeness import Numbers
from models.transactions.read_write import read
from workers.evidence.location import StorageLocation

log = logging.getLogger("phonefleet.exports")

PROGRESS = "progress.json"
WORK = "work"
TELL_SECONDS = 2.0  # between two notes in the ledger; its lease is much longer

Told = Callable[[int, int | None], None]  # tasks looked at, and how many there are; None: not counted yet


def make(
    engine: Engine,
    claimed: Claimed,
    root: Path,
    zone: ZoneInfo,
    *,
    told: Told = lambda _done, _total: None,
    stopping: Callable[[], bool] = lambda: False,
    storage: StorageLocation | None = None,
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
) -> Path:
    """Makes the workbook of a claimed export, and ends the export. Returns the file.

    `storage`: of evidence, to which records lead.

    Raises Lost when another process has taken the export, Interrupted when `stopping()` became true, OSError when the
    folder cannot be written, and the database's errors.
    """
    language = claimed.asked.filters.language
    making = _Making(
        engine, claimed, root, Manner(language, zone, claimed.asked.customer, storage), told, stopping, bounds
    )
    try:
        return making.run()
    finally:
        making.parts.close()


class Interrupted(Exception):
    """The export was asked to stop. A later process goes on with it."""


class _Making:
    def __init__(
        self,
        engine: Engine,
        claimed: Claimed,
        root: Path,
        manner: Manner,
        told: Told,
        stopping: Callable[[], bool],
        bounds: Bounds,
    ) -> None:
        self._engine, self._claimed, self._told, self._stopping = engine, claimed, told, stopping
        self._manner = manner
        self._folder = folder_of(root, claimed.id)
        work = self._folder / WORK
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.parts = Parts(work, all_series(manner.language, manner.zone.key), bounds)
        of_tasks = claimed.asked.filters.what == "tasks"
        self._tasks = Place() if of_tasks else None  # None: all of them are in
        self._campaigns = Place() if of_tasks else None
        # the place behind the last record; True: none is in yet, False: all are
        self._records: list[Any] | bool = not of_tasks
        self._done = 0
        self._total: int | None = None
        self._stages: dict[str, Numbers] = {}
        self._noted = -TELL_SECONDS

    def run(self) -> Path:
        wait_until_settled(self._engine, self._claimed.cut_at)
        self._go_on()
        if self._total is None:
            count = count_records if self._records else count_tasks
            self._total = read(self._engine, lambda session: count(session, self._claimed.asked, self._claimed.cut_at))
        while self._records:
            read(self._engine, self._add_records)
            self._checkpoint()
        while self._tasks is not None:
            place = self._tasks
            read(self._engine, partial(self._add_tasks, place=place))
            self._checkpoint()
        while self._campaigns is not None:
            place = self._campaigns
            read(self._engine, partial(self._add_completeness, place=place))
            self._checkpoint()
        return self._package()

    def _go_on(self) -> None:
        """Goes on where the process before ended; begins anew when its files are not whole."""
        try:
            kept = json.loads((self.parts.folder / PROGRESS).read_text())
            self.parts.back_to(kept["marks"])
        except (OSError, ValueError, KeyError):
            self.parts.close()
            shutil.rmtree(self.parts.folder)
            self.parts.folder.mkdir(mode=0o700)
            for one in self.parts.series.values():
                one.sheets.clear()
            return
        self._tasks, self._campaigns = (None if one is None else Place.of(one) for one in kept["places"])
        self._records = kept["records"]
        self._done, self._total = kept["done"], kept["total"]
        self._stages = {flow: Numbers(**numbers) for flow, numbers in kept["stages"].items()}
        log.info("export %s goes on after %d tasks", self._claimed.id, self._done)

    def _checkpoint(self) -> None:
        self.parts.flush()
        places = [None if one is None else one.as_json() for one in (self._tasks, self._campaigns)]
        stages = {flow: asdict(numbers) for flow, numbers in self._stages.items()}
        kept = {"marks": self.parts.marks(), "places": places, "done": self._done, "total": self._total}
        kept["records"] = self._records
        draft = self.parts.folder / (PROGRESS + ".part")
        with draft.open("w") as file:
            json.dump({**kept, "stages": stages}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.parts.folder / PROGRESS)
        self._alive()

    def _alive(self) -> None:
        """Tells how far it is, keeps the lease, and ends the work when it shall."""
        if self._stopping():
            note_progress(self._engine, self._claimed, self._done, self._total)
            raise Interrupted
        self._told(self._done, self._total)
        if time.monotonic() - self._noted >= TELL_SECONDS:
            note_progress(self._engine, self._claimed, self._done, self._total)
            self._noted = time.monotonic()

    def _add_records(self, session: Session) -> None:
        place = self._records if isinstance(self._records, list) else None
        found, following = record_step(session, self._claimed.asked, self._claimed.cut_at, place)
        for record in found:
            self._add(RECORDS, record_row(record, self._manner), record.task_id)
        self._records = following or False
        self._done += len(found)

    def _add_tasks(self, session: Session, place: Place) -> None:
        cut_at, manner = self._claimed.cut_at, self._manner
        step = task_step(session, self._claimed.asked, cut_at, place)
        names = campaign_names(session, step.tasks)
        attempts = attempts_of(session, step.tasks, cut_at)
        for ended in ended_tasks(session, step.tasks, attempts, names, cut_at):
            key, rows = task_rows(ended, manner)
            for row in rows:
                self._add(key, row, ended.task.id)
        wants_open = self._claimed.asked.filters.state is None
        for task in step.tasks:
            if wants_open or ended_by(task, cut_at):
                for attempt in attempts.get(task.id, ()):
                    self._add(ATTEMPTS, attempt_row(attempt, task, names.get(task.campaign_id, ""), manner), task.id)
        self._tasks = step.following
        self._done += step.looked_at

    def _add_completeness(self, session: Session, place: Place) -> None:
        campaigns, following = campaign_step(session, self._claimed.asked, self._claimed.cut_at, place)
        names = {campaign.id: campaign.name for campaign in campaigns}
        found = numbers_of(session, self._claimed.asked, self._claimed.cut_at, campaigns) if campaigns else {}
        for (campaign, flow, author, account), numbers in found.items():
            self._stages.setdefault(flow, Numbers()).add(numbers)
            stage = stage_name(flow, self._manner.language)
            head: list[Value] = [names[campaign], campaign, stage, author, account]
            items: list[Value] = [numbers.items_asked, numbers.items_got, numbers.items_asked - numbers.items_got]
            counted: list[Value] = [numbers.asked, numbers.got, numbers.asked - numbers.got]
            why = reasons(numbers, self._manner)
            row = [*head, *counted, why, *(items if numbers.items_asked else [None] * 3)]
            self._add(COMPLETENESS, row, campaign)
        self._campaigns = following

    def _add(self, key: str, values: Sequence[Value], subject: str) -> None:
        """Adds a row; a text that no cell can hold is cut, and leads to the whole of it."""
        row = list(values)
        for at, value in enumerate(row):
            if isinstance(value, str) and not fits(value):
                row[at] = self._long(value, subject, self.parts.series[key].headings[at].text)
        self.parts.add(key, row)

    def _long(self, text: str, subject: str, heading: str) -> Link:
        first: tuple[str, int] | None = None
        for number, piece in enumerate(pieces(text), 1):
            place = self.parts.add(LONG_TEXTS, [subject, heading, number, piece])
            first = first or place
        assert first is not None, "a text that does not fit has a piece"
        mark = self._manner.word("full_text")
        return Link(cut(text, 32_767 - units(mark)) + mark, f"'{first[0]}'!D{first[1]}", inside=True)

    def _package(self) -> Path:
        claimed, out = self._claimed, self._folder / file_name(self._claimed)
        self._fill_stages()
        front = Front(
            claimed.asked_by, claimed.cut_at, claimed.asked.filters, self._stages, self.parts.series, self._manner
        )
        package(self.parts, out, self._manner.word("summary"), front.write, self._alive)
        self._told(self._done, self._total)
        rows = sum(one.rows for one in self.parts.series.values())
        note_progress(self._engine, claimed, self._done, self._done)
        finished(
            self._engine, claimed, file=out.name, rows=rows, size=out.stat().st_size, sha256=_sha256(out, self._alive)
        )
        shutil.rmtree(self.parts.folder, ignore_errors=True)
        return out

    def _fill_stages(self) -> None:
        """Puts the stages into the order of the sheets."""
        order: Mapping[str, int] = {flow: at for at, flow in enumerate(self.parts.series)}
        self._stages = dict(sorted(self._stages.items(), key=lambda one: (order.get(one[0], len(order)), one[0])))


def file_name(claimed: Claimed) -> str:
    """Returns the name of an export's file."""
    return f"phonefleet-{claimed.id[:8]}.xlsx"


def _sha256(path: Path, alive: Callable[[], Any]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            alive()
    return digest.hexdigest()
