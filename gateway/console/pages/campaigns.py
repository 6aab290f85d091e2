"""Campaigns: lists them, plants one from a form or a file after a dry run, and shows and controls one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased
from starlette.responses import Response

from gateway.console.drawing.bars import bar
from gateway.console.drawing.canvas_picture import Picture, picture
from gateway.console.drawing.gantt import Gantt, Span, gantt
from gateway.console.live.missing import lacking
from gateway.console.live.shelf import tiles_now
from gateway.console.pages.campaign_form import NUMBERS, given_by
from gateway.console.pages.pause_end import pause_end
from gateway.console.view import Form, View
from gateway.submissions.dry_run import DryRun, operators_forecast
from models.database.clock import database_now
from models.tables import Attempt, Author, Campaign, Edge, Task
from models.tasks.progress import read_progress
from models.tasks.states import ENDED
from models.transactions.read_write import write
from models.values.refused import Refused, refuse
from workers.campaigns.build import plant_day
from workers.campaigns.complete import plant_missing
from workers.campaigns.given_campaign import GivenCampaign, load_campaign
from workers.campaigns.schedules.manage import add_schedule, list_schedules, stop_schedule
from workers.control.pause import pause_campaign, pause_task, resume_campaign, resume_task
from workers.control.reason_groups import Words, groups_of
from workers.control.reprioritise import reprioritise_campaign, reprioritise_task
from workers.control.shortfalls import asked_and_got
from workers.control.stop import stop_campaign, stop_task
from workers.lifecycle.standstill import why_nothing_moves
from workers.settings import settings

MOST = 50
PRIORITIES = tuple("0123456789")
MOST_DRAWN = 20_000  # tasks whose edges are read for the picture
MOST_SPANS = 4000
MOST_LINES = 60


def listed(view: View) -> Response:
    """Lists the latest campaigns with their progress; `before` continues the list."""
    before = view.request.query_params.get("before", "")[:40]

    def work(session: Session) -> dict[str, Any]:
        wanted = select(Campaign).order_by(Campaign.created_at.desc(), Campaign.id.desc())
        last = session.get(Campaign, before) if before else None
        if last is not None:
            same = (Campaign.created_at == last.created_at) & (Campaign.id < last.id)
            wanted = wanted.where((Campaign.created_at < last.created_at) | same)
        rows = session.scalars(wanted.limit(MOST + 1)).all()
        shown = rows[:MOST]
        counted = session.execute(
            select(Task.campaign_id, Task.state, func.count())
            .where(Task.campaign_id.in_([one.id for one in shown]))
            .group_by(Task.campaign_id, Task.state)
        )
        states: dict[str, dict[str, int]] = {}
        for campaign_id, state, count in counted:
            states.setdefault(campaign_id, {})[state] = count
        bars = {campaign_id: bar(some) for campaign_id, some in states.items()}
        more = shown[-1].id if len(rows) > MOST else ""
        return {"rows": shown, "bars": bars, "states": states, "more": more, "schedules": list_schedules(session)}

    return view.page("campaigns.html", **view.look(work))


def new(view: View) -> Response:
    """Shows the form of a new campaign."""
    return _form(view, Form({"part": ["nurture", "collect", "directed"]}), None)


def try_out(view: View) -> Response:
    """Shows what planting would do, and plants nothing."""
    return _form(view, view.form, view.look(lambda session: _forecast(session, view.form)))


def plant(view: View) -> Response:
    """Plants the campaign, and goes to its page."""
    try:
        given = _given(view.form)
        if given.data.get("schedule") is not None:
            return _keep_schedule(view, given)
        handle = plant_day(given, view.engine, asked_by=view.who).handle
    except Refused:
        return try_out(view)
    return view.done(f"/campaigns/{handle.id}", "planted")


def complete(view: View) -> Response:
    """Plants exactly what an ended campaign is missing."""
    planted, _ = plant_missing(view.engine, view.form.text("id", 40), who=view.who)
    return view.done(f"/campaigns/{planted}", "planted")


def _keep_schedule(view: View, given: GivenCampaign) -> Response:
    try:
        write(view.engine, lambda session: add_schedule(session, given, view.who, settings().timezone))
    except Refused as refused:  # for what planting it once would not be refused: a name that is taken
        return _form(view, view.form, DryRun(refused, 0, [], 0))
    return view.done("/campaigns", "saved")


def stop_scheduled(view: View) -> Response:
    """Stops a schedule: it plants nothing more."""
    named = view.form.text("id", 40)
    write(view.engine, lambda session: stop_schedule(session, named, view.who))
    return view.done("/campaigns", "stop")


def _forecast(session: Session, form: Form) -> DryRun:
    try:
        return operators_forecast(session, _given(form))
    except Refused as refused:  # it is no YAML
        return DryRun(refused, 0, [], 0)


def _given(form: Form) -> GivenCampaign:
    if form.text("kind") == "file":
        return load_campaign(form.raw("file"), "the file")
    return GivenCampaign(given_by(form))


def _form(view: View, form: Form, forecast: DryRun | None) -> Response:
    authors = view.look(lambda session: session.scalars(select(Author).order_by(Author.name)).all())
    numbers = {name: form.raw(name) or str(usual) for name, (_, usual) in NUMBERS.items()}
    return view.page(
        "campaign_new.html", form=form, forecast=forecast, authors=authors, numbers=numbers, kind=form.text("kind")
    )


def show(view: View, campaign_id: str) -> Response:
    """Shows one campaign: its progress, what it is missing, what hinders it, its picture, and what each phone did.

    What is missing is read for a whole page alone, not for the part that the page asks for every few seconds.
    """
    whole = "hx-request" not in view.request.headers

    def work(session: Session) -> dict[str, Any]:
        campaign = session.get(Campaign, campaign_id)
        if campaign is None:
            raise refuse("campaign", f"{campaign_id!r} is unknown", "see the list of campaigns")
        progress = read_progress(session, campaign_id)
        now = database_now(session)
        return {
            "campaign": campaign,
            "progress": progress,
            "now": now,
            "bars": {flow: bar(states) for flow, states in progress.tasks.items()},
            "still": why_nothing_moves(session, campaign),
            "asked": asked_and_got(session, campaign_id),
            "lacking": lacking(session, campaign, view.words) if whole else None,
            "whole": whole,
            "groups": _groups(session, campaign, Words(view.words.text, view.words.word)),
            "picture": _picture(session, campaign_id, progress.tasks, progress.total),
            "gantt": _gantt(session, campaign, now),
        }

    return view.page("campaign.html", **view.look(work))


def _groups(session: Session, campaign: Campaign, words: Words) -> list[tuple[str, Any]]:
    return [(name, groups) for name, groups in groups_of(session, campaign, words).items() if groups]


def _picture(session: Session, campaign_id: str, flows: Mapping[str, Mapping[str, int]], total: int) -> Picture:
    follows: set[tuple[str, str]] = set()
    if total <= MOST_DRAWN:
        before, after = aliased(Task), aliased(Task)
        mine = before.campaign_id == campaign_id
        edges = (
            select(before.flow, after.flow)
            .join(Edge, Edge.after_id == before.id)
            .join(after, after.id == Edge.task_id)
            .where(mine)
            .distinct()
        )
        planted = select(before.flow, after.flow).join(after, after.in_place_of == before.id).where(mine).distinct()
        follows = {(a, b) for wanted in (edges, planted) for a, b in session.execute(wanted)}
    return picture(flows, follows, ENDED)


def _gantt(session: Session, campaign: Campaign, now: datetime) -> Gantt:
    rows = session.execute(
        select(Attempt.phone_serial, Attempt.task_id, Task.flow, Attempt.started_at, Attempt.ended_at, Attempt.outcome)
        .join(Task, Task.id == Attempt.task_id)
        .where(Task.campaign_id == campaign.id, Attempt.phone_serial.is_not(None))
        .order_by(Attempt.started_at.desc())
        .limit(MOST_SPANS)
    ).all()
    spans = [
        Span(phone or "", task, flow, start, end, outcome or "running")
        for phone, task, flow, start, end, outcome in rows
    ]
    phones = sorted({one.phone for one in spans})[:MOST_LINES]
    kept = frozenset(phones)
    tiles = {one.serial: one for one in tiles_now(session)}
    how = {name: tiles[name].state if tiles[name].kind != "idle" else "idle" for name in phones if name in tiles}
    end = campaign.ended_at or now
    start = min((one.start for one in spans), default=campaign.created_at)
    return gantt([one for one in spans if one.phone in kept], start, end, {name: how.get(name, "") for name in phones})


def act(view: View, kind: str, act: str) -> Response:
    """Pauses, resumes, stops or re-prioritises a campaign or a task."""
    one, why = view.form.text("id", 40), view.form.text("reason", 500)
    if kind not in ("campaigns", "tasks") or act not in ("pause", "resume", "stop", "priority"):
        raise refuse("act", f"{act!r} of {kind!r} is none", "use the buttons of the page")
    if act in ("pause", "stop") and not why:
        raise refuse("reason", "it is missing", "say why: it is kept with every task")
    whole = kind == "campaigns"
    if act == "pause":
        hold = partial(pause_campaign, at_once=False) if whole else pause_task
        hold(view.engine, one, who=view.who, why=why, until=pause_end(view), anew=False)
    elif act == "resume":
        go_on = partial(resume_campaign, at_once=False) if whole else resume_task
        go_on(view.engine, one, who=view.who, ring_now=False)
    elif act == "stop":
        (stop_campaign if whole else stop_task)(view.engine, one, who=view.who, why=why, at_once=False)
    else:
        wanted = view.form.text("priority", 2)
        if wanted not in PRIORITIES:
            raise refuse("priority", f"{wanted!r} is none", "use 0 (urgent) to 9 (low)")
        change = reprioritise_campaign if whole else reprioritise_task
        change(view.engine, one, int(wanted), who=view.who, ring_now=False)
    return view.done(f"/{kind}/{one}", act)
