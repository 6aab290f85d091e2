"""Approves the acts on a comment that wait for a named person, or decides against them; the review page shows them."""

from __future__ import annotations

from starlette.responses import Response

from gateway.console.view import View
from models.values.refused import refuse
from workers.control.approvals import approve, decide_against


def decided(view: View) -> Response:
    """Records the decision of the person who is logged in, with their reason."""
    task_id, why, decision = view.form.text("id", 40), view.form.text("reason", 500), view.form.text("decision", 20)
    if decision == "approve":
        approve(view.engine, task_id, who=view.who, why=why, ring_now=False)
    elif decision == "refuse":
        decide_against(view.engine, task_id, who=view.who, why=why, ring_now=False)
    else:
        raise refuse("decision", f"{decision!r} is none", "use the buttons of the page")
    return view.done("/review", "approved" if decision == "approve" else "approval_refused")
