"""The pages of the reader: the accounts, an account's articles, and an article."""

from __future__ import annotations

from dataclasses import dataclass

from flows.pages.lists import Cut, name_text
from flows.pages.page import after_colon
from flows.pages.text_rows import TextList, TextRow
from flows.screen import Node


@dataclass(frozen=True, slots=True)
class PartOfArticle(TextRow):
    """A paragraph, a picture, or the numbers below the last."""

    text: Node | None
    picture: bool


class AccountsPage(TextList[TextRow]):
    """The official accounts that this phone follows."""

    name = "accounts"
    noun = "official accounts"

    def read_row(self, node: Node, cut: Cut) -> TextRow:
        return self.text_row(node, cut, ("name", "id"))

    def account_id(self, row: TextRow) -> str:
        """Returns the id in a row; empty if the list's edge cut it off."""
        return after_colon(self.text("id", row.node))

    def open(self, row: TextRow) -> AccountPage:
        """Opens an account whose row is on the screen."""
        return self.go(lambda here: here.alike(row), AccountPage)


class AccountPage(TextList[TextRow]):
    """An account's articles, newest first; older ones are folded."""

    name = "account"
    noun = "articles"
    fields = ("id", "name")

    def read_row(self, node: Node, cut: Cut) -> TextRow:
        return self.text_row(node, cut, ("title", "date"))

    def open(self, row: TextRow) -> ArticlePage:
        """Opens an article whose row is on the screen."""
        return self.go(lambda here: here.alike(row), ArticlePage)

    def unfold(self) -> AccountPage:
        """Unfolds some of the older articles. The fold must be on the screen."""
        return self.go(lambda here: here.part("fold") or here.need("list"), AccountPage).loaded()


class ArticlePage(TextList[PartOfArticle]):
    """An article, paragraph by paragraph."""

    name = "article"
    noun = "parts of the article"
    fields = ("title", "author", "date")

    def read_row(self, node: Node, cut: Cut) -> PartOfArticle:
        text, picture, reads = self.part("text", node), self.part("image", node), self.part("reads", node)
        told = text or reads
        return PartOfArticle(
            parts=(name_text(told, empty=picture is not None),),
            texts=[told] if told else [],
            late=False,
            whole=(told is not None or picture is not None) and not cut.below,
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
            text=text,
            picture=picture is not None,
        )
