"""The irreversible acts: each is declared before its tap, and verified on the screen after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flows.action import Action, ActionRefused
from flows.app import App
from flows.covers import keyboard
from flows.failures import FlowFailure
from flows.lossy import holds, may_be
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.page import Page
from flows.pages.replies import RepliesPage, ReplyRow
from flows.pages.video import Video
from flows.screen import Node, Screen
from flows.session import PointOfNoReturn

VERIFY_LOOKS = 15  # looks for what an act left on the screen: about 5 seconds, a toast lasts two
READY_LOOKS = 15  # looks until the send button is ready
QUIET_LOOKS = 20  # looks until a toast is gone: 6 seconds, Android's longest toast lasts 3.5

P = TypeVar("P", bound=Page)


@contextmanager
def declared(app: App, action: Action) -> Iterator[PointOfNoReturn]:
    """Declares an action. Raises a refusal of responsible use as FlowFailure, with the code of the refusal."""
    try:
        with app.session.point_of_no_return(action) as act:
            yield act
    except ActionRefused as refused:
        raise FlowFailure(refused.code, refused.reason) from refused


def like_video(app: App, page: Video, action: Action) -> bool:
    """Likes the video on the screen. Returns whether the like was seen. Raises as `send_comment`, but send_failed."""
    page = of_its_video(quiet(app, app.see(type(page))), action)
    kind = type(page)

    def liked(screen: Screen) -> bool | None:
        there = kind(app, screen)
        button = there.part("like")
        if button is None or app.profile.page_of(screen) != kind.name or not there.identity_may_be(_video(action)):
            return None
        return button.selected

    return _tap_like(app, page.like_button, action, liked)


def like_comment(app: App, page: CommentsPage, row: CommentRow, action: Action) -> bool:
    """Likes a comment whose row is on the screen. Returns whether the like was seen. Raises as `like_video`."""

    target = (row.commenter or "", row.text or "")

    def same(rows: list[CommentRow]) -> CommentRow | None:
        """Returns the same row in another dump of the list, if the list did not move."""
        here = [it for it in rows if it.node.bounds[1] == row.node.bounds[1]]
        return next((it for it in here if it.may_be(target)), None)

    def liked(screen: Screen) -> bool | None:
        there = same(CommentsPage(app, screen).rows())
        return there.liked if there is not None and app.profile.page_of(screen) == CommentsPage.name else None

    # Rows alike can have moved by just one of them between the look and the reading: two readings tell.
    page = of_its_video(quiet(app, app.see(type(page))), action)
    page = page.with_whole(lambda seen: there.texts if (there := same(seen.rows())) else [])
    there = same(page.rows())
    if there is None or there.like_button is None:
        raise FlowFailure("page_not_reached", "the comment's like button is not on the screen any more")
    return _tap_like(app, there.like_button, action, liked)


def send_comment(app: App, page: CommentsPage, action: Action, own_name: str) -> bool:
    """Writes and sends a comment in an open panel. Returns whether it was seen first in the list.

    Raises FlowFailure: video_changed; may_not_act, send_failed, comment_not_found (deleted meanwhile) or rate_limited
    when the app refuses; no_basis, own_comment, cap_reached, text_repeated, video_full or comment_full when
    responsible use refuses; outcome_unknown. Raises PhoneError.
    """

    def seen(there: CommentsPage) -> bool:
        rows = there.rows()
        return bool(rows) and _says(app, there, rows[0], (own_name, action.text))

    return _send(app, page, action, app.profile.texts.commented, seen)


def send_reply(app: App, page: RepliesPage, action: Action, own_name: str) -> bool:
    """Writes and sends a reply in an open thread. Returns whether it was seen last in it. Raises as `send_comment`."""

    def seen(there: RepliesPage) -> bool:
        rows = there.rows()
        if rows and _says(app, there, rows[-1], (own_name, action.text)):
            return True
        if rows and not there.ended:  # a long thread: its end is further down
            there.scroll_down()
        return False

    return _send(app, page, action, app.profile.texts.replied, seen)


def _tap_like(app: App, button: Node, action: Action, liked: Callable[[Screen], bool | None]) -> bool:
    """Taps a like button. `liked` returns the button's state on a screen, None when the button is not visible."""
    refuse_out_of_reach(app, button)
    with declared(app, action) as act:
        act.tap(button)
        state: bool | None = None
        for screen in glances(app, act):
            state = liked(screen)
            if state:
                act.happened(verified=True)
                return True
            refuse_as_app(app, act, screen)
        if state is False and act.limited:
            act.did_not_happen(act.limited)
            raise FlowFailure("rate_limited", act.limited)
        raise FlowFailure("outcome_unknown", "the like did not show on the screen")


