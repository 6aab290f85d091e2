"""The irreversible acts: each behind its point of no return, each verified by looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flows.app import App
from flows.covers import keyboard
from flows.failures import FlowFailure
from flows.lossy import holds, may_be
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.page import Page
from flows.pages.replies import RepliesPage, ReplyRow
from flows.pages.video import Video
from flows.screen import Node, Screen
from flows.session import Action, ActionRefused, PointOfNoReturn

VERIFY_LOOKS = 15  # looks for what an act left on the screen: about 5 seconds, a toast lasts two
READY_LOOKS = 15  # looks until the send button is ready
QUIET_LOOKS = 20  # looks until a toast is gone: 6 seconds, Android's longest toast lasts 3.5

P = TypeVar("P", bound=Page)


@contextmanager
def _declared(app: App, action: Action) -> Iterator[PointOfNoReturn]:
    """A point of no return whose refusal is a FlowFailure: no_basis, cap_reached, text_repeated or comment_full."""
    try:
        with app.session.point_of_no_return(action) as act:
            yield act
    except ActionRefused as refused:
        raise FlowFailure(refused.code, refused.reason) from refused


def like_video(app: App, page: Video, action: Action) -> bool:
    """Like the video on the screen; True when it was seen liked. Raises as `send_comment`, but send_failed."""
    page = _quiet(app, page)
    kind = type(page)

    def liked(screen: Screen) -> bool | None:
        button = kind(app, screen).part("like")
        return button.selected if button is not None and app.profile.page_of(screen) == kind.name else None

    return _tap_like(app, page.like_button, action, liked)


def like_comment(app: App, page: CommentsPage, row: CommentRow, action: Action) -> bool:
    """Like a comment whose row is on the screen; True when it was seen liked. Raises as `like_video`."""

    target = (row.commenter or "", row.text or "")

    def same(rows: list[CommentRow]) -> CommentRow | None:
        """The row on another dump of the list, which did not move."""
        here = [it for it in rows if it.node.bounds[1] == row.node.bounds[1]]
        return next((it for it in here if it.may_be(target)), None)

    def liked(screen: Screen) -> bool | None:
        there = same(CommentsPage(app, screen).rows())
        return there.liked if there is not None and app.profile.page_of(screen) == CommentsPage.name else None

    page = _quiet(app, page)
    if any(node.read_text is not None for node in row.texts):
        # rows alike can have moved by just one of them between the look and the reading: two readings tell
        page = app.see(type(page))
    page = page.with_whole(lambda seen: there.texts if (there := same(seen.rows())) else [])
    there = same(page.rows())
    if there is None or there.like_button is None:
        raise FlowFailure("page_not_reached", "the comment's like button is not on the screen any more")
    return _tap_like(app, there.like_button, action, liked)


def send_comment(app: App, page: CommentsPage, action: Action, own_name: str) -> bool:
    """Write and send a comment in an open panel; True when it was seen first in the list.

    Raises FlowFailure: may_not_act, send_failed, comment_not_found (deleted meanwhile), rate_limited:
    the app said no; no_basis, cap_reached, text_repeated, comment_full: responsible use did;
    outcome_unknown. Raises PhoneError.
    """

    def seen(there: CommentsPage) -> bool:
        rows = there.rows()
        return bool(rows) and _says(app, there, rows[0], (own_name, action.text))

    return _send(app, page, action, app.profile.texts.commented, seen)


def send_reply(app: App, page: RepliesPage, action: Action, own_name: str) -> bool:
    """Write and send a reply in an open thread; True when it was seen last in it. Raises as `send_comment`."""

    def seen(there: RepliesPage) -> bool:
        rows = there.rows()
        if rows and _says(app, there, rows[-1], (own_name, action.text)):
            return True
        if rows and not there.ended:  # a long thread: its end is further down
            there.scroll_down()
        return False

    return _send(app, page, action, app.profile.texts.replied, seen)


def _tap_like(app: App, button: Node, action: Action, liked: Callable[[Screen], bool | None]) -> bool:
    """`liked` tells the button's state on a screen, None when it is not to be seen there."""
    _refuse_out_of_reach(app, button)
    with _declared(app, action) as act:
        act.tap(button)
        state: bool | None = None
        for screen in _glances(app, act):
            state = liked(screen)
            if state:
                act.happened(verified=True)
                return True
            _refuse_as_app(app, act, screen)
        if state is False and act.limited:
            act.did_not_happen(act.limited)
            raise FlowFailure("rate_limited", act.limited)
        raise FlowFailure("outcome_unknown", "the like did not show on the screen")


