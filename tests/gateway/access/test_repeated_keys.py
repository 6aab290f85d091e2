"""A key that stands twice in one object of JSON: which of its values was meant, nobody knows, so neither is taken."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.json_checks import parse_object
from gateway.protocol.seal import seal_json
from gateway.protocol.unique_keys import RepeatedKey, read_unique
from models.values.refused import Refused
from tests.gateway.access.asked import TASK, nothing_planted
from tests.support.gateway.api_server import Raw

TWICE = {
    "at the top": ('{"flow": "nurture", "reference": "a", "flow": "directed"}', "flow"),
    "with the same value": ('{"flow": "nurture", "flow": "nurture"}', "flow"),
    "inside": ('{"flow": "nurture", "params": {"count": 1, "title": "x", "count": 2}}', "params.count"),
    "in a list": (
        '{"canvas": {"kwargs": {"tasks": [{"task": "a"}, {"task": "b", "task": "c"}]}}}',
        "canvas.kwargs.tasks[1].task",
    ),
    "escaped": ('{"params": {"a": 1, "\\u0061": 2}}', "params.a"),
    "in Chinese": ('{"params": {"标题": 1, "标题": 2}}', "params.标题"),
    "three times": ('{"params": {"a": 1, "b": 1, "a": 2, "a": 3}}', "params.a"),
    "the object itself, and inside": ('{"a": {"b": 1, "b": 2}, "a": 5}', "a"),
    "an empty key": ('{"params": {"": 1, "": 2}}', "params."),
}


@pytest.mark.parametrize("case", TWICE)
def test_it_is_refused_with_its_place(case: str) -> None:
    body, field = TWICE[case]
    with pytest.raises(Refused) as refused:
        parse_object(body.encode())
    (problem,) = refused.value.problems
    assert (problem.field, problem.reason, problem.remedy) == (field, "it is named twice in one object", "name it once")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(max_size=3), inside),
    max_leaves=30,
)


@given(VALUES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_without_one_json_means_what_it_means_to_python(value: Any, encoding: str) -> None:
    body = json.dumps(value, ensure_ascii=True).encode(encoding)
    assert read_unique(body) == json.loads(body) == value


@given(st.lists(st.tuples(st.sampled_from(["a", "b", '"', "\\", ":", "a:"]), st.integers())))
def test_one_is_found_exactly_where_there_is_one(pairs: list[tuple[str, int]]) -> None:
    body = f"[{{{','.join(f'{json.dumps(key)}:{value}' for key, value in pairs)}}}]".encode()
    names = [key for key, _ in pairs]
    if len(set(names)) == len(names):
        assert read_unique(body) == [dict(pairs)]
        return
    with pytest.raises(RepeatedKey) as repeated:
        read_unique(body)
    at, key = repeated.value.place
    assert at == 0
    assert names.count(str(key)) > 1


def test_a_body_full_of_them_deep_inside_is_named_by_one_place() -> None:
    lists, objects = 500, 50_000
    body = b"[" * lists + b",".join([b"{}"] * objects + [b'{"a":1,"a":2}']) + b"]" * lists
    with pytest.raises(RepeatedKey) as repeated:
        read_unique(body)
    assert repeated.value.place == (*[0] * (lists - 1), objects, "a")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\xff", b'{"a":1}x', b"{'a': 1}"])
def test_what_is_no_json_is_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expecting|decode|Extra data"):
        read_unique(body)


def test_the_api_plants_nothing_of_it_plain_or_sealed(raw: Raw) -> None:
    allowed = Raw(raw.api, raw.api.caller("plain", plain_json_allowed=True))
    body = json.dumps(TASK).replace('"count": 2', '"count": 2, "count": 3').encode()
    plain = allowed.send("POST", "/v1/tasks?seal=none", body)
    sealed = raw.send(
        "POST", "/v1/tasks", b"{}", request_id="req_twice", resign=True,
        change=lambda _: seal_json(
            body, secret=raw.caller.secret, event_type="request", id="req_twice", now=datetime.now(UTC)
        ),
    )  # fmt: skip
    envelope = raw.send(
        "POST", "/v1/tasks", TASK, resign=True, change=lambda whole: whole.replace(b'"nonce":', b'"nonce":"x","nonce":')
    )
    assert [plain.status_code, sealed.status_code, envelope.status_code] == [422, 422, 422]
    told = [plain.json(), raw.opened(sealed), raw.opened(envelope)]
    assert [[one["field"] for one in answer["problems"]] for answer in told] == [
        ["params.count"], ["params.count"], ["resource.nonce"],
    ]  # fmt: skip
    assert nothing_planted(raw.api)


def test_a_sealed_body_with_a_number_that_is_too_long_says_so(raw: Raw) -> None:
    body = json.dumps(TASK).replace('"count": 2', f'"count": {"9" * 6000}').encode()
    sealed = raw.send(
        "POST", "/v1/tasks", b"{}", request_id="req_long", resign=True,
        change=lambda _: seal_json(
            body, secret=raw.caller.secret, event_type="request", id="req_long", now=datetime.now(UTC)
        ),
    )  # fmt: skip
    assert sealed.status_code == 422
    assert raw.opened(sealed)["problems"][0]["reason"] == "it holds a number with too many digits"
