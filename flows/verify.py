"""Verifies an action whose attempt died before it knew the outcome: looks at the app, and does not act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flows.action import Action, ActionKind
from flows.app import App
from flows.failures import FlowFailure
from flows.find import CommentWalk, find_comment, videos_titled, walk_to
from flows.identify import check_account
from flows.lossy import may_be
from flows.menu_acts import dislike_state, open_menu
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import Walk, most_screens, shows
from flows.pages.replies import RepliesPage, ReplyRow
from flows.pages.tabs import back_to
from flows.pages.video import VideoPage
from flows.screen import Node

MARGIN = 20  # videos and comments that others may have published since the attempt
PAST = 100  # rows without one of the account's: the app shows them first, so recent ones are not further down
THREAD = 1000  # replies at most that are read to reach a thread's end, where the account's replies are

GONE = frozenset({"author_not_found", "video_not_found"})
LIKES = frozenset({ActionKind.LIKE_VIDEO, ActionKind.LIKE_COMMENT, ActionKind.DISLIKE_COMMENT})
WORDS = frozenset({ActionKind.COMMENT, ActionKind.REPLY})


class Seen(StrEnum):
    """The result of a look for an action in doubt."""

    HAPPENED = "happened"
    NOT = "not"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Traces:
    """The traces of an action, and of identical ones, in the app.

    `places`: the number of videos, or target comments, that it may concern. `seen`: the number of the account's texts
    or likes there. `complete`: no text of the account can have been missed.
    """

    places: int = 0
    seen: int = 0
    complete: bool = True


def judge(kind: ActionKind, known: int, since: int, traces: Traces) -> Seen:
    """Judges the traces. `known` and `since` count identical actions done, declared before and after this one."""
    if traces.places == 0:
        return Seen.UNKNOWN
    if kind in LIKES:
        # No flow taps a like that is selected, so at least one place had no like when this one was declared. If a
        # later like was done, the likes seen may be that one and the earlier ones, unless there is one more.
        others = known + since if since else min(known, traces.places - 1)
        return Seen.HAPPENED if traces.seen > others else Seen.NOT
    if traces.seen > known + since:
        return Seen.HAPPENED
    # fewer than known: an action of the account was deleted, and it may have been this one
    return Seen.NOT if traces.complete and traces.seen == known + since else Seen.UNKNOWN


def verify(
    app: App, action: Action, own_name: str, known: int, video_loop: int, comment_loop: int, *, since: int = 0
) -> Seen:
    """Looks for an action in the app, with the account that did it.

    Call it only after the worker that declared the action is dead and the phone's UI server was restarted: before
    that, a queued tap may still come. `own_name` is the account's name in the app. `known` counts the identical
    actions (account, kind, author, title, target, text) that the ledger knows as done and that were declared before
    this one, `since` those declared after it. The loops are the attempt's: the most videos of the author and the most
    comments of a video to look at. All videos with the same title are looked at.

    Returns UNKNOWN when the app does not show it: the video or target comment is gone, one of the account's texts was
    deleted, a list is too long, or the app keeps no trace (of a report; of a dislike where its menu shows none).
    Raises FlowFailure (wrong_account, list_not_loaded, rate_limited …) and PhoneError when the look itself failed,
    which says nothing about the action.
    """
    if action.kind not in LIKES | WORDS:
        return Seen.UNKNOWN
    account = check_account(app)
    search = _Search(app, action, frozenset({own_name, account.name}), known + since, video_loop, comment_loop)
    with app.session.watch.step("verify"):
        return judge(action.kind, known, since, app.through_crashes(search.run))


@dataclass(frozen=True, slots=True)
class _Search:
    """A search for an action's traces, which can run again after the app died."""

    app: App
    action: Action
    names: frozenset[str]  # the names with which the account's rows may be signed
    known: int
    video_loop: int
    comment_loop: int

    def run(self) -> Traces:
        """Looks at every video that the action may concern; stops once it is certain that the action happened."""
        traces = Traces()
        videos = videos_titled(self.app, self.action.author_id, self.action.title, self.video_loop + MARGIN)
        try:
            for video in videos:
                self._look_at(video, traces)
                if traces.seen > self.known:
                    break
        except FlowFailure as failure:
            if failure.code not in GONE:
                raise
        return traces

    def _look_at(self, video: VideoPage, traces: Traces) -> None:
        if self.action.kind is ActionKind.LIKE_VIDEO:
            traces.places += 1
            traces.seen += video.liked
            return
        if self.action.kind is ActionKind.COMMENT:
            # an older identical comment may be further down: if there is one, only the whole list is conclusive
            ours: CommentWalk = Walk(video.open_comments(), matters=self._may_be_ours)
            self._read(ours, traces, most=self.comment_loop + PAST, past=None if self.known else PAST)
            return
        panel = walk_to(video.open_comments(), self._target)
        row = find_comment(panel, self._target, self.comment_loop + MARGIN)
        if row is None:
            return
        if self.action.kind is ActionKind.DISLIKE_COMMENT:
            disliked = dislike_state(open_menu(panel.page, row))
            traces.places += disliked is not None
            traces.seen += bool(disliked)
            back_to(self.app, CommentsPage)
            return
        if self.action.kind is ActionKind.LIKE_COMMENT:
            traces.places += 1
            traces.seen += row.liked
            return
        thread = panel.page.open_replies(row).loaded().of(self._target)
        replies: Walk[RepliesPage, ReplyRow] = Walk(thread, matters=self._may_be_ours)
        self._read(replies, traces, most=THREAD, past=None)

    @property
    def _target(self) -> tuple[str, str]:
        return self.action.target_commenter, self.action.target_comment

    def _read(
        self,
        walk: Walk[CommentsPage, CommentRow] | Walk[RepliesPage, ReplyRow],
        traces: Traces,
        most: int,
        past: int | None,
    ) -> None:
        """Counts the account's rows with the action's text, to the list's end or until `past` rows without one."""
        traces.places += 1
        before = traces.seen
        for _ in range(most_screens(most)):
            traces.seen = before + sum(self._is_it(row) for row in walk.rows)
            done = walk.page.ended or (past is not None and self._since_ours(walk.rows) >= past)
            if traces.seen > self.known or done or len(walk.rows) >= most:
                break
            if not walk.advance():
                raise FlowFailure("list_not_loaded", f"the list of {walk.page.noun} neither moves nor ends")
        else:
            done = False
        clear = walk.gaps == 0 and not any(self._may_be_it(row) for row in walk.rows)
        traces.complete = traces.complete and done and clear

    def _is_it(self, row: CommentRow | ReplyRow) -> bool:
        return any(row.says((name, self.action.text)) for name in self.names)

    def _may_be_ours(self, row: CommentRow | ReplyRow) -> bool:
        """Returns whether the row may be the account's, by the dump: then its texts are read whole."""
        return any(row.may_be((name, self.action.text)) for name in self.names)

    def _may_be_it(self, row: CommentRow | ReplyRow) -> bool:
        """Returns whether too little of the row was visible to rule it out."""
        if row.told or (row.author is None and row.text is None):
            return False
        signed = row.author is None or self._signs(row.author)
        return signed and (row.text in (None, self.action.text) or shows(row.words, self.action.text))

    def _signs(self, author: Node) -> bool:
        """Returns whether this may be one of the account's names."""
        return any(may_be(author, name) for name in self.names)

    def _since_ours(self, rows: Sequence[CommentRow | ReplyRow]) -> int:
        """Returns the number of rows read since the last one that is, or may be, the account's."""
        ours = [place for place, row in enumerate(rows, 1) if row.author is None or self._signs(row.author)]
        return len(rows) - max(ours, default=0)
