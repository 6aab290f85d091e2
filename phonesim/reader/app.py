"""The reader on one phone: its pages on a stack. Lists load, fail and run on as those of the practice app do."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice import LAUNCHER
from phonesim.practice.frame import LAYOUT, WIDTH, Frame
from phonesim.practice.scroll import Loads
from phonesim.reader import PACKAGE, VERSION
from phonesim.reader.articles import Article, Articles, OfficialAccount
from phonesim.reader.pages import AccountPage, AccountsPage, ArticlePage, ReaderPage
from phonesim.update import Update

KEY_HOME, KEY_BACK = 3, 4


class ReaderApp:
    """One phone's reader; fulfils phonesim.node.App and the Reader of its pages."""

    package = PACKAGE

    def __init__(self, articles: Articles, loads: Loads) -> None:
        """`loads`: how loading fares on this phone."""
        self.articles = articles
        self.loads = loads
        self.version = VERSION
        self.update: Update | None = None  # the new version that is installed
        self.foreground = False
        self._stack: list[ReaderPage] = []
        self._size = (1080, 2400)

    @property
    def activity(self) -> str:
        """The activity in the foreground."""
        return ".MainActivity"

    def start(self) -> None:
        """Come to the foreground, with the page that was left, or the list of accounts."""
        self.foreground = True
        if not self._stack:
            self._stack.append(AccountsPage(self))

    def stop(self) -> None:
        """Force-stop."""
        self.foreground = False
        self._stack.clear()

    def render(self, width: int, height: int) -> Node:
        """The screen as it is now, `width` × `height` pixels."""
        self._size = (width, height)
        return self._frame().root

    def tap(self, x: int, y: int) -> None:
        """The topmost clickable node at the pixel gets it."""
        self._frame().tap(x, y)

    def long_press(self, x: int, y: int) -> None:
        """Nothing here is held."""

    def swipe(self, x1: int, y1: int, x2: int, y2: int, *, rested: bool = False) -> None:
        """The topmost scrollable node where the finger starts follows it, and stops with it."""
        self._frame().drag(x1, y1, x2, y2)

    def set_text(self, node: Node, text: str) -> None:
        """There are no input fields."""

    def key(self, code: int) -> None:
        """Home, and back: to the page before, from the first page to the launcher."""
        if code == KEY_HOME:
            self.foreground = False
        elif code == KEY_BACK:
            self.close()

    # What pages may ask

    def close(self) -> None:
        if len(self._stack) > 1:
            self._stack.pop()
        else:
            self.foreground = False

    def open_account(self, account: OfficialAccount) -> None:
        self._stack.append(AccountPage(self, account))

    def open_article(self, account: OfficialAccount, article: Article) -> None:
        self._stack.append(ArticlePage(self, account, article))

    def _frame(self) -> Frame:
        width, height = self._size
        frame = Frame(width, height, PACKAGE if self.foreground else LAUNCHER, ids=PACKAGE)
        if self.foreground:
            page = self._stack[-1]
            root = frame.add(frame.root, LAYOUT, page.name, (0, 0, WIDTH, frame.height))
            page.build(frame, root)
            if self.update is not None:
                self.update.apply(frame, root)
        return frame
