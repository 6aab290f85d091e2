"""The drift board: which selector fails where, and the patches, which a person accepts or withdraws."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.responses import Response

from gateway.console.live.drift import board, number_of, patch_page
from gateway.console.view import View
from models.responsible_use.profile_patches import accept_patch, withdraw_patch
from models.tables import ProfilePatch
from models.transactions.read_write import write
from models.values.refused import refuse

ACTS: Mapping[str, tuple[Callable[..., ProfilePatch], str]] = {
    "accept": (accept_patch, "patch_accepted"),
    "withdraw": (withdraw_patch, "patch_withdrawn"),
}


def listed(view: View) -> Response:
    """Shows the board."""
    return view.page("drift.html", **view.look(lambda session: board(session, view.console.config.profile)))


def show(view: View, patch_id: str) -> Response:
    """Shows one patch: what it changes, and both trees of each page."""
    profile = view.console.config.profile
    return view.page("patch.html", **view.look(lambda session: patch_page(session, patch_id, profile)))


def act(view: View, act: str) -> Response:
    """Accepts or withdraws a patch in the name of the person who is logged in, with their reason."""
    if act not in ACTS:
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    decide, done = ACTS[act]
    patch_id, why = number_of(view.form.text("id", 40)), view.form.text("reason", 500)
    if not why:
        raise refuse("reason", "it is missing", "write why: it stays with the patch")
    write(view.engine, lambda session: decide(session, patch_id, who=view.who, why=why).id)
    return view.done(f"/drift/{patch_id}", done)
