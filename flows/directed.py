"""directed 定向任务: posts one comment on a video, likes one comment, or replies to one comment."""

from __future__ import annotations

from flows import acts
from flows.app import App
from flows.failures import FlowFailure
from flows.find import find_comment, videos_titled, walk_to
from flows.flow import Flow
from flows.identify import Account, check_account
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.video import VideoPage
from flows.session import Session
from flows.specs.directed import DirectedParams, DirectedResult, DirectedSpec


class Directed(DirectedSpec, Flow[DirectedParams, DirectedResult]):
    """Finds the video and the comment, acts once, and verifies the act on the screen."""

    def run(self, session: Session, params: DirectedParams) -> DirectedResult:
        """Acts once. An act that an earlier attempt completed is not repeated.

        Raises FlowFailure: author_not_found, video_not_found, comment_not_found, may_not_act,
        no_basis, own_comment, cap_reached, text_repeated, video_full, comment_full, send_failed, list_not_loaded,
        outcome_unknown.
        """
        app = App(session)
        account = check_account(app)
        if params.action in session.journal.done():
            return _result(session, params, verified=session.journal.verified(params.action))
        refusal = session.journal.refusal(params.action)
        if refusal is not None:  # before the phone is touched
            raise FlowFailure(refusal.code, refusal.reason)
        # An app that dies before the point of no return is started again; after it, the outcome is unknown.
        verified = app.through_crashes(lambda: _find_and_act(app, params, account))
        return _result(session, params, verified=verified)


def _result(session: Session, params: DirectedParams, *, verified: bool) -> DirectedResult:
    fields = params.model_dump(exclude={"video_loop", "comment_loop"})
    return DirectedResult(**fields, done_at=session.now().isoformat(timespec="seconds"), verified=verified)


def _find_and_act(app: App, params: DirectedParams, account: Account) -> bool:
    with app.session.watch.step("video and comment"):
        video, panel, row = _find(app, params)
    with app.session.watch.step("act"):
        return _act(app, params, account, video, panel, row)


def _find(app: App, params: DirectedParams) -> tuple[VideoPage, CommentsPage, CommentRow | None]:
    """Opens the comment panel of the right video, with the target's row on the screen if there is a target."""
    looked_at = 0
    for video in videos_titled(app, params.author_id, params.title, params.video_loop):
        if video.notice:
            raise FlowFailure("may_not_act", video.notice)
        panel = video.open_comments()
        if params.kind == "comment":
            return video, panel.loaded(), None
        walk = walk_to(panel, params.target)
        row = find_comment(walk, params.target, params.comment_loop)
        if row is not None:
            return video, walk.page, row
        looked_at = max([looked_at, *(place + 1 for place, _ in walk.here())])
    target = {"target_commenter": params.target_commenter, "target_comment": params.target_comment}
    reason = f"{' '.join(target.values())!r} is not among the first {params.comment_loop} comments"
    raise FlowFailure("comment_not_found", reason, {**target, "looked_at": looked_at, "loop": params.comment_loop})


def _act(
    app: App, params: DirectedParams, account: Account, video: VideoPage, panel: CommentsPage, row: CommentRow | None
) -> bool:
    if row is None:
        return acts.send_comment(app, panel, params.action, account.name)
    if params.kind == "like_comment":
        if row.liked:  # by this account, in another task: a second tap would remove the like
            raise FlowFailure("may_not_act", "this account likes the comment already; another account takes it")
        return acts.like_comment(app, panel, row, params.action)
    thread = panel.open_replies(row).loaded().of(params.target)
    return acts.send_reply(app, thread, params.action, account.name)
