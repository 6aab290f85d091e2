"""A workbook's words come from the one catalogue: each head has a word in both languages, values those of the pages."""

from __future__ import annotations

from uuid import uuid4

import pytest

from flows.specs.catalogue import SPECS
from gateway.console.pages.records import KINDS
from gateway.exports.front import _FILTERS
from gateway.exports.sheets import COMMON, OF_ATTEMPTS, OF_COMPLETENESS, OF_LONG_TEXTS, OF_RECORDS, all_series
from gateway.exports.words import Language, word
from gateway.words.catalogue import catalogue
from models.history.records.filters import OUTCOMES
from models.tasks.states import ENDED

LANGUAGES: tuple[Language, ...] = ("zh", "en")
HEADS = {*COMMON, *OF_ATTEMPTS, *OF_COMPLETENESS, *OF_LONG_TEXTS, *OF_RECORDS, *_FILTERS.values()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_head_and_value_has_a_word(language: Language) -> None:
    texts = catalogue(language).texts
    assert [key for key in HEADS if f"sheet:{key}" not in texts] == []
    values = [("record", one) for one in KINDS] + [("outcome", one) for one in OUTCOMES]
    values += [("state", one) for one in ENDED] + [("sheet", one) for one in ("open", "did_not_run", "no_more")]
    assert [one for one in values if f"{one[0]}:{one[1]}" not in texts] == []


def test_chinese_heads_hold_no_english_and_english_ones_no_chinese() -> None:
    zh, en = ([one.text for series in all_series(which, "").values() for one in series.headings] for which in LANGUAGES)
    assert [text for text in en if not text.isascii()] == []
    assert [text for text in zh if text.isascii()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_column_of_ids_shows_them_whole(language: Language) -> None:
    ids = [word(language, key) for key in ("task_id", "campaign_id")]
    heads = [one for series in all_series(language, "").values() for one in series.headings if one.text in ids]
    assert len(heads) > 2 * len(SPECS)
    assert [one for one in heads if one.width <= len(str(uuid4()))] == []


def test_the_sheet_of_a_flow_is_called_as_its_page_calls_the_flow() -> None:
    assert {name: catalogue("zh").word("flow", name) for name in SPECS} == {
        name: flow.heading for name, flow in SPECS.items()
    }
    for language in LANGUAGES:
        called = {name: series.name for name, series in all_series(language, "").items() if name in SPECS}
        assert called == {name: catalogue(language).word("flow", name) for name in SPECS}


def test_a_value_without_a_word_stands_for_itself() -> None:
    assert word("zh", "of_another_version", "state") == "of_another_version"
    assert word("zh", "lost", "outcome") == catalogue("zh").word("outcome", "lost")
    assert word("en", "") == ""
