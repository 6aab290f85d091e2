"""The comments that a benchmark seeds are searchable as those that the product fills."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from benchmarks.seed_texts import COMMON, NEVER, RARE, seed_texts
from models.database.engine import connect
from models.migrate import upgrade
from models.tables import CollectedComment, SearchedText, TextGram
from models.tasks.texts.fill import Source, comments, keys_of
from models.tasks.texts.filters import TextFilter
from models.tasks.texts.read import texts_page
from models.tasks.texts.text_id import text_id
from models.transactions.read_write import read

START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBER = 600


@pytest.fixture
def engine(mariadb_database: str) -> Iterator[Engine]:
    """A ledger on MariaDB, with comments."""
    made = connect(mariadb_database)
    upgrade(made)
    seed_texts(made, NUMBER, START, timedelta(days=365))
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
