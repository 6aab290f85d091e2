"""nurture 养号: uses the account that is logged in on a phone for one ordinary session."""

from __future__ import annotations

from flows.action import ActionKind
from flows.app import App
from flows.browse import Browse
from flows.failures import FlowFailure
from flows.flow import Flow
from flows.identify import check_account
from flows.session import Session
from flows.specs.nurture import NurtureParams, NurtureResult, NurtureSpec, Tally


class Nurture(NurtureSpec, Flow[NurtureParams, NurtureResult]):
    """Browses the feed, likes videos, comments and replies, at random positions in the loops."""

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
