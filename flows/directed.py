"""directed 定向任务: posts one comment on a video, likes one comment, or replies to one comment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from flows import acts
from flows.app import App
from flows.checks import Name, check_name, check_text, refuse_all
from flows.failures import FlowFailure
from flows.find import find_comment, videos_titled, walk_to
from flows.flow import Column, Flow, Limits, Params, Result
from flows.identify import Account, check_account
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.video import VideoPage
from flows.session import Action, ActionKind, Session

Kind = Literal["comment", "like_comment", "reply"]

ACTS = {"comment": ActionKind.COMMENT, "like_comment": ActionKind.LIKE_COMMENT, "reply": ActionKind.REPLY}
NEEDED: Mapping[str, Collection[str]] = {
    "comment": ("text",),
    "like_comment": ("target_commenter", "target_comment"),
    "reply": ("target_commenter", "target_comment", "text"),
}
HEADINGS = {"comment": "评论", "like_comment": "点赞评论", "reply": "盖楼"}


class DirectedParams(Params):
    """The kind of act, its video and comment, and the most videos and comments to search."""

    kind: Kind
    author_id: Name
    title: Name
    target_commenter: str = ""
    target_comment: str = ""
    text: str = ""
    video_loop: int = Field(default=60, ge=1, le=1000)
    comment_loop: int = Field(default=200, ge=1, le=5000)

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        refuse_all(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        needed = NEEDED[self.kind]
        for name in ("target_commenter", "target_comment", "text"):
            value = getattr(self, name)
            if name not in needed:
                if value:
                    yield f"{name}: a {self.kind} has none; leave it out"
                continue
            try:
                check_text(value) if name == "text" else check_name(value)
            except ValueError as error:
                yield f"{name}: {error}"

    @property
    def target(self) -> tuple[str, str]:
        """Returns the commenter and the text of the target comment; empty texts without a target."""
        return self.target_commenter, self.target_comment

    @property
    def action(self) -> Action:
        """Returns the one irreversible act."""
        return Action(
            ACTS[self.kind], self.author_id, self.title, self.target_commenter, self.target_comment, self.text
        )


class DirectedResult(Result):
    """The act, its time (ISO 8601), and whether it was seen in the app afterwards."""

    kind: Kind
    author_id: str
    title: str
    target_commenter: str
    target_comment: str
    text: str
    done_at: str
    verified: bool


class Directed(Flow[DirectedParams, DirectedResult]):
    """Finds the video and the comment, acts once, and verifies the act on the screen."""

    name = "directed"
    heading = "定向任务"
    version = "1.0"
    result_title = "DIRECTED_TASK_RESULT_DATA_TITLE"
    params_model = DirectedParams
    result_model = DirectedResult
    columns = (
        Column("kind", "动作"),
        Column("author_id", "视频号ID"),
        Column("title", "标题"),
        Column("target_commenter", "目标评论人"),
        Column("target_comment", "目标评论"),
        Column("text", "发布内容"),
        Column("done_at", "完成时间"),
        Column("verified", "已核实"),
    )
    steps = ("account", "video and comment", "act")
    acts = frozenset(ACTS.values())
    limits = Limits(soft=600, hard=660)

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

    def rows(self, params: DirectedParams, result: DirectedResult) -> list[dict[str, Any]]:
        """Returns one row, with the kind in the operator's words."""
        return [result.model_dump() | {"kind": HEADINGS[result.kind]}]


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
