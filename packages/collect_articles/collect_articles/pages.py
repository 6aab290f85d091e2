"""The pages of the reader: the accounts, an account's articles, and an article."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from flows.pages.lists import Cut, ListPage, late, name_text
from flows.pages.page import after_colon
from flows.screen import Node
from flows.stitch import Parts, agree


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list: its texts, and its place on the screen."""

    parts: Parts  # None for a text that the list's edge cut off
    texts: list[Node]
    late: bool
    whole: bool
    node: Node
    top: int | None
    bottom: int | None


@dataclass(frozen=True, slots=True)
class PartOfArticle(Row):
    """A paragraph, a picture, or the numbers below the last."""

    text: Node | None
    picture: bool


R = TypeVar("R", bound=Row)


class ReaderList(ListPage[R], Generic[R]):
    """A page of the reader with a list."""

    def alike(self, row: R) -> Node:
        """Returns the node of this row on the page as it is now: the one that says the same, nearest to its place."""
        same = [other.node for other in self.rows() if agree(other.parts, row.parts)]
        return min(same or [row.node], key=lambda node: abs(node.bounds[1] - row.node.bounds[1]))

    def _row(self, node: Node, cut: Cut, *names: str) -> Row:
        found = [self.part(name, node) for name in names]
        return Row(
            parts=tuple(name_text(one) for one in found),
            texts=[one for one in found if one is not None],
            late=any(late(one) for one in found),
            whole=None not in found and not cut.below,  # the first row touches the upper edge and is whole
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )


class AccountsPage(ReaderList[Row]):
    """The official accounts that this phone follows."""

    name = "accounts"
    noun = "official accounts"

    def read_row(self, node: Node, cut: Cut) -> Row:
        return self._row(node, cut, "name", "id")

    def account_id(self, row: Row) -> str:
        """Returns the id in a row; empty if the list's edge cut it off."""
        return after_colon(self.text("id", row.node))

    def open(self, row: Row) -> AccountPage:
        """Opens an account whose row is on the screen."""
        return self.go(lambda here: here.alike(row), AccountPage)


class AccountPage(ReaderList[Row]):
    """An account's articles, newest first; older ones are folded."""

    name = "account"
    noun = "articles"
    fields = ("id", "name")

    def read_row(self, node: Node, cut: Cut) -> Row:
        return self._row(node, cut, "title", "date")

    def open(self, row: Row) -> ArticlePage:
        """Opens an article whose row is on the screen."""
        return self.go(lambda here: here.alike(row), ArticlePage)

    def unfold(self) -> AccountPage:
        """Unfolds some of the older articles. The fold must be on the screen."""
        return self.go(lambda here: here.part("fold") or here.need("list"), AccountPage).loaded()


class ArticlePage(ReaderList[PartOfArticle]):
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
