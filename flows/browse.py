"""Browses the feed, and acts at the planned videos if it may; acts that are not possible there follow at later ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flows import acts
from flows.action import Action, ActionKind
from flows.app import App
from flows.failures import FlowFailure
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.feed import FeedPage
from flows.pages.lists import shows
from flows.pages.tabs import back_to, to_feed
from flows.plan import due, plan
from flows.stitch import agree
from flows.texts import Deck

# failures that make one video unusable, but do not end the session: its acts follow at a later video
SKIPPED = frozenset(
    {
        "may_not_act",
        "send_failed",
        "no_basis",
        "own_comment",
        "cap_reached",
        "text_repeated",
        "video_full",
        "comment_full",
        "quota_reached",
        "account_quota_reached",
        "comment_not_found",
        "text_unclear",
        "video_changed",
    }
)
PER_VIDEO = frozenset({ActionKind.LIKE_VIDEO, ActionKind.COMMENT})  # at most one of these a video


class Browse:
    """One browsing session. It keeps its progress, so that `run` can be called again after a crash."""

    def __init__(
        self,
        app: App,
        own_name: str,
        targets: Mapping[ActionKind, int],
        texts: Sequence[str],
        video_loop: int,
        comment_loop: int,
    ) -> None:
        self.app = app
        self.own_name = own_name
        self.targets = dict(targets)
        self.video_loop = video_loop
        self.comment_loop = comment_loop
        self.videos_seen = self.comments_seen = self.skipped = 0
        self.refused: Counter[str] = Counter()
        self.without_basis: Counter[str] = Counter()  # authors that the feed showed
        self._left_feed = False
        earlier = list(app.session.journal.done())
        self._acted: set[tuple[ActionKind, str, str, str, str]] = {_mark(action) for action in earlier}
        before = Counter(action.kind for action in earlier)
        self.done = {kind: min(before[kind], number) for kind, number in targets.items()}
        self._before = dict(self.done)
        rng = app.session.rng
        self._places = {
            kind: plan(rng, number - self.done[kind], video_loop, once=kind in PER_VIDEO)
            for kind, number in targets.items()
        }
        self._deck = Deck(texts, rng)
        self._posted: dict[tuple[str, str], set[str]] = {}
        for action in earlier:
            self._note_text(action)

    @property
    def reached(self) -> bool:
        """True when all targets are reached."""
        return all(self.done[kind] >= number for kind, number in self.targets.items())

    def run(self) -> None:
        """Looks at videos until the targets are reached or the loop is used up."""
        if self.reached and any(self.targets.values()):
            return
        page: FeedPage | None = to_feed(self.app)
        while page is not None and self.videos_seen < self.video_loop:
            self.videos_seen += 1
            self._visit(page)
            if self.reached and any(self.targets.values()):
                return
            page = back_to(self.app, FeedPage) if self._left_feed else page
            page = page.next()

    def _visit(self, page: FeedPage) -> None:
        """Does the acts that are due at this video; counts it as skipped when one of them was not possible."""
        self._left_feed = missed = False
        for kind in (ActionKind.LIKE_VIDEO, ActionKind.COMMENT, ActionKind.REPLY):
            owed = self._owed(kind)
            if not owed:
                continue
            if self._left_feed:
                page, self._left_feed = back_to(self.app, FeedPage), False
            before = self.done[kind]
            try:
                self._act(kind, page, owed)
            except FlowFailure as failure:
                if failure.code not in SKIPPED:
                    raise
                self.refused[failure.code] += 1
                if failure.code == "video_changed" and not self._left_feed:
                    page = self.app.see(FeedPage)
            missed = missed or self.done[kind] == before
        self.skipped += missed

    def _owed(self, kind: ActionKind) -> int:
        return due(self._places[kind], self.videos_seen - 1, self.done[kind] - self._before[kind])

    def _act(self, kind: ActionKind, page: FeedPage, owed: int) -> None:
        if page.notice:
            raise FlowFailure("may_not_act", page.notice)
        page = page.whole("author_id", "title")
        if kind is ActionKind.LIKE_VIDEO:
            self._like(page)
        elif kind is ActionKind.COMMENT:
            self._comment(page)
        else:
            self._reply(page, owed)

    def _like(self, page: FeedPage) -> None:
        action = Action(ActionKind.LIKE_VIDEO, *page.identity)
        if page.liked:  # a second tap would remove the like
            self.refused["already_liked"] += 1
        elif self._allowed(action):
            acts.like_video(self.app, page, action)
            self._count(action)

    def _comment(self, page: FeedPage) -> None:
        action = self._worded(Action(ActionKind.COMMENT, *page.identity))
        if action is not None:
            self._left_feed = True
            acts.send_comment(self.app, page.open_comments(), action, self.own_name)
            self._count(action)

    def _reply(self, page: FeedPage, owed: int) -> None:
        """Replies to randomly drawn comments at the top of the panel, within the comment loop."""
        if self.comments_seen >= self.comment_loop or not self._allowed(Action(ActionKind.REPLY, *page.identity)):
            return
        identity = page.identity
        self._left_feed = True
        panel: CommentsPage = page.open_comments().loaded()
        rows = [row for row in panel.rows() if row.whole and not shows(row.author, self.own_name)]
        left = self.targets[ActionKind.REPLY] - self.done[ActionKind.REPLY]
        share = max(owed, (self.comment_loop - self.comments_seen) // left)
        rows = rows[: min(share, self.comment_loop - self.comments_seen)]
        chosen = sorted(self.app.session.rng.sample(range(len(rows)), min(owed, len(rows))))
        self.comments_seen += chosen[-1] + 1 if chosen else 0
        for place in chosen:
            self._reply_to(back_to(self.app, CommentsPage), rows[place], identity)

    def _reply_to(self, panel: CommentsPage, row: CommentRow, identity: tuple[str, str]) -> None:
        panel = panel.with_whole(
            lambda seen: [node for other in seen.rows() if agree(other.parts, row.parts) for node in other.texts]
        )
        there = next((it for it in panel.rows() if it.told and agree(it.parts, row.parts) and it.reply_button), None)
        target = ("", "") if there is None else (there.commenter or "", there.text or "")
        action = None if there is None else self._worded(Action(ActionKind.REPLY, *identity, *target))
        if there is None or action is None:
            return
        thread = panel.open_replies(there).loaded().whole("parent_author", "parent_text")
        if thread.parent == target:
            acts.send_reply(self.app, thread, action, self.own_name)
            self._count(action)

    def _worded(self, action: Action) -> Action | None:
        """Returns the action with a text that this account has not posted on this video; None if it is not allowed."""
        barred = set(self._posted.get((action.author_id, action.title), ()))
        refusal = "text_repeated"
        while refusal == "text_repeated" and (text := self._deck.next(barred)) is not None:
            worded = replace(action, text=text)
            refused = self._refusal(worded)
            if refused is None:
                return worded
            refusal = refused
            barred.add(text)  # so that the loop ends after as many rounds as there are texts
        self.refused[refusal] += 1
        return None

    def _allowed(self, action: Action) -> bool:
        """Returns whether the action is allowed and was not done before; counts a refusal by its code."""
        refusal = self._refusal(action)
        if refusal is not None:
            self.refused[refusal] += 1
        return refusal is None

    def _refusal(self, action: Action) -> str | None:
        if _mark(action) in self._acted:
            return "already_done"
        refused = self.app.session.journal.refusal(action)
        if refused is not None and refused.code == "no_basis":
            self.without_basis[action.author_id] += 1
        return None if refused is None else refused.code

    def _count(self, action: Action) -> None:
        self._acted.add(_mark(action))
        self._note_text(action)
        self.done[action.kind] += 1

    def _note_text(self, action: Action) -> None:
        if action.text:
            self._deck.posted(action.text)
            self._posted.setdefault((action.author_id, action.title), set()).add(action.text)


def _mark(action: Action) -> tuple[ActionKind, str, str, str, str]:
    """Returns the key of an act, without its text: no act is done twice on the same content."""
    return action.kind, action.author_id, action.title, action.target_commenter, action.target_comment
