"""Exprs: there and back through JSON, and what they come to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.canvas import ListOf, Ref, ResultMissing, Value, evaluate, from_json, refs, to_json
from workers.canvas.rows import with_join

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
exprs = st.recursive(
    st.builds(Value, values) | st.builds(Ref, st.sampled_from(["r0", "r1", "r2"])),
    lambda inner: st.builds(ListOf, st.lists(inner, max_size=4).map(tuple), st.booleans()),
    max_leaves=12,
)


@given(exprs)
def test_an_expr_survives_json(expr: Value | Ref | ListOf) -> None:
    assert from_json(json.loads(json.dumps(to_json(expr)))) == expr


@given(exprs)
def test_an_expr_has_a_value_when_all_its_refs_have_results(expr: Value | Ref | ListOf) -> None:
    everything = {row: f"result of {row}" for row in ("r0", "r1", "r2")}
    assert evaluate(with_join(expr, "settled"), everything) == evaluate(with_join(expr, "all"), everything)


@given(exprs)
def test_only_a_list_that_is_not_settled_or_a_ref_can_miss_a_result(expr: Value | Ref | ListOf) -> None:
    if not any(refs(expr)):
        evaluate(expr, {})
    elif isinstance(expr, ListOf):
        assert isinstance(evaluate(with_join(expr, "settled"), {}), list)
        with pytest.raises(ResultMissing):
            evaluate(with_join(expr, "all"), {})


def test_a_settled_list_leaves_out_what_did_not_succeed() -> None:
    inner = ListOf((Ref("a"), Ref("b")))
    assert evaluate(ListOf((Ref("a"), inner, Ref("c")), settled=True), {"a": 1, "c": 3}) == [1, 3]
    assert evaluate(with_join(ListOf((Ref("a"), inner)), "settled"), {"a": 1}) == [1, [1]]


@pytest.mark.parametrize(
    "data", [{}, {"ref": 1}, {"list": 3}, {"value": 1, "ref": "r0"}, {"list": [], "settled": False}]
)
def test_what_is_no_expr_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not an expr"):
        from_json(data)
