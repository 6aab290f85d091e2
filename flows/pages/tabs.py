"""Goes from any page to one of the tabs at the bottom of the first pages."""

from __future__ import annotations

from typing import TypeVar

from flows.app import App, AppGone
from flows.failures import FlowFailure
from flows.pages.author import AuthorPage
from flows.pages.comments import CommentsPage
from flows.pages.feed import FeedPage
from flows.pages.me import MePage
from flows.pages.menu import MenuPage, ReportPage
from flows.pages.page import STAY, Page
from flows.pages.replies import RepliesPage
from flows.pages.search import SearchPage
from flows.pages.video import VideoPage
from flows.pages.video_search import VideoSearchPage

P = TypeVar("P", bound=Page)

MOST_BACKS = 8  # the deepest page is six levels down
TABBED: tuple[type[Page], ...] = (FeedPage, SearchPage, MePage)
EVERYWHERE: tuple[type[Page], ...] = (
    FeedPage, SearchPage, MePage, AuthorPage, VideoPage, CommentsPage, RepliesPage, MenuPage, ReportPage,
    VideoSearchPage,
)  # fmt: skip


def to_tabs(app: App) -> FeedPage | SearchPage | MePage:
    """Goes back to a page with tabs; starts the app if it is not in the foreground."""
    try:
        return _back_to_tabs(app)
    except AppGone:
        app.start()  # an app that was only in the background returns with its last page
        return _back_to_tabs(app)


def to_feed(app: App) -> FeedPage:
    """Goes to the feed."""
    page = to_tabs(app)
    return page if isinstance(page, FeedPage) else page.go(lambda here: here.need("tab_home"), FeedPage)


def to_search(app: App) -> SearchPage:
    """Goes to the search page."""
    page = to_tabs(app)
    return page if isinstance(page, SearchPage) else page.go(lambda here: here.need("tab_search"), SearchPage)


def to_me(app: App) -> MePage:
    """Goes to the page of the logged-in account, and reads it anew."""
    page = to_tabs(app)
    return page if isinstance(page, MePage) else page.go(lambda here: here.need("tab_me"), MePage)


def back_to(app: App, kind: type[P]) -> P:
    """Presses back until the screen is that page. Raises FlowFailure('page_not_reached')."""
    page = _back(app, (kind,))
    assert isinstance(page, kind)
    return page


def _back_to_tabs(app: App) -> FeedPage | SearchPage | MePage:
    return _with_tabs(_back(app, TABBED))


def _with_tabs(page: Page) -> FeedPage | SearchPage | MePage:
    assert isinstance(page, FeedPage | SearchPage | MePage)
    return page


def _back(app: App, wanted: tuple[type[Page], ...]) -> Page:
    page: Page = app.untouched if isinstance(app.untouched, Page) else app.see(*EVERYWHERE)
    for _ in range(MOST_BACKS):
        if isinstance(page, wanted):
            return page
        if isinstance(page, FeedPage | SearchPage | MePage):
            break  # another press would leave the app
        page = _back_once(app, page)
    names = ", ".join(kind.name for kind in wanted)
    raise FlowFailure("page_not_reached", f"going back led to page {page.name}, expected {names}", {"page": page.name})


def _back_once(app: App, page: Page) -> Page:
    """Presses back and waits for another page, so that back is not pressed twice on a slow screen."""
    app.press("back")
    there: Page = page
    for turn in range(STAY):
        if turn:
            app.settle()
        there = app.see(*EVERYWHERE)
        if type(there) is not type(page):
            break
    return there
