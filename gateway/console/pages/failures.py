"""Failures by fingerprint, the holds in force, and the review of what could not be verified."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from flows.failures import CODES
from flows.registry import FLOWS
from gateway.console.live.failures import MOST_GROUPS, failures_since, grouped, hours_of, sparkline, window
from gateway.console.view import View
from models.database.clock import database_now
from models.values.refused import refuse
from workers.attempts.content_holds import hold_flow, holds_in_force, release_hold
from workers.control.approvals import awaiting, count_awaiting
from workers.control.retry import retry_failed
from workers.control.review import Verdict, count_in_review, in_review, settle


def show(view: View) -> Response:
    """Shows the groups of the last day or week, and the holds in force."""
    hours = hours_of(view.request.query_params.get("hours", ""))

    def work(session: Session) -> dict[str, Any]:
        now = database_now(session)
        found = grouped(failures_since(session, window(now, hours)), window(now, hours), now)
        return {"groups": found[:MOST_GROUPS], "total": len(found), "holds": holds_in_force(session)}

    codes = {code: rule.remedy for code, rule in CODES.items()}
    return view.page("failures.html", **view.look(work), hours=hours, remedies=codes, sparkline=sparkline, flows=FLOWS)


def act(view: View, act: str) -> Response:
    """Retries a group, holds its flow, or releases a hold."""
    why = view.form.text("reason", 500)
    if act == "retry":
        hours = view.form.text("hours", 4)
        tasks = view.look(lambda session: _tasks_of(session, view.form.raw("mark"), hours))
        name = f"retry {view.form.text('code', 64)}"
        planted = retry_failed(view.engine, tasks, name=name, who=view.who)
        return view.done(f"/campaigns/{planted.handle.id}", "planted")
    if act == "hold":
        flow, code = view.form.text("flow", 64), view.form.text("code", 64)
        if flow not in FLOWS or code not in CODES or not why:
            raise refuse("reason", "it is missing, or there is no such flow", "say why the flow shall wait")
        hold_flow(view.engine, flow, code, who=view.who, why=why)
        return view.done("/failures", "hold")
    number = view.form.text("hold", 9)
    if act != "release" or not (number.isascii() and number.isdigit()):
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    release_hold(view.engine, int(number), who=view.who, ring_now=False)
    return view.done("/failures", "release")


def _tasks_of(session: Session, mark: str, hours: str) -> list[str]:
    """Returns the tasks of the group with this mark that are still failed."""
    now = database_now(session)
    since = window(now, hours_of(hours))
    for group in grouped(failures_since(session, since), since, now):
        if group.print.mark == mark:
            return list(group.tasks)
    return []


def review(view: View) -> Response:
    """Shows the tasks whose action could not be verified, and those that wait for a person's approval."""
    waiting, asked = in_review(view.engine), awaiting(view.engine)
    return view.page(
        "review.html",
        waiting=waiting,
        all_waiting=max(len(waiting), view.look(count_in_review)),
        asked=asked,
        all_asked=max(len(asked), view.look(count_awaiting)),
    )


def settled(view: View) -> Response:
    """Records what a person saw in the app."""
    verdict = view.form.text("verdict", 20)
    if verdict not in [*Verdict]:
        raise refuse("verdict", f"{verdict!r} is none", f"use one of {', '.join(Verdict)}")
    settle(view.engine, view.form.text("id", 40), Verdict(verdict), who=view.who, ring_now=False)
    return view.done("/review", "settled")
