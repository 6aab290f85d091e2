"""Finds one named comment and acts on it once: the way that dislike_comment and report_comment share."""

from __future__ import annotations

from collections.abc import Callable

from flows.app import App
from flows.failures import FlowFailure
from flows.find import find_comment, videos_titled, walk_to
from flows.identify import check_account
from flows.pages.comments import CommentRow, CommentsPage
from flows.session import Session
from flows.specs.dislike_comment import DislikeCommentParams
from flows.specs.report_comment import ReportCommentParams

OneActParams = DislikeCommentParams | ReportCommentParams
Doing = Callable[[App, CommentsPage, CommentRow], bool]


def act_once(session: Session, params: OneActParams, do: Doing) -> bool:
    """Acts once with `do`, which returns whether the act was seen. An act that an earlier attempt did is not repeated.

    Raises FlowFailure: author_not_found, video_not_found, comment_not_found, comment_ambiguous, may_not_act, no_basis,
    own_comment, not_approved, cap_reached, comment_full, send_failed, list_not_loaded, page_not_reached,
    outcome_unknown.
    """
    app = App(session)
    check_account(app)
    if params.action in session.journal.done():
        return session.journal.verified(params.action)
    refusal = session.journal.refusal(params.action)
    if refusal is not None:  # before the phone is touched
        raise FlowFailure(refusal.code, refusal.reason)
    # An app that dies before the point of no return is started again; after it, the outcome is unknown.
    return app.through_crashes(lambda: _find_and_act(app, params, do))


def done_at(session: Session) -> str:
    """Returns the moment of a result."""
    return session.now().isoformat(timespec="seconds")


def _find_and_act(app: App, params: OneActParams, do: Doing) -> bool:
    with app.session.watch.step("video and comment"):
        panel, row = _find(app, params)
    with app.session.watch.step("act"):
        return do(app, panel, row)


def _find(app: App, params: OneActParams) -> tuple[CommentsPage, CommentRow]:
    """Opens the comment panel of the right video, with the comment's row on the screen."""
    looked_at = 0
    for video in videos_titled(app, params.author_id, params.title, params.video_loop):
        if video.notice:
            raise FlowFailure("may_not_act", video.notice)
        walk = walk_to(video.open_comments(), params.target)
        row = find_comment(walk, params.target, params.comment_loop)
        if row is not None:
            if sum(one.says(params.target) for one in walk.rows) > 1:
                reason = f"several comments read {' '.join(params.target)!r}, and the approved one cannot be told"
                raise FlowFailure("comment_ambiguous", reason)
            return walk.page, row
        looked_at = max([looked_at, *(place + 1 for place, _ in walk.here())])
    target = {"target_commenter": params.target_commenter, "target_comment": params.target_comment}
    reason = f"{' '.join(target.values())!r} is not among the first {params.comment_loop} comments"
    raise FlowFailure("comment_not_found", reason, {**target, "looked_at": looked_at, "loop": params.comment_loop})
