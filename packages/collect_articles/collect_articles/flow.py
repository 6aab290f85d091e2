"""collect_articles 公众号文章采集: opens an official account, unfolds its history and reads its articles."""

from __future__ import annotations

from collections.abc import Iterator

from collect_articles.manifest import Article, CollectArticlesParams, CollectArticlesResult, CollectArticlesSpec
from collect_articles.pages import AccountPage, AccountsPage, ArticlePage, PartOfArticle
from flows.app import App
from flows.counts import read_count
from flows.failures import FlowFailure
from flows.flow import Flow
from flows.pages.lists import Walk, most_screens
from flows.pages.text_rows import TextRow
from flows.session import Session
from flows.times import read_shown

MOST_ACCOUNTS = 500  # that are looked at
MOST_PARTS = 400  # paragraphs and pictures of one article


class CollectArticles(CollectArticlesSpec, Flow[CollectArticlesParams, CollectArticlesResult]):
    """Only reads: it opens pages and scrolls."""

    def run(self, session: Session, params: CollectArticlesParams) -> CollectArticlesResult:
        """Collects the articles. Raises FlowFailure: author_not_found, list_not_loaded."""
        reading = _Reading(App(session), params)
        try:
            reading.app.through_crashes(reading.run)
        except FlowFailure as failure:
            found = [one.model_dump() for one in reading.articles]
            raise FlowFailure(
                failure.code, failure.reason, {**failure.details, "author": reading.author, "articles": found}
            ) from failure
        return CollectArticlesResult(
            author_id=params.author_id,
            author=reading.author,
            articles=tuple(reading.articles),
            asked=params.most,
            got=len(reading.articles),
            ended=reading.ended,
            gaps=reading.gaps,
        )


class _Reading:
    """The reading of one account. It keeps what it has read, so that after a crash it goes on with the next article."""

    def __init__(self, app: App, params: CollectArticlesParams) -> None:
        self.app = app
        self.params = params
        self.author = ""
        self.articles: list[Article] = []
        self.ended = False
        self.gaps = 0

    def run(self) -> None:
        """Reads from the first article that was not read yet."""
        self.app.restart()
        with self.app.session.watch.step("account"):
            page = self._open().whole("name")
            self.author = page.told("name")
        with self.app.session.watch.step("articles"):
            for walk, row in self._rows(page):
                self.articles.append(self._read(walk.page.open(row)))
                walk.resume(back(self.app))

    def _open(self) -> AccountPage:
        walk: Walk[AccountsPage, TextRow] = Walk(self.app.see(AccountsPage))
        for _ in range(most_screens(MOST_ACCOUNTS)):
            for _, row in walk.here():
                if walk.page.account_id(row) == self.params.author_id:
                    return walk.page.open(row)
            if not walk.advance():
                break
        reason = f"{self.params.author_id} is not among the {len(walk.rows)} official accounts of this phone"
        raise FlowFailure("author_not_found", reason, {"author_id": self.params.author_id})

    def _rows(self, page: AccountPage) -> Iterator[tuple[Walk[AccountPage, TextRow], TextRow]]:
        """Yields the rows of articles that were not read yet, each while it is on the screen."""
        walk: Walk[AccountPage, TextRow] = Walk(page, matters=lambda _: True)
        for _ in range(2 * most_screens(self.params.most)):
            at = len(self.articles)
            if at >= self.params.most:
                return
            row = next((row for place, row in walk.here() if place == at and row.whole), None)
            if row is not None:
                yield walk, row
            elif walk.page.part("fold") is not None:
                walk.resume(walk.page.unfold())
            elif not walk.advance():
                self.ended = True
                return

    def _read(self, page: ArticlePage) -> Article:
        page = page.whole("title", "date")
        title, date = page.told("title"), page.told("date")
        walk: Walk[ArticlePage, PartOfArticle] = Walk(page, matters=lambda _: True)
        for _ in range(most_screens(MOST_PARTS)):
            if not walk.advance():
                break
        self.gaps += walk.gaps
        reads, likes = read_count(walk.page.text("reads")), read_count(walk.page.text("likes"))
        shown = read_shown(date, page.read_at)
        return Article(
            title=title,
            published=date,
            at=shown.at.isoformat() if shown.at else None,
            reads=reads.value if reads else None,
            likes=likes.value if likes else None,
            images=sum(row.picture for row in walk.rows),
            text="\n".join(row.text.text for row in walk.rows if row.text is not None),
        )


def back(app: App) -> AccountPage:
    """Goes back from an article to its account."""
    app.press("back")
    return app.see(AccountPage)


FLOW = CollectArticles()
