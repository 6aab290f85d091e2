"""The "more" menu of a comment, and the report page behind it."""

from __future__ import annotations

from typing import ClassVar, Self

from flows.failures import FlowFailure
from flows.lossy import may_be
from flows.pages.page import Page
from flows.screen import Node


class _OnComment(Page):
    """A page about one comment, whose commenter and text it shows if its profile names the parts for them."""

    fields: ClassVar[tuple[str, ...]] = ("author",)

    @property
    def names_comment(self) -> bool:
        """Returns whether the profile says where the page shows its comment."""
        return self.knows("author") and self.knows("text")

    def of(self, target: tuple[str, str]) -> Self:
        """Returns the page if it is about that comment. Raises FlowFailure('page_not_reached') for another one."""
        if not self.names_comment:
            return self
        page = self.whole("author", "text")
        shown = page.text("author"), page.text("text")
        if shown != target:
            raise FlowFailure("page_not_reached", f"the {self.name} of another comment opened: {shown}")
        return page

    def may_be_of(self, target: tuple[str, str]) -> bool:
        """Returns whether the dump does not rule out that the page is about that comment."""
        if not self.names_comment:
            return True
        found = [self.part("author"), self.part("text")]
        return all(node is not None and may_be(node, text) for node, text in zip(found, target, strict=True))


class MenuPage(_OnComment):
    """The actions on a comment besides liking and replying."""

    name = "menu"

    @property
    def shows_dislikes(self) -> bool:
        """Returns whether this app shows in the menu that the account dislikes the comment."""
        return self.knows("disliked")

    @property
    def disliked(self) -> bool:
        """Returns whether the menu shows that the account dislikes the comment."""
        return self.shows_dislikes and self.part("disliked") is not None


class ReportPage(_OnComment):
    """The reasons for which a comment can be reported."""

    name = "report"

    @property
    def reasons(self) -> list[Node]:
        """Returns the rows with the reasons."""
        return self.screen.all(self.id("reason"))
