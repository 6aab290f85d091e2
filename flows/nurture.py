"""nurture 养号: uses the account that is logged in on a phone for one ordinary session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, model_validator

from flows.app import App
from flows.browse import Browse
from flows.checks import MOST_TEXTS, Text, as_seen, refuse_all
from flows.failures import FlowFailure
from flows.flow import Column, Flow, Limits, Params, Result
from flows.identify import check_account
from flows.session import ActionKind, Session

FEWEST_TEXTS = 2  # for an account that posts more than once


class NurtureParams(Params):
    """The numbers of acts, the loops within which they happen, and the texts."""

    comments: int = Field(default=0, ge=0, le=50)
    video_likes: int = Field(default=0, ge=0, le=100)
    replies: int = Field(default=0, ge=0, le=50)
    video_loop: int = Field(ge=1, le=1000)  # most videos to look at
    comment_loop: int = Field(default=0, ge=0, le=2000)  # most comments to look at
    texts: tuple[Text, ...] = Field(default=(), max_length=MOST_TEXTS)

    @model_validator(mode="after")
    def _room(self) -> Self:
        refuse_all(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        for name in ("comments", "video_likes"):
            if getattr(self, name) > self.video_loop:
                yield (
                    f"{name}: {getattr(self, name)} do not fit into a video_loop of {self.video_loop}, one a video;"
                    f" raise video_loop or lower {name}"
                )
        if self.replies > self.comment_loop:
            yield (
                f"replies: {self.replies} do not fit into a comment_loop of {self.comment_loop}, one a comment;"
                " raise comment_loop or lower replies"
            )
        posts, different = self.comments + self.replies, len(set(map(as_seen, self.texts)))
        if posts and not self.texts:
            yield "texts: comments or replies are asked for but none given; give the operator's own texts"
        elif posts > 1 and different < FEWEST_TEXTS:
            yield (
                f"texts: {posts} comments and replies are asked for and {different} text is given, and none is posted"
                f" twice in a row; give at least {FEWEST_TEXTS} different texts"
            )

    @property
    def targets(self) -> dict[ActionKind, int]:
        """Returns the numbers asked for, by kind of action."""
        return {
            ActionKind.COMMENT: self.comments,
            ActionKind.LIKE_VIDEO: self.video_likes,
            ActionKind.REPLY: self.replies,
        }


class Tally(Result):
    """The numbers of comments, video likes and replies."""

    comments: int
    video_likes: int
    replies: int


class NurtureResult(Result):
    """The numbers asked for and done; `videos_seen` and `skipped` count this attempt's videos."""

    asked: Tally
    done: Tally
    videos_seen: int
    comments_seen: int
    skipped: int


class Nurture(Flow[NurtureParams, NurtureResult]):
    """Browses the feed, likes videos, comments and replies, at random positions in the loops."""

    name = "nurture"
    heading = "养号"
    version = "1.0"
    result_title = "YANGHAO_TASK_RESULT_DATA_TITLE"
    params_model = NurtureParams
    result_model = NurtureResult
    columns = (
        Column("asked_comments", "要求评论数"),
        Column("done_comments", "完成评论数"),
        Column("asked_video_likes", "要求视频点赞数"),
        Column("done_video_likes", "完成视频点赞数"),
        Column("asked_replies", "要求盖楼数"),
        Column("done_replies", "完成盖楼数"),
        Column("videos_seen", "浏览视频数"),
        Column("skipped", "跳过数"),
    )
    steps = ("account", "browse")
    acts = frozenset({ActionKind.COMMENT, ActionKind.LIKE_VIDEO, ActionKind.REPLY})
    runs_on = "account"
    priority = 6
    limits = Limits(soft=1800, hard=1860)

    def run(self, session: Session, params: NurtureParams) -> NurtureResult:
        """Browses until the targets are reached.

        Raises FlowFailure('targets_not_reached') with asked and done when a loop is used up first.
        """
        app = App(session)
        account = check_account(app)
        with session.watch.step("browse"):
            browse = Browse(app, account.name, params.targets, params.texts, params.video_loop, params.comment_loop)
            app.through_crashes(browse.run)
        result = NurtureResult(
            asked=_tally(params.targets),
            done=_tally(browse.done),
            videos_seen=browse.videos_seen,
            comments_seen=browse.comments_seen,
            skipped=browse.skipped,
        )
        if not browse.reached:
            counted = {"refused": dict(browse.refused), "without_basis": dict(browse.without_basis)}
            details = result.model_dump() | counted
            raise FlowFailure("targets_not_reached", _shortfall(result, browse), details)
        return result

    def rows(self, params: NurtureParams, result: NurtureResult) -> list[dict[str, Any]]:
        """Returns one row."""
        row: dict[str, Any] = {f"asked_{name}": number for name, number in result.asked.model_dump().items()}
        row |= {f"done_{name}": number for name, number in result.done.model_dump().items()}
        return [row | {"videos_seen": result.videos_seen, "skipped": result.skipped}]


def _tally(numbers: dict[ActionKind, int]) -> Tally:
    return Tally(
        comments=numbers[ActionKind.COMMENT],
        video_likes=numbers[ActionKind.LIKE_VIDEO],
        replies=numbers[ActionKind.REPLY],
    )


def _shortfall(result: NurtureResult, browse: Browse) -> str:
    done, asked = result.done.model_dump(), result.asked.model_dump()
    parts = [f"{name} {done[name]} of {asked[name]}" for name in asked if done[name] < asked[name]]
    reasons = ", ".join(f"{code} {times}×" for code, times in sorted(browse.refused.items()))
    seen = f"after {result.videos_seen} videos and {result.comments_seen} comments, {result.skipped} videos skipped"
    return f"{', '.join(parts)} {seen}" + (f" ({reasons})" if reasons else "")
