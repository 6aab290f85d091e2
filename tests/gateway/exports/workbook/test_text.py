"""Texts of cells: escaping keeps every character, and cutting halves none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.exports.workbook.text import MOST_TEXT, cut, escaped, fits, in_attribute, pieces, units
from tests.support.workbooks import HOSTILE, as_excel_shows

PATIENT = etree.XMLParser(huge_tree=True)
ANY = st.text(st.characters(exclude_categories=()))


def xml(text: str) -> etree._Element:
    return etree.fromstring(text.encode(), PATIENT)


def told(text: str) -> str:
    return str(xml(text).text or "")


@given(ANY)
def test_an_escaped_text_is_xml_and_the_same_text_again(text: str) -> None:
    read = told(f"<t>{escaped(text)}</t>")
    assert as_excel_shows(read) == text
    assert as_excel_shows(str(xml(f'<t a="{in_attribute(text)}"/>').attrib["a"])) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_come_back(text: str) -> None:
    assert as_excel_shows(told(f"<t>{escaped(text)}</t>")) == text


@given(ANY, st.integers(7, 40))
def test_pieces_are_the_text_and_each_fits(text: str, most: int) -> None:
    found = pieces(text, most)
    assert "".join(found) == text
    assert all(0 < units(piece) <= most for piece in found)


def test_a_text_is_measured_as_excel_counts_it() -> None:
    assert [units(text) for text in ("a中", "😀", "\x00", "_x0041_", "\ud83d")] == [2, 2, 7, 13, 7]
    assert fits("中" * MOST_TEXT)
    assert not fits("中" * (MOST_TEXT + 1))
    assert fits("😀" * 16_383)
    assert not fits("😀" * 16_384)
    assert not fits("\x01" * 4_682)
    assert cut("😀😀", 3) == "😀"
    assert cut("abc", 3) == "abc"
