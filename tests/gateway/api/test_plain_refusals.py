"""No refusal of the API speaks of Python: whatever a field is given, the reason is in phonefleet's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.api.document import PATH
from tests.support.gateway.api_server import Api, Caller, Raw

DOCUMENT: Mapping[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
OF_A_LIBRARY = re.compile(r"\bshould\b|Input|unable to|Unable to|valid (string|integer|number|list|dict|boolean|tuple)")
WRONG: tuple[Any, ...] = ([], {}, [{}], True, 1.5, -1, 10**30, "", "x" * 5000, "?", None)
KNOWN = "00000000-0000-4000-8000-000000000000"


def _operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, by_method in DOCUMENT["paths"].items():
        for method, operation in by_method.items():
            yield method.upper(), re.sub(r"\{\w+\}", KNOWN, path), operation


def _bodies(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each field with each wrong value, alone; and fields of the fields that are objects."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = next((_resolved(one["schema"]) for one in content.values()), None)
    if schema is None:
        return
    for name, inner in _resolved(schema).get("properties", {}).items():
        for value in WRONG:
            yield {name: value}
            for deep in _resolved(inner).get("properties", {}):
                yield {name: {deep: value}}


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema, of a choice the first object."""
    if "$ref" in schema:
        return _resolved(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    found = [_resolved(one) for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    return next((one for one in found if "properties" in one), schema)


def _reasons(raw: Raw, method: str, target: str, body: Mapping[str, Any] | None) -> Iterator[str]:
    answer = raw.send(method, target, body)
    assert answer.status_code < 500, (method, target, body)
    if answer.status_code == 422:
        for problem in raw.opened(answer)["problems"]:
            yield problem["reason"]


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_no_refusal_of_a_query_is_in_the_words_of_a_library(api: Api, acme: Caller) -> None:
    raw, said = Raw(api, acme), set()
    for method, path, operation in _operations():
        names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        for name in names if method == "GET" else ():
            for value in ("", "?", "-1", "1.5", "9" * 30, "x" * 2000):
                said |= {*_reasons(raw, method, f"{path}?{urlencode({name: value})}", None)}
    assert len(said) > 20
    assert [one for one in said if OF_A_LIBRARY.search(one)] == []


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_no_refusal_of_a_body_is_in_the_words_of_a_library(api: Api, acme: Caller) -> None:
    raw, said, sent = Raw(api, acme), set(), 0
    for method, path, operation in _operations():
        for body in _bodies(operation):
            said |= {*_reasons(raw, method, path, body)}
            sent += 1
    assert sent > 300
    assert len(said) > 40
    assert [one for one in said if OF_A_LIBRARY.search(one)] == []