def _send(app: App, page: CommentsPage | RepliesPage, action: Action, success: str, seen: Callable[..., bool]) -> bool:
    kind, accepted, kept = type(page), False, False
    ready = _quiet(app, _write(app, page, action.text))
    _refuse_out_of_reach(app, ready.send)
    stale = holds(app.profile.toast(ready.screen), success)  # said of an earlier act
    with _declared(app, action) as act:
        act.tap(ready.send)
        for screen in _glances(app, act):
            accepted = accepted or (not stale and holds(app.profile.toast(screen), success))
            if app.profile.page_of(screen) == kind.name:
                there = kind(app, screen)
                # a cleared field tells a new entry from an older one with the same words
                kept = may_be(there.input, action.text)
                if not kept and seen(there):
                    act.happened(verified=True)
                    return True
            _refuse_as_app(app, act, screen)
        if accepted:
            act.happened(verified=False)
            return False
        if kept and act.limited:
            act.did_not_happen(act.limited)
            raise FlowFailure("rate_limited", act.limited)
        raise FlowFailure("outcome_unknown", "what was sent did not show on the screen")


def _refuse_out_of_reach(app: App, button: Node) -> None:
    """Before anything is declared: a node without a place on the screen, or under a keyboard, is not one to tap."""
    if not button.has_place:
        raise FlowFailure("page_not_reached", f"{button.resource_id} has no place on the screen")
    app.refuse_covered(button)


def _says(app: App, page: Page, row: CommentRow | ReplyRow, target: tuple[str, str]) -> bool:
    """Is this the row of that commenter with that text? Its texts are read whole where the dump does not tell."""
    return row.may_be(target) and app.read(page.screen, row.texts, glancing=True) and row.says(target)


def _write(app: App, page: CommentsPage | RepliesPage, text: str) -> CommentsPage | RepliesPage:
    """Put the text into the field and wait until it can be sent."""
    if not page.input.enabled:
        raise FlowFailure("may_not_act", "the input field is not enabled for this account")
    app.set_text(page.input, text)
    for turn in range(READY_LOOKS):
        if turn:
            app.settle()
        there = app.see(type(page))
        if may_be(there.input, text) and there.send.enabled:
            there = there.whole("input")
            if there.input.text == text and there.send.enabled:
                return there
    raise FlowFailure("page_not_reached", "the send button did not become ready")


def _quiet(app: App, page: P) -> P:
    """The page once no refusal of an earlier act is on it that could be taken for the next one's."""
    for _ in range(QUIET_LOOKS):
        if not _no(app, app.profile.toast(page.screen)):
            return page
        app.settle()
        page = app.see(type(page))
    raise FlowFailure("page_not_reached", f"the toast {app.profile.toast(page.screen)!r} stays")


def _no(app: App, toast: str) -> str:
    """The failure code of a toast by which the app refuses an act; empty when it does not."""
    texts = app.profile.texts
    if holds(toast, texts.may_not_comment) or holds(toast, texts.may_not_interact):
        return "may_not_act"
    if holds(toast, texts.send_failed):
        return "send_failed"
    return "comment_not_found" if holds(toast, texts.gone) else ""


def _refuse_as_app(app: App, act: PointOfNoReturn, screen: Screen) -> None:
    """Take the app's own "no" at its word. Raises FlowFailure."""
    toast = app.profile.toast(screen)
    code = _no(app, toast)
    if code:
        act.did_not_happen(toast)
        raise FlowFailure(code, toast)


def _glances(app: App, act: PointOfNoReturn) -> Iterator[Screen]:
    """Screens after an act, a bounded number of them; what lies over the page is closed.

    The watch is not asked: a stop between the tap and what came of it would leave the outcome open.
    Each look still has the phone's own deadline. A rate-limit page is remembered and closed, for
    only the page under it tells whether the act got through.
    """
    limit, hidden = app.profile.pages.get("rate_limit"), False
    for turn in range(VERIFY_LOOKS):
        if turn:
            app.settle()
        screen = app.glance()
        over = app.profile.popup_close(screen)
        if over is None and limit is not None and limit.fits(screen) and not act.limited:
            over = screen.find(limit.selectors["ok"])
            act.limited = app.profile.text_on("rate_limit", screen)
        covered = over is not None and bool(app.covered(over))
        if over is not None and not covered:
            app.session.phone.tap(over)
        elif covered and not hidden and keyboard(screen) is not None:
            hidden = True  # once: where it does not close the keyboard, back would leave the page
            app.session.phone.press("back")
        else:
            yield screen
