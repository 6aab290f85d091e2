"""Each body is parsed once: in plain mode the JSON itself, else the envelope and the JSON inside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.access.asked import TASK
from tests.support.gateway.api_server import Api, Raw
from tests.support.ledger.drive import owned_author

BIG = {**TASK, "reference": "big", "name": None, "canvas": {"task": "collect_titles", "kwargs": {"x": ["长" * 5000]}}}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "a task": ("/v1/tasks", {**TASK, "reference": "单号-1"}),
    "a refused task": ("/v1/tasks", {**TASK, "reference": "单号-2", "priority": "high"}),
    "a big campaign": ("/v1/campaigns", BIG),
}


@pytest.mark.parametrize(("target", "body"), BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "sealed"])
def test_a_body_is_parsed_once(
    api: Api, monkeypatch: pytest.MonkeyPatch, plain: bool, target: str, body: dict[str, Any]
) -> None:
    owned_author(api.engine)
    raw = Raw(api, api.caller(plain_json_allowed=True))
    parsed: list[Any] = []
    decode = json.JSONDecoder.decode  # what json.loads calls, and the reader of bodies

    def counting(decoder: json.JSONDecoder, *text: Any) -> Any:
        found = decode(decoder, *text)
        if isinstance(found, dict) and (found.get("reference") == body["reference"] or "resource" in found):
            parsed.append(sorted(found))
        return found

    monkeypatch.setattr(json.JSONDecoder, "decode", counting)
    answer = raw.send("POST", f"{target}?seal=none" if plain else target, json.dumps(body).encode() if plain else body)
    monkeypatch.undo()
    assert answer.status_code in (201, 422)
    assert len([one for one in parsed if one == sorted(body)]) == 1
    assert len(parsed) == (1 if plain else 2)