def _send(app: App, page: CommentsPage | RepliesPage, action: Action, success: str, seen: Callable[..., bool]) -> bool:
    kind, accepted, kept = type(page), False, False
    ready = of_its_video(quiet(app, _write(app, page, action.text)), action)
    refuse_out_of_reach(app, ready.send)
    stale = holds(app.profile.toast(ready.screen), success)  # a toast of an earlier act
    with declared(app, action) as act:
        act.tap(ready.send)
        for screen in glances(app, act):
            accepted = accepted or (not stale and holds(app.profile.toast(screen), success))
            if app.profile.page_of(screen) == kind.name:
                there = kind(app, screen)
                # a cleared field distinguishes a new entry from an older one with the same words
                kept = may_be(there.input, action.text)
                if not kept and seen(there):
                    act.happened(verified=True)
                    return True
            refuse_as_app(app, act, screen)
        if accepted:
            act.happened(verified=False)
            return False
        if kept and act.limited:
            act.did_not_happen(act.limited)
            raise FlowFailure("rate_limited", act.limited)
        raise FlowFailure("outcome_unknown", "what was sent did not show on the screen")


def _video(action: Action) -> tuple[str, str]:
    return action.author_id, action.title


def of_its_video(page: P, action: Action) -> P:
    """Reads whole which video a fresh look shows, or which one a panel lies over. Returns the page.

    Raises FlowFailure('video_changed') unless it is the action's: the app may have gone on to another one since.
    """
    page = page.whole(*page.identified_by)
    if page.identity != _video(action):
        details = {"wanted": list(_video(action)), "shown": list(page.identity)}
        raise FlowFailure("video_changed", f"the app shows {page.identity}, and not {_video(action)}", details)
    return page


def refuse_out_of_reach(app: App, button: Node) -> None:
    """Raises FlowFailure, before the declaration, for a button that is off the screen or covered."""
    if not button.has_place:
        raise FlowFailure("page_not_reached", f"{button.resource_id} has no place on the screen")
    app.refuse_covered(button)


def _says(app: App, page: Page, row: CommentRow | ReplyRow, target: tuple[str, str]) -> bool:
    """Returns whether this is the row of that commenter and text; reads its texts whole if the dump is unclear."""
    return row.may_be(target) and app.read(page.screen, row.texts, glancing=True) and row.says(target)


def _write(app: App, page: CommentsPage | RepliesPage, text: str) -> CommentsPage | RepliesPage:
    """Writes the text into the field and waits until it can be sent."""
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


def quiet(app: App, page: P) -> P:
    """Waits until the page shows no refusal of an earlier act, which could be taken for the next act's."""
    for _ in range(QUIET_LOOKS):
        if not _no(app, app.profile.toast(page.screen)):
            return page
        app.settle()
        page = app.see(type(page))
    raise FlowFailure("page_not_reached", f"the toast {app.profile.toast(page.screen)!r} stays")


def _no(app: App, toast: str) -> str:
    """Returns the failure code of a toast with which the app refuses an act; empty for another toast."""
    texts = app.profile.texts
    if holds(toast, texts.may_not_comment) or holds(toast, texts.may_not_interact):
        return "may_not_act"
    if holds(toast, texts.send_failed):
        return "send_failed"
    return "comment_not_found" if holds(toast, texts.gone) else ""


def refuse_as_app(app: App, act: PointOfNoReturn, screen: Screen) -> None:
    """Raises FlowFailure when the app's toast refuses the act; then the act did not happen."""
    toast = app.profile.toast(screen)
    code = _no(app, toast)
    if code:
        act.did_not_happen(toast)
        raise FlowFailure(code, toast)


def glances(app: App, act: PointOfNoReturn) -> Iterator[Screen]:
    """Yields the screens after an act, a bounded number of them; closes obstacles over the page.

    Does not ask the watch: a stop between the tap and its verification would leave the outcome unknown. Each look
    still has the phone's own deadline. A rate-limit page is remembered and closed, because only the page below it
    shows whether the act succeeded.
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
            hidden = True  # once only: if no keyboard closes, back would leave the page
            app.session.phone.press("back")
        else:
            yield screen
