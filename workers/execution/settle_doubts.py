"""Settles doubts: before other work on a task, looks on the app for actions that an earlier attempt left in doubt.

The worker that left it is dead: its phone is served by this incarnation now. The phone's UI server
is restarted first, so that no tap that was queued in the old one can come after the look.
"""

from __future__ import annotations

from collections.abc import Callable

from flows.action import Action, ActionKind
from flows.app import App
from flows.failures import FlowFailure
from flows.session import Session
from flows.specs.flow_spec import Params
from flows.verify import Seen, verify
from models.responsible_use.action_journal import Doubt

VIDEO_LOOP = 200  # of flows that do not say how far they look into an author's list
COMMENT_LOOP = 200


def settle_doubts(
    session: Session, doubts: tuple[Doubt, ...], params: Params, restart_ui_server: Callable[[], None]
) -> None:
    """Looks for each action in doubt, and records whether it was found.

    Raises FlowFailure: `unverifiable` when nobody can tell, anything else when the look itself
    failed and is to be tried again; PhoneError; what the session's watch raises.
    """
    if not doubts:
        return
    with session.watch.step("verify"):
        session.watch.check()
        restart_ui_server()
        app = App(session)
        app.restart()
        for doubt in doubts:
            _settle(app, doubt, params)


def _settle(app: App, doubt: Doubt, params: Params) -> None:
    if not doubt.alone:
        raise FlowFailure("outcome_unknown", "an identical action of this account is in doubt as well")
    act = doubt.act
    action = Action(ActionKind(act.kind), act.author_id, act.title, act.target_commenter, act.target_comment, act.text)
    author_known = hasattr(params, "author_id")  # a feed's loop says nothing about an author's list
    video_loop = int(getattr(params, "video_loop", VIDEO_LOOP)) if author_known else VIDEO_LOOP
    comment_loop = max(COMMENT_LOOP, int(getattr(params, "comment_loop", COMMENT_LOOP)))
    seen = app.through_crashes(
        lambda: verify(app, action, "", doubt.known, video_loop, comment_loop, since=doubt.since)
    )
    if seen is Seen.HAPPENED:
        app.session.journal.confirm(doubt.number, verified=True)
    elif seen is Seen.NOT:
        app.session.journal.refute(doubt.number, "looked for on the app, and not there")
    else:
        raise FlowFailure("unverifiable", f"{act.kind} on {act.title!r}: the app does not tell whether it happened")
