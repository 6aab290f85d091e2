"""The search page."""

from __future__ import annotations

from flows.failures import FlowFailure
from flows.lossy import dumped
from flows.pages.author import AuthorPage
from flows.pages.page import Page, after_colon
from flows.placeholders import is_placeholder
from flows.screen import Node

RESULT_LOOKS = 25  # looks until results appear: about 8 seconds
RETRIES = 2  # taps on "loading failed, tap to retry"
STALE_LOOKS = 4  # looks at results of another search before they count as the answer


class SearchPage(Page):
    """Finds authors by id."""

    name = "search"

    @property
    def waiting(self) -> bool:
        return any(is_placeholder(after_colon(shown.text)) for _, shown in self._ids())

    def open_author(self, author_id: str) -> AuthorPage:
        """Searches an author by id and opens the author's page.

        Raises FlowFailure: author_not_found; list_not_loaded when no result appeared.
        """
        self.app.set_text(self.need("input"), author_id)
        self.app.tap(self.need("button"))
        page = self._answer(author_id)
        author = page.go(lambda here: here._row(author_id) or here.need("input"), AuthorPage).whole("id")
        if author.author_id != author_id:
            raise FlowFailure("page_not_reached", f"opened author {author.author_id!r}, not {author_id!r}")
        return author

    def _row(self, author_id: str) -> Node | None:
        """Returns the result with this id; if the dump is unclear, one that may have it."""
        return next((row for row, shown in self._ids() if _may_name(shown, author_id)), None)

    def _ids(self) -> list[tuple[Node, Node]]:
        """Returns each result with the node of its id."""
        rows = ((row, self.part("row_id", row)) for row in self.screen.all(self.id("row")))
        return [(row, shown) for row, shown in rows if shown is not None]

    def _with_ids(self, author_id: str) -> SearchPage:
        """Returns the page, with the ids that may be this one read whole."""
        return self.with_whole(lambda here: [shown for _, shown in here._ids() if _may_name(shown, author_id)])

    def _answer(self, author_id: str) -> SearchPage:
        """Waits until the search page shows the author."""
        others = retries = 0
        for _ in range(RESULT_LOOKS):
            page = self.app.see(SearchPage)._with_ids(author_id)
            retry = page.part("retry")
            if retry is not None:
                retries += 1
                if retries > RETRIES:
                    break
                self.app.tap(retry)
                continue
            if page._row(author_id) is not None:
                return page
            if not page.waiting:
                others += page.part("empty") is not None or page.part("row") is not None
            if others >= STALE_LOOKS:
                raise FlowFailure("author_not_found", f"no author with the id {author_id!r}", {"author_id": author_id})
            self.app.settle()
        raise FlowFailure("list_not_loaded", "the search gave no answer", {"author_id": author_id})


def _may_name(shown: Node, author_id: str) -> bool:
    """Returns whether the id line may be this author's."""
    return after_colon(shown.text) == (dumped(author_id) if shown.unclear else author_id)
