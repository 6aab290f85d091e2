"""The manifest of collect_articles 公众号文章采集: the newest articles of one official account."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from flows.checks import Name
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits


class CollectArticlesParams(Params):
    """The official account, and the most articles to collect, the newest first."""

    author_id: Name
    most: int = Field(default=10, ge=1, le=200)


class Article(Result):
    """An article. `published` is the app's own text, and `at` the same moment in ISO 8601.

    Counts are None when the app did not show them. `text` has the paragraphs, one a line; `images` counts pictures.
    """

    title: str
    published: str
    at: str | None
    reads: int | None
    likes: int | None
    images: int
    text: str


class CollectArticlesResult(Result):
    """The articles, newest first; `ended` says whether the account has no more than `got`.

    `gaps` counts places where parts of articles may be missing between two screens.
    """

    author_id: str
    author: str
    articles: tuple[Article, ...]
    asked: int
    got: int
    ended: bool
    gaps: int = 0


class CollectArticlesSpec(FlowSpec[CollectArticlesParams, CollectArticlesResult]):
    """Collects the articles of one official account."""

    name = "collect_articles"
    heading = "公众号采集"
    version = "1.0"
    result_title = "ARTICLE_COLLECT_TASK_RESULT_DATA_TITLE"
    params_model = CollectArticlesParams
    result_model = CollectArticlesResult
    columns = (
        Column("author_id", "公众号ID", english_heading="official account id"),
        Column("author", "公众号", english_heading="official account"),
        Column("title", "标题"),
        Column("published", "发布时间"),
        Column("at", "发布时刻", "moment"),
        Column("reads", "阅读数"),
        Column("likes", "在看数"),
        Column("images", "图片数"),
        Column("text", "正文"),
    )
    steps = ("account", "articles")
    limits = Limits(soft=1200, hard=1260)
    usual = MappingProxyType({"most": 20})

    def rows(self, params: CollectArticlesParams, result: CollectArticlesResult) -> list[dict[str, Any]]:
        """Returns one row for each article."""
        head = {"author_id": result.author_id, "author": result.author}
        return [head | article.model_dump() for article in result.articles]

    def rows_so_far(self, params: CollectArticlesParams, details: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns one row for each article that was read before the failure."""
        head = {"author_id": params.author_id, "author": str(details.get("author", ""))}
        return [head | Article.model_validate(one).model_dump() for one in details.get("articles", ())]


SPEC = CollectArticlesSpec()
