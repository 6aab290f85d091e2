"""What JSON may hold, and cursors: whatever comes is taken as it is, or refused with its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.json_checks import check_values, parse_object
from gateway.api.cursors import PagePosition, from_cursor, to_cursor
from models.values.calendar import FIRST_YEAR, LAST_YEAR
from models.values.refused import Refused

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inside: st.lists(inside) | st.dictionaries(TEXTS, inside),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, VALUES))
def test_what_a_ledger_can_hold_passes_as_it_is(data: dict[str, Any]) -> None:
    assert parse_object(json.dumps(data).encode()) == data


@given(st.dictionaries(TEXTS, VALUES), st.sampled_from(["a\x00", "\ud800", 2**63, float("inf"), float("nan")]))
def test_one_bad_value_is_found_wherever_it_stands(data: dict[str, Any], bad: Any) -> None:
    with pytest.raises(Refused) as refused:
        check_values({**data, "deep": [{"list": [1, bad]}]})
    assert [one.field for one in refused.value.problems] == ["deep[0].list[1]"]


@given(st.text())
def test_no_key_is_too_odd_to_be_named(key: str) -> None:
    with pytest.raises(Refused) as refused:
        check_values({key: float("nan")})
    for problem in refused.value.problems:
        assert "\x00" not in problem.field
        problem.field.encode()


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'"x"', b"{", b"\xff", b"nul", b'{"a":1}x'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        parse_object(body)


def test_a_number_with_too_many_digits_is_called_so() -> None:
    with pytest.raises(Refused, match="too many digits"):
        parse_object(b'{"count": ' + b"9" * 6000 + b"}")
    with pytest.raises(Refused, match="no JSON in UTF-8"):
        parse_object(b'{"count": 9')


@pytest.mark.parametrize("field", ["priority", "text"])
def test_the_remedy_of_a_number_beyond_64_bits_fits_every_field(field: str) -> None:
    with pytest.raises(Refused) as refused:
        check_values({field: 10**30})
    assert refused.value.problems[0].remedy == "give a smaller number, or text where the field takes text"


FIRST, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (FIRST_YEAR, LAST_YEAR + 1))
MOMENTS = st.timedeltas(timedelta(0), END - FIRST - timedelta.resolution).map(lambda since: FIRST + since)


@given(MOMENTS, st.from_regex(r"[0-9A-Za-z._:-]{1,191}", fullmatch=True))
def test_a_cursor_comes_back_as_it_went(at: datetime, row_id: str) -> None:
    assert from_cursor("tasks", to_cursor("tasks", PagePosition(at, row_id))) == PagePosition(at, row_id)
    with pytest.raises(Refused):
        from_cursor("campaigns", to_cursor("tasks", PagePosition(at, row_id)))


@given(st.text())
def test_whatever_else_comes_as_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        from_cursor("tasks", text)
    assert [one.field for one in refused.value.problems] == ["cursor"]
