"""`python -m tests.gateway.api.fuzz --examples 200`: the API asked whatever its document allows, and what it does not.

schemathesis makes requests from the OpenAPI document, one by one and in sequences that use what
earlier answers gave, and holds every answer to the document: no server error, no status, media type
or body that is not described. A plain-speaking front seals, signs and opens, so that each request
goes through the door as a customer's does.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, strategies
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from gateway.access.authentication import SignedRequest
from gateway.protocol.seal import open_sealed, seal, sign
from gateway.protocol.signed_text import KEY_HEADER, REQUEST, of_request
from models.database.engine import connect
from models.migrate import upgrade
from models.tables import metadata_of_all
from models.transactions.read_write import write
from tests.support.arguments import at_least
from tests.support.fleet import reach_redis
from tests.support.gateway.api_server import Api, Caller, listening
from tests.support.ledger.drive import AUTHOR, online_worker, owned_author
from tests.support.servers import Redis

CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STEPS = 8
STAYS = frozenset({"api_keys", "key_secrets", "authors", "phones", "accounts", "caps"})
TITLES = {"author_id": AUTHOR, "count": 2}
GOOD: Mapping[str, Any] = {
    "submit_task": strategies.sampled_from(
        [
            {"flow": "collect_titles", "params": TITLES},
            {"flow": "collect_titles", "params": TITLES, "target": {"phone": "p1"}, "priority": 0},
            {"flow": "collect_titles", "params": TITLES, "dry_run": True},
        ]
    ),
    "submit_campaign": strategies.sampled_from(
        [
            {"canvas": {"task": "collect_titles", "kwargs": TITLES}},
            {"file": {"campaign": "day", "collect": {"authors": [AUTHOR], "videos": 1, "comments": 1}}},
        ]
    ),
}
JSON, PROBLEM = "application/json", "application/problem+json"


class _Front(BaseHTTPRequestHandler):
    """Takes plain JSON, and speaks with the gateway as a customer does."""

    protocol_version = "HTTP/1.1"
    api: Api
    caller: Caller

    def handle_any(self) -> None:
        """One request."""
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        request_id, now = f"req_{uuid4().hex}", datetime.now(UTC)
        body = self._sealed(raw, request_id, now)
        told = {KEY_HEADER: self.caller.key_id}
        told |= sign(request_id, int(now.timestamp()), of_request(self.command, self.path, body), [self.caller.secret])
        url = self.api.url + self.path
        prepared = requests.Request(self.command, url, data=body, headers=told).prepare()
        prepared.url = url  # byte for byte
        with requests.Session() as session:
            answer = session.send(prepared, timeout=30, allow_redirects=False)
        self._pass_on(answer)

    def _sealed(self, raw: bytes, request_id: str, now: datetime) -> bytes:
        if not raw or self._plain():
            return raw
        try:
            payload = json.loads(raw)
            return seal(payload, secret=self.caller.secret, event_type=REQUEST, id=request_id, now=now)
        except (ValueError, UnicodeEncodeError):
            return raw  # no JSON, or none that can be sent: sent as it is, and refused

    def _plain(self) -> bool:
        return SignedRequest(self.command, self.path, (), b"").plain

    def _pass_on(self, answer: requests.Response) -> None:
        said = answer.content
        sealed = "webhook-signature" in answer.headers and not self._plain()
        if sealed and said:
            said = json.dumps(open_sealed(said, [self.caller.secret])).encode()
        self.send_response(answer.status_code)
        media_type = answer.headers.get("content-type", JSON)
        self.send_header("content-type", PROBLEM if sealed and answer.status_code >= 400 else media_type)
        for name in ("retry-after", "allow", "location"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


for _method in ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "QUERY"):
    setattr(_Front, f"do_{_method}", _Front.handle_any)


@contextmanager
def front(api: Api, caller: Caller) -> Iterator[str]:
    """The address of a front before a gateway."""
    handler = type("Front", (_Front,), {"api": api, "caller": caller})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def fuzz(api: Api, examples: int) -> Counter[int]:
    """Ask every operation so many times, then in so many sequences; how many answers had which status.

    Raises what schemathesis raises, with the request that shows it.
    """
    owned_author(api.engine, AUTHOR)
    online_worker(api.engine, "p1")
    caller = api.caller("fuzz", rate_per_second=10_000.0, most_waiting=1_000_000, plain_json_allowed=True)
    statuses: Counter[int] = Counter()
    with front(api, caller) as url:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        schema.hook(before_generate_body)
        found: Any
        for found in schema.get_all_operations():
            operation = found.ok()
            assert operation is not None, found
            _ask(operation, examples, statuses)
        machine = schema.as_state_machine()

        def validate(_machine: Any, response: Any, case: Any, **_: Any) -> None:
            statuses[response.status_code] += 1
            _check(case, response)

        machine.validate_response = validate  # type: ignore[method-assign,assignment]
        machine.setup = lambda _: forget_what_was_asked(api.engine)  # type: ignore[method-assign,assignment]
        machine.run(settings=_settings(examples, stateful_step_count=STEPS))
    return statuses


def forget_what_was_asked(engine: Engine) -> None:
    """Each sequence begins on the same ledger: hypothesis takes one that goes another way the second time for flaky."""

    def work(session: Session) -> None:
        for table in reversed(metadata_of_all().sorted_tables):
            if table.name not in STAYS:
                session.execute(delete(table))

    write(engine, work)


def before_generate_body(context: Any, strategy: Any) -> Any:
    """Every other request for a task or a campaign is one that can be planted: chance alone finds none."""
    good = GOOD.get(context.operation.definition.raw["operationId"])
    if good is None:
        return strategy
    references = strategies.integers(0, 500).map(str)
    planted = strategies.builds(lambda body, reference: {**body, "reference": reference}, good, references)
    return strategies.one_of(strategy, planted)


def _ask(operation: Any, examples: int, statuses: Counter[int]) -> None:
    @_settings(examples)
    @given(case=operation.as_strategy())
    def hold(case: Any) -> None:
        response = case.call(timeout=30)
        statuses[response.status_code] += 1
        _check(case, response)

    hold()


def _check(case: Any, response: Any) -> None:
    """Checks an answer of the gateway. The front takes no address of more than 64 KB, and says so by itself."""
    if response.status_code != HTTPStatus.REQUEST_URI_TOO_LONG:
        case.validate_response(response, checks=CHECKS)


def _settings(examples: int, **more: Any) -> Any:
    return hypothesis_settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples < 50,  # short runs are the same each time
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        **more,
    )


def main() -> int:
    """Fuzz a gateway of its own until every operation was asked; 1 when an answer is not as described."""
    parser = argparse.ArgumentParser(prog="python -m tests.gateway.api.fuzz", description=__doc__)
    parser.add_argument(
        "--examples", type=at_least(1), default=200, help="of each operation and sequence (default 200)"
    )
    examples = parser.parse_args().examples
    with ExitStack() as stack:
        redis = stack.enter_context(Redis())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-fuzz-")))
        os.environ["PHONEFLEET_MASTER_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
        reach_redis(redis.url)
        engine = connect(f"sqlite:///{folder / 'ledger.db'}")
        stack.callback(engine.dispose)
        upgrade(engine)
        statuses = fuzz(stack.enter_context(listening(engine)), examples)
    told = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    print(f"{statuses.total()} requests, every answer as the document says: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
