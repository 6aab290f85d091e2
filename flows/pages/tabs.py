"""The tabs at the bottom of the first pages: from anywhere to one of them."""

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

P = TypeVar("P", bound=Page)

MOST_BACKS = 8  # the deepest page lies six levels down
TABBED: tuple[type[Page], ...] = (FeedPage, SearchPage, MePage)
EVERYWHERE: tuple[type[Page], ...] = (
    FeedPage, SearchPage, MePage, AuthorPage, VideoPage, CommentsPage, RepliesPage, MenuPage, ReportPage,
)  # fmt: skip


def to_tabs(app: App) -> FeedPage | SearchPage | MePage:
    """Get to a page that has tabs, by going back, or by starting the app when it is not in front."""
    try:
        return _back_to_tabs(app)
    except AppGone:
        app.start()  # one that was only left comes back with the page that it was left on
        return _back_to_tabs(app)


def to_feed(app: App) -> FeedPage:
    """Get to the feed."""
    page = to_tabs(app)
    return page if isinstance(page, FeedPage) else page.go(lambda here: here.need("tab_home"), FeedPage)


def to_search(app: App) -> SearchPage:
    """Get to the search page."""
    page = to_tabs(app)
    return page if isinstance(page, SearchPage) else page.go(lambda here: here.need("tab_search"), SearchPage)


def to_me(app: App) -> MePage:
    """Get to the page of the logged-in account, freshly read."""
    page = to_tabs(app)
    return page if isinstance(page, MePage) else page.go(lambda here: here.need("tab_me"), MePage)


def back_to(app: App, kind: type[P]) -> P:
    """Go back from what lies above until the screen is that page. Raises FlowFailure('page_not_reached')."""
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
            break  # one more would leave the app
        page = _back_once(app, page)
    names = ", ".join(kind.name for kind in wanted)
    raise FlowFailure("page_not_reached", f"going back led to page {page.name}, expected {names}", {"page": page.name})


def _back_once(app: App, page: Page) -> Page:
    """Press back and wait until another page shows, so that a slow screen is not gone back from twice."""
    app.press("back")
    there: Page = page
    for turn in range(STAY):
        if turn:
            app.settle()
        there = app.see(*EVERYWHERE)
        if type(there) is not type(page):
            break
    return there
