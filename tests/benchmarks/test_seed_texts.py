"""The comments that a benchmark seeds are searchable as those that the product fills."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from benchmarks.seed_texts import COMMON, NEVER, PLANTED, PLANTED_IN, POPULAR, RARE, popular, seed_popular, seed_texts
from models.database.engine import connect
from models.migrate import upgrade
from models.tables import CollectedComment, SearchedText, TextGram
from models.tasks.texts.fill import Source, comments, keys_of
from models.tasks.texts.filters import TextFilter
from models.tasks.texts.read import CollectedText, texts_page
from models.tasks.texts.text_id import text_id
from models.transactions.read_write import read

START = datetime(2026, 1, 1, tzinfo=UTC)
OTHERS, OF_EACH = 600, 40
NUMBER = OTHERS + POPULAR * OF_EACH


@pytest.fixture
def engine(mariadb_database: str) -> Iterator[Engine]:
    """A ledger on MariaDB, with comments."""
    made = connect(mariadb_database)
    upgrade(made)
    seed_texts(made, OTHERS, START, timedelta(days=365))
    seed_popular(made, OTHERS, START, OF_EACH)
    yield made
    made.dispose()


def test_each_comment_has_the_grams_that_the_product_computes(engine: Engine) -> None:
    sources = [Source(*row) for row in read(engine, lambda s: s.execute(comments(range(1, NUMBER + 1))).all())]
    assert len(sources) == NUMBER
    texts = {
        (text_id("comment", one.subject, one.collected_at), one.subject, one.title_id, one.author_id) for one in sources
    }
    columns = (SearchedText.id, SearchedText.subject, SearchedText.title_id, SearchedText.author_id)
    assert {tuple(row) for row in read(engine, lambda s: s.execute(select(*columns)).all())} == texts
    grams = {
        (gram, text_id("comment", one.subject, one.collected_at)) for one in sources for gram in keys_of("comment", one)
    }
    held = read(engine, lambda s: s.execute(select(TextGram.gram, TextGram.text_id)).all())
    assert {tuple(row) for row in held} == grams


def test_a_search_finds_the_common_and_the_rare(engine: Engine) -> None:
    said = read(engine, lambda s: s.scalars(select(CollectedComment.text)).all())
    for wanted in (COMMON, RARE, NEVER):
        found, _ = read(
            engine,
            lambda s, wanted=wanted: texts_page(s, TextFilter(text=wanted), None, NUMBER),  # type: ignore[misc]
        )
        assert len(found) == sum(wanted in one for one in said)
    assert sum(COMMON in one for one in said) > NUMBER / 2
    assert 0 < sum(RARE in one for one in said) < NUMBER / 5


@pytest.mark.parametrize("one", range(POPULAR))
def test_a_popular_author_has_its_comments_in_one_week_and_a_phrase_in_some(engine: Engine, one: int) -> None:
    author, week = popular(one, START)
    for which in (TextFilter(author=author), TextFilter(author=author, since=week, until=week + timedelta(days=7))):
        assert len(_found(engine, which)) == OF_EACH
    found = _found(engine, TextFilter(text=PLANTED, author=author))
    assert len(found) == OF_EACH // PLANTED_IN
    assert len(_found(engine, TextFilter(text=PLANTED))) == POPULAR * len(found)


def _found(engine: Engine, which: TextFilter) -> list[CollectedText]:
    return read(engine, lambda session: texts_page(session, which, None, NUMBER))[0]
