"""Both glossaries have the same words, each with its meaning, the field's term and a file that uses it."""

from __future__ import annotations

import re

import pytest

from tests.support.documents import ROOT, links, rows

ENGLISH, CHINESE = "docs/glossary.md", "docs/glossary.zh-CN.md"
HEADINGS = {ENGLISH: "## Words", CHINESE: "## Words 词汇"}
OURS = """
    ledger plant ring ticket claim record lane desk canary zygote fence lease incarnation pool canvas journal spool
    roster quarantine rescue blame draw pin rung_at meant_for approval
"""


def _words(name: str) -> list[tuple[str, str]]:
    """The entries of a glossary in order, each with the path to read first."""
    return [(cells[0].split("`")[1], cells[3].strip("`")) for cells in rows(name, HEADINGS[name])]


def test_both_glossaries_have_the_same_entries_in_one_order() -> None:
    assert _words(ENGLISH) == _words(CHINESE)


@pytest.mark.parametrize("name", HEADINGS)
def test_each_word_of_ours_is_explained_once(name: str) -> None:
    assert sorted(word for word, _ in _words(name)) == sorted(OURS.split())


@pytest.mark.parametrize("name", HEADINGS)
def test_each_entry_is_whole(name: str) -> None:
    assert not [cells[0] for cells in rows(name, HEADINGS[name]) if len(cells) != 4 or not all(cells)]


def test_chinese_entries_are_chinese() -> None:
    assert not [cells[0] for cells in rows(CHINESE, HEADINGS[CHINESE]) if not re.search(r"[一-鿿]{2}", cells[1])]


def test_each_word_is_read_where_the_glossary_says() -> None:
    for word, path in _words(ENGLISH):
        place = ROOT / path
        files = place.rglob("*.py") if place.is_dir() else [place]
        assert any(re.search(word, file.read_text(), re.IGNORECASE) for file in files), word


@pytest.mark.parametrize(
    ("page", "glossary"),
    [
        ("README.md", "docs/glossary.md"),
        ("README.zh-CN.md", "docs/glossary.zh-CN.md"),
        ("docs/architecture.md", "glossary.md"),
        (ENGLISH, "glossary.zh-CN.md"),
        (CHINESE, "glossary.md"),
    ],
)
def test_pages_lead_to_the_glossary(page: str, glossary: str) -> None:
    assert glossary in links(page)
