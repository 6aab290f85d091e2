"""A page and its Chinese: level in chapters, tables, blocks, links and names, and each leads to the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.documents import NAMES, blocks, headings, links, prose, spans

CHINESE = [name for name in NAMES if name.endswith(".zh-CN.md")]
# Both READMEs say some commands in other words: tests/docs/test_level.py.
PAGES = [name for name in CHINESE if not name.startswith("README")]
# Somebody in China reads from here on without English, except for reasons and measurements.
FIRST = ("docs/index.md", "docs/first-flow.md", "docs/operations.md", "docs/interface/README.md")
ENGLISH_ALONE = ("docs/decisions/", "docs/benchmarks.md", "docs/architecture.md", "docs/development.md")


def english(name: str) -> str:
    return name.replace(".zh-CN.md", ".md")


def targets(name: str) -> set[str]:
    """Where a page leads, in whichever language, without the place on the page there and without its other language."""
    own = Path(english(name)).name
    return {link.partition("#")[0].replace(".zh-CN.md", ".md") for link in links(name)} - {own, ""}


def code(name: str) -> list[str]:
    """The blocks of a page without comments, which each language has in its own words."""
    return [re.sub(r"\s*(?<!\S)#.*", "", block.text) for block in blocks(name)]


def table_rows(name: str) -> list[int]:
    """The number of cells of each line of each table."""
    lines = [line for line in prose(name).splitlines() if line.startswith("|")]
    return [len(re.split(r"(?<!\\)\|", line)) for line in lines]


@pytest.mark.parametrize("name", CHINESE)
def test_both_have_the_same_chapters_blocks_and_links(name: str) -> None:
    assert headings(name) == headings(english(name))
    assert code(name) == code(english(name))
    assert targets(name) == targets(english(name))


@pytest.mark.parametrize("name", PAGES)
def test_both_have_the_same_tables_and_names(name: str) -> None:
    assert table_rows(name) == table_rows(english(name))
    assert set(spans(name)) == set(spans(english(name)))


@pytest.mark.parametrize("name", CHINESE)
def test_each_leads_to_the_other(name: str) -> None:
    assert Path(name).name in links(english(name))
    assert Path(english(name)).name in links(name)


@pytest.mark.parametrize("name", CHINESE)
def test_chinese_pages_are_chinese(name: str) -> None:
    """A paragraph, a point of a list or a line of a table with a clause of English has Chinese around it."""
    said = re.split(r"\n(?:\n|(?=[|-] ))", _without_code(prose(name)))
    assert not [one for one in said if re.search(r"(?:\b[a-z]{2,} ){4}", one) and not re.search(r"[一-鿿]{2}", one)]


def _without_code(text: str) -> str:
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)


@pytest.mark.parametrize("name", CHINESE)
def test_chinese_pages_lead_to_chinese_ones(name: str) -> None:
    led = re.findall(r"\[([^]]+)\]\(([^)#\s]+\.md)", prose(name))
    paths = [str(Path(name).parent / link) for text, link in led if text not in ("English", "英文")]
    inner = [re.sub(r"[^/]+/\.\./", "", path) for path in paths if not path.endswith(".zh-CN.md")]
    assert not [path for path in inner if path.replace(".md", ".zh-CN.md") in NAMES]


def test_what_the_first_pages_lead_to_is_there_in_chinese() -> None:
    wanted = {str(Path(name).parent / one) for name in FIRST for one in targets(name) if one.endswith(".md")}
    kept = {re.sub(r"[^/]+/\.\./", "", name) for name in wanted if not name.startswith(ENGLISH_ALONE)}
    assert sorted(name for name in kept if name.replace(".md", ".zh-CN.md") not in NAMES) == []
