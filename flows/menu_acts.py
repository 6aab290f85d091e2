"""The irreversible acts behind a comment's menu: dislike it, report it. As flows/acts.py does its acts."""

from __future__ import annotations

from collections.abc import Iterator

from flows.action import Action
from flows.acts import READY_LOOKS, declared, glances, of_its_video, quiet, refuse_as_app, refuse_out_of_reach
from flows.app import App
from flows.failures import FlowFailure
from flows.lossy import holds
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.menu import MenuPage, ReportPage
from flows.screen import Node, Screen
from flows.session import PointOfNoReturn

Target = tuple[str, str]
MENU_TAPS = 2  # taps after a dislike that open the menu again: a pop-up may take the first


def open_menu(page: CommentsPage, row: CommentRow) -> MenuPage:
    """Opens the menu of a comment whose row is on the screen, and reads there that it is this comment's.

    Raises FlowFailure('page_not_reached') when it is another one's.
    """
    return page.open_menu(row).of((row.commenter or "", row.text or ""))


def dislike_comment(app: App, page: CommentsPage, row: CommentRow, action: Action) -> bool:
    """Dislikes a comment whose row is on the screen. Returns whether its menu showed the dislike afterwards.

    Raises FlowFailure: video_changed, page_not_reached; may_not_act, send_failed, comment_not_found or rate_limited
    when the app refuses; the codes of responsible use when that refuses; outcome_unknown. Raises PhoneError.
    """
    menu = open_menu(of_its_video(quiet(app, app.see(type(page))), action), row)
    if menu.disliked:  # by this account, in another task: the tap there would take the dislike back
        raise FlowFailure("may_not_act", "this account dislikes the comment already")
    button = menu.need("dislike")
    refuse_out_of_reach(app, button)
    accepted, shown = False, None
    with declared(app, action) as act:
        act.tap(button)
        for screen in _beneath(app, act, row, look_again=menu.shows_dislikes):
            accepted = accepted or _says(app, screen, app.profile.texts.disliked)
            shown = _dislike_shown(app, screen, _target(action), shown)
            if shown or (accepted and not menu.shows_dislikes):
                act.happened(verified=bool(shown))
                return bool(shown)
            refuse_as_app(app, act, screen)
        if accepted:
            act.happened(verified=False)
            return False
        if shown is False and act.limited:
            act.did_not_happen(act.limited)
            raise FlowFailure("rate_limited", act.limited)
        raise FlowFailure("outcome_unknown", "the dislike did not show on the screen")


def report_comment(app: App, page: CommentsPage, row: CommentRow, action: Action) -> bool:
    """Reports a comment whose row is on the screen, for the reason in the action's text. Raises as `dislike_comment`.

    Returns False: the app says that it took the report, and shows nothing that lasts.
    """
    menu = open_menu(of_its_video(quiet(app, app.see(type(page))), action), row)
    form = menu.go(lambda here: here.need("report"), ReportPage).of(_target(action))
    submit = _choose(app, form, action.text).need("submit")
    refuse_out_of_reach(app, submit)
    if _says(app, app.glance(), app.profile.texts.reported):
        raise FlowFailure("page_not_reached", "the toast of an earlier report is still on the screen")
    with declared(app, action) as act:
        act.tap(submit)
        for screen in glances(app, act):
            if _says(app, screen, app.profile.texts.reported):
                act.happened(verified=False)
                return False
            refuse_as_app(app, act, screen)
        raise FlowFailure("outcome_unknown", "the app did not say whether it took the report")


def dislike_state(menu: MenuPage) -> bool | None:
    """Returns whether an open menu shows a dislike of this account; None if this app never shows one."""
    return menu.disliked if menu.shows_dislikes else None


def _target(action: Action) -> Target:
    return action.target_commenter, action.target_comment


def _says(app: App, screen: Screen, text: str) -> bool:
    return bool(text) and holds(app.profile.toast(screen), text)


def _dislike_shown(app: App, screen: Screen, target: Target, before: bool | None) -> bool | None:
    """Returns what the comment's menu on this screen shows of the dislike; `before` when it is not there."""
    if app.profile.page_of(screen) != MenuPage.name:
        return before
    menu = MenuPage(app, screen)
    return menu.disliked if menu.may_be_of(target) and not menu.waiting else before


def _beneath(app: App, act: PointOfNoReturn, row: CommentRow, *, look_again: bool) -> Iterator[Screen]:
    """Yields the screens after a dislike; once the panel is back, opens the comment's menu again to look."""
    taps = 0
    for screen in glances(app, act):
        yield screen
        if look_again and taps < MENU_TAPS and app.profile.page_of(screen) == CommentsPage.name:
            button = _more_button(CommentsPage(app, screen), row)
            if button is not None and not app.covered(button):
                taps += 1
                app.session.phone.tap(button)


def _more_button(page: CommentsPage, row: CommentRow) -> Node | None:
    """Returns the menu's button of the same row in another look at the list, if the list did not move."""
    target = row.commenter or "", row.text or ""
    same = [one for one in page.rows() if one.node.bounds[1] == row.node.bounds[1] and one.may_be(target)]
    return same[0].more_button if same else None


def _choose(app: App, form: ReportPage, reason: str) -> ReportPage:
    """Chooses the reason, and waits until the report can be submitted. Raises FlowFailure('page_not_reached')."""
    for turn in range(READY_LOOKS):
        if turn:
            app.settle()
        form = app.see(ReportPage).with_whole(lambda seen: seen.reasons)
        rows = [node for node in form.reasons if node.text == reason]
        if len(rows) != 1:
            offered = [node.text for node in form.reasons]
            raise FlowFailure("page_drift", f"the report page offers {offered}, and {reason!r} not once")
        chosen = [node.text for node in form.reasons if node.selected]
        if chosen == [reason] and form.need("submit").enabled:
            return form
        if chosen != [reason]:
            app.tap(rows[0])
    raise FlowFailure("page_not_reached", f"the reason {reason!r} could not be chosen")
