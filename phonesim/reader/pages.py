"""The reader's pages: the accounts, an account's articles with its folded history, an article."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from phonesim.node import Bounds, Node
from phonesim.practice.frame import BUTTON, GROUP, IMAGE_BUTTON, LABEL_VIEW, Frame
from phonesim.practice.page import build_list, shown
from phonesim.practice.scroll import Loads, PartList
from phonesim.practice.text import wrap
from phonesim.reader.articles import Article, Articles, OfficialAccount
from phonesim.world.formats import CHINA, count_text, cut_title

ACCOUNT_ROW, ARTICLE_ROW, FOLD_ROW = 190, 220, 140
LINE, PICTURE, GAP = 64, 520, 40
UNFOLDED = 8  # articles that are shown at first
MORE = 15  # that one tap unfolds


class Reader(Protocol):
    """The app around a page."""

    articles: Articles
    loads: Loads

    def close(self) -> None: ...

    def open_account(self, account: OfficialAccount) -> None: ...

    def open_article(self, account: OfficialAccount, article: Article) -> None: ...


class ReaderPage(ABC):
    """One page: its state, and how it is drawn."""

    name: ClassVar[str]

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    @abstractmethod
    def build(self, frame: Frame, root: Node) -> None:
        """Add the page's nodes below its root node, which covers the screen."""


class AccountsPage(ReaderPage):
    """The accounts that the phone's owner follows."""

    name = "page_accounts"

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self._rows = PartList(iter(reader.articles.accounts), lambda _account: ACCOUNT_ROW, reader.loads)

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, LABEL_VIEW, "accounts_title", (40, 100, 1040, 200), "公众号")
        edge = (0, 240, 1080, frame.height)

        def build_row(parent: Node, account: OfficialAccount, top: int, height: int) -> None:
            box = shown((0, top, 1080, top + height), edge)
            if box is None:
                return
            row = frame.add(parent, GROUP, "account_item", box, tap=lambda: self.reader.open_account(account))
            for name, text, part in (
                ("item_name", account.name, (200, top + 30, 1040, top + 95)),
                ("item_id", f"微信号：{account.id}", (200, top + 105, 1040, top + 160)),
            ):
                visible = shown(part, edge)
                if visible is not None:
                    frame.add(row, LABEL_VIEW, name, visible, text)

        build_list(frame, root, "account_list", edge, self._rows, build_row)


class AccountPage(ReaderPage):
    """An account's articles, newest first; all but the newest are folded."""

    name = "page_account"

    def __init__(self, reader: Reader, account: OfficialAccount) -> None:
        super().__init__(reader)
        self._account = account
        first: Sequence[Article | None] = self._part(0, UNFOLDED)
        self._rows: PartList[Article | None] = PartList(
            iter(first), lambda row: FOLD_ROW if row is None else ARTICLE_ROW, reader.loads
        )

    def _part(self, start: int, end: int) -> list[Article | None]:
        """The articles from one place to another; None at the end stands for the fold over those that follow."""
        articles = self._account.articles
        return [*articles[start:end], *([None] if len(articles) > end else [])]

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, IMAGE_BUTTON, "back_button", (20, 90, 140, 210), desc="返回", tap=self.reader.close)
        frame.add(root, LABEL_VIEW, "account_name", (280, 250, 1040, 330), self._account.name)
        frame.add(root, LABEL_VIEW, "account_id", (280, 340, 1040, 410), f"微信号：{self._account.id}")
        edge = (0, 460, 1080, frame.height)

        def build_row(parent: Node, article: Article | None, top: int, height: int) -> None:
            box = shown((0, top, 1080, top + height), edge)
            if box is None:
                return
            if article is None:
                left = len(self._account.articles) - len(self._rows.rows) + 1
                frame.add(parent, BUTTON, "history_fold", box, f"展开更早的{left}篇", tap=self._unfold)
                return
            row = frame.add(
                parent, GROUP, "article_item", box, tap=lambda: self.reader.open_article(self._account, article)
            )
            for name, text, part in (
                ("item_title", cut_title(article.title), (40, top + 24, 1040, top + 148)),
                ("item_date", _day(article.published), (40, top + 154, 1040, top + 206)),
            ):
                visible = shown(part, edge)
                if visible is not None:
                    frame.add(row, LABEL_VIEW, name, visible, text)

        build_list(frame, root, "article_list", edge, self._rows, build_row, ends=self._unfolded)

    @property
    def _unfolded(self) -> bool:
        return not self._rows.rows or self._rows.rows[-1] is not None

    def _unfold(self) -> None:
        so_far = len(self._rows.rows) - 1
        self._rows.rows[so_far:] = self._part(so_far, so_far + MORE)
        self._rows.measure()


class ArticlePage(ReaderPage):
    """One article: title, account and date, then paragraphs and pictures; below the last the numbers."""

    name = "page_article"

    def __init__(self, reader: Reader, account: OfficialAccount, article: Article) -> None:
        super().__init__(reader)
        self._account, self._article = account, article
        parts = [*enumerate(article.parts), (len(article.parts), "")]
        self._rows = PartList(iter(parts), self._height, reader.loads)

    def _height(self, row: tuple[int, str]) -> int:
        place, text = row
        if place == len(self._article.parts):
            return LINE + 2 * GAP
        return GAP + (LINE * len(wrap(text, 20)) if text else PICTURE)

    def build(self, frame: Frame, root: Node) -> None:
        article = self._article
        frame.add(root, IMAGE_BUTTON, "back_button", (20, 90, 140, 210), desc="返回", tap=self.reader.close)
        frame.add(root, LABEL_VIEW, "article_title", (40, 230, 1040, 400), article.title)
        frame.add(root, LABEL_VIEW, "article_account", (40, 410, 500, 470), self._account.name)
        frame.add(root, LABEL_VIEW, "article_date", (520, 410, 1040, 470), _minute(article.published))
        edge = (0, 500, 1080, frame.height)

        def build_row(parent: Node, row: tuple[int, str], top: int, height: int) -> None:
            place, text = row
            whole, box = shown((0, top, 1080, top + height), edge), shown((40, top + GAP, 1040, top + height), edge)
            if whole is None:
                return
            part = frame.add(parent, GROUP, "article_part", whole)
            if box is None:
                return
            if place == len(article.parts):
                self._numbers(frame, part, box)
            elif text:
                frame.add(part, LABEL_VIEW, "article_text", box, text)
            else:
                frame.add(part, IMAGE_BUTTON, "article_image", box, desc="图片")

        build_list(frame, root, "article_body", edge, self._rows, build_row)

    def _numbers(self, frame: Frame, part: Node, box: Bounds) -> None:
        left, top, right, bottom = box
        reads, likes = count_text(self._article.reads), count_text(self._article.likes)
        frame.add(part, LABEL_VIEW, "article_reads", (left, top, 400, bottom), f"阅读 {reads}")
        frame.add(part, LABEL_VIEW, "article_likes", (420, top, right, bottom), f"在看 {likes}")


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, CHINA):%Y-%m-%d}"


def _minute(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, CHINA):%Y-%m-%d %H:%M}"
