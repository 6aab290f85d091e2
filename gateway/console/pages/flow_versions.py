"""Flow packages: shows the versions of each, and puts one into use or takes it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.responses import Response

from gateway.console.live.flow_versions import board
from gateway.console.view import View
from models.tables import FlowVersion
from models.transactions.read_write import write
from models.values.refused import refuse
from workers.control.flow_versions import promote_version, withdraw_version

ACTS: Mapping[str, tuple[Callable[..., FlowVersion], str]] = {
    "promote": (promote_version, "version_in_use"),
    "withdraw": (withdraw_version, "version_withdrawn"),
}


def listed(view: View) -> Response:
    """Shows the versions of each flow package."""
    return view.page("flows.html", flows=view.look(board))


def act(view: View, act: str) -> Response:
    """Puts a version into use, or takes it back, in the name of the person who is logged in, with their reason."""
    if act not in ACTS:
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    decide, done = ACTS[act]
    flow, version = view.form.text("flow", 191), view.form.text("version", 191)
    why = view.form.text("reason", 500)
    if not why:
        raise refuse("reason", "it is missing", "write why: it stays in the audit log")
    write(view.engine, lambda session: decide(session, flow, version, who=view.who, why=why).state)
    return view.done("/flows", done)
