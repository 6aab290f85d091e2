"""The OpenAPI document: kept as the code has it, and every answer as it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.app import describing_app
from gateway.api.document import PATH, document
from gateway.problem import CODES
from tests.gateway.api.fuzz import fuzz
from tests.support.gateway.api_server import Api

EXAMPLES = 6


def test_the_document_that_is_kept_is_the_codes_own() -> None:
    assert PATH.read_text(encoding="utf-8") == document(), "write it anew: make openapi"


def test_every_operation_says_what_it_is_refused_with() -> None:
    said: dict[str, Any] = json.loads(document())
    assert said["openapi"].startswith("3.1")
    for path in said["paths"].values():
        for operation in path.values():
            assert {"400", "401", "404", "422", "429", "500", "503"} <= operation["responses"].keys()
            assert operation["summary"]


def test_every_code_has_its_place_in_the_document() -> None:
    text = json.dumps(describing_app().openapi())
    missing = [code for code in CODES if f"`{code}`" not in text and code != "method_not_allowed"]
    assert not missing


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_whatever_is_asked_is_answered_as_the_document_says(api: Api) -> None:
    statuses = fuzz(api, EXAMPLES)
    assert statuses.total() > EXAMPLES * 20
    assert {200, 201, 404, 422} <= statuses.keys()
