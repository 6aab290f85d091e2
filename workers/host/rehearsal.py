"""What a worker does, for the zygote to rehearse: it looks who is logged in, rings, and runs a task that reads.

Everything is the workers' own code but the flow's walk through its pages: the stand-in for a phone shows one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, select

from flows.app import App
from flows.identify import check_account
from flows.profile import AppProfile
from flows.registry import flow_named
from flows.screen import BY_DESC, BY_TEXT
from models.database.clock import database_now
from models.fleet.logins import account_seen
from models.fleet.phones import phone_online
from models.history.records.usual import usual_seconds
from models.responsible_use.authors import register_author
from models.tables import Campaign, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from workers.attempts.claim import Claim, claim
from workers.attempts.outcome import Succeeded
from workers.attempts.step_times import step_times
from workers.canvas.signatures import group, task
from workers.dispatch.any_owed import any_waits
from workers.dispatch.ring import mark_rung
from workers.execution.identify_account import identify
from workers.execution.perform import RunningAttempt, checked_params
from workers.execution.phone_session import leave_other_app, open_session
from workers.execution.run import be_ready, write_down
from workers.execution.settle_doubts import settle_doubts
from workers.execution.worker import Worker
from workers.host.desk_rehearsal import AT_A_TIME, DESK_TASK, LEASE, DeskRehearsal, begin
from workers.planting.plant import compile_for_planting, plant_campaign
from workers.runtime.worker_identity import WorkerIdentity

NAME = "rehearsal"
FLOW = "collect_titles"
PAGE = "me"  # that tells who is logged in
LATEST_END = timedelta(hours=1)
FLOW_PARAMS: Mapping[str, Any] = {"author_id": NAME, "count": 1}
TEXT_ID = "a:id/b"  # of a list's texts, which are read with one call

NODE = (
    '<node index="0" text="{text}" resource-id="{id}" class="android.widget.TextView" package="{package}" '
    'content-desc="" checkable="false" checked="false" clickable="true" enabled="true" focusable="false" '
    'focused="false" scrollable="false" long-clickable="false" password="false" selected="false" '
    'bounds="[0,0][1080,2400]" />'
)
LIST_LENGTH = 40


def screen_of(profile: AppProfile) -> str:
    """Returns a screen, as a dump shows it, with a list and the page that tells who is logged in."""
    page = profile.pages.get(PAGE)
    names = () if page is None else dict.fromkeys((*page.present, *page.any_of[:1], *page.selectors.values()))
    parts = [NODE.format(text=f"{NAME}: {NAME}", id=name, package=profile.package) for name in names if _is_id(name)]
    others = [NODE.format(text="一", id=TEXT_ID, package="a")] * LIST_LENGTH
    head = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?><hierarchy rotation=\"0\">"
    return head + "".join(parts + others) + "</hierarchy>"


def _is_id(selector: str) -> bool:
    return not selector.startswith((BY_DESC, BY_TEXT))


def prepare(engine: Engine, tasks: int) -> None:
    """Plants so many tasks that read into an empty ledger, and as many rounds at the desk."""
    register_author(engine, NAME, NAME)
    reading = [task(FLOW, FLOW_PARAMS, immutable=True) for _ in range(tasks)]
    desk = [task(DESK_TASK, {"results": []}, immutable=True) for _ in range(AT_A_TIME * tasks)]
    planted = compile_for_planting(group([*reading, *desk]), "settled")
    campaign = Campaign(id=NAME, name=NAME, asked_by=NAME, seed=1, join="settled", sandbox=False)
    write(engine, lambda session: plant_campaign(session, campaign, planted, LATEST_END))


class NotRehearsed(Exception):
    """The prepared task was not claimed."""


class Rehearsal:
    """One worker on a prepared ledger."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._began = False
        self._knows_page = True
        mine = worker.identity
        desk = WorkerIdentity(None, mine.address, mine.adb_port, mine.host, mine.incarnation, mine.slot)
        self._desk = DeskRehearsal(desk, worker.engine)

    def _shows_page(self) -> bool:
        """Tells whether the profile knows the page that the stand-in shows, and registers the phone."""
        one = self._worker.identity
        phone_online(self._worker.engine, one.serial or "", one.address, NAME, NAME, one.incarnation)
        profile, phone = self._worker.profile, self._worker.connection.connect()
        return profile.page_of(profile.own(phone.look())) == PAGE

    def act(self) -> None:
        """Does once what a worker does all day."""
        engine = self._worker.engine
        if not self._began:
            self._began = True
            self._knows_page = self._shows_page()
        if not self._knows_page or identify(self._worker) is None:
            self._knows_page = False  # it would wait for the page each time
            account_seen(engine, self._worker.identity.serial or "", NAME, NAME)
        any_waits(engine)
        write(engine, lambda session: mark_rung(session, None))
        # a ring of a customer's last tasks asks this too; the first one here rings all of them, when they are many
        read(engine, lambda session: usual_seconds(session, {NAME}, database_now(session), sandbox=False))
        self._run_a_task()
        self._touch()
        self._desk.act()

    def _run_a_task(self) -> None:
        worker = self._worker
        engine, zone = worker.engine, worker.settings.timezone.key
        rung = (Task.state == State.READY, Task.flow == FLOW, Task.rung_at.is_not(None))
        due = select(Task.id, Task.rung_step, Task.ticket).where(*rung)
        task_id, step, number = read(engine, lambda session: session.execute(due.limit(1)).one())
        got = claim(engine, worker.identity, task_id, lease=LEASE, zone=zone, step=step, number=number)
        if not isinstance(got, Claim):
            raise NotRehearsed(got.why)
        slot = worker.identity.slot
        begin(slot, got)
        attempt = RunningAttempt.of(worker, got)
        with attempt.reel:
            outcome = self._read(attempt)
        leave_other_app(worker, attempt.watch)
        result, _ = write_down(engine, got, outcome, slot.lease_lasts, step_times(attempt.watch.steps))
        slot.rest()
        be_ready(worker, result)

    def _read(self, attempt: RunningAttempt) -> Succeeded:
        worker, got = self._worker, attempt.claim
        params = checked_params(flow_named(got.flow, got.flow_version), got.args, got.kwargs)
        with open_session(worker, got, attempt.watch) as session:
            attempt.reel.begin()
            settle_doubts(session, got.doubts, params, worker.connection.restart_ui_server)
            if self._knows_page:
                check_account(App(session))
            pages = frozenset(session.pages)
        return Succeeded({"titles": [], "complete": True}, pages)

    def _touch(self) -> None:
        phone = self._worker.connection.connect()
        screen = phone.look()
        phone.texts(TEXT_ID)
        phone.tap(screen.all(TEXT_ID)[0])
