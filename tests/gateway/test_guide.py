"""The guide: what it shows runs, what it says is so, and both languages say the same."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from typing import Any

import pytest

from flows.checks import MOST_TEXTS
from gateway.access.authentication import WEIGHT_BYTES
from gateway.access.body import BODY_SECONDS
from gateway.access.connection_timeouts import HEAD_SECONDS
from gateway.access.json_checks import MOST_FIELDS
from gateway.access.middleware import MOST_BYTES
from gateway.api.app import describing_app
from gateway.api.pages import MOST_IN_A_PAGE
from gateway.client.client import Client
from gateway.problem import CODES
from gateway.protocol.seal import WINDOW_SECONDS
from gateway.submissions.plant import LONGEST
from models.database.sizes import MIB, MOST_RESULT
from models.database.storable import MOST_DEPTH
from models.history import state_changes
from models.notify.events import EVENT_TYPES
from models.notify.replays import MOST_REPLAYED
from models.values.names import MOST_TITLE
from models.values.refused import MOST_PROBLEMS
from tests.support.documents import ROOT, blocks, headings, links, rows
from tests.support.gateway.api_server import Api
from tests.support.gateway.vectors import FILE
from tests.support.ledger.drive import online_worker, owned_author
from workers.canvas.check_json import RAW_LIMITS
from workers.dispatch.messages import MOST_IN_A_LANE
from workers.planting.plant import LATEST_END
from workers.settings import read_settings

ENGLISH, CHINESE = GUIDES = ("docs/interface/README.md", "docs/interface/README.zh-CN.md")
OPERATIONS = {ENGLISH: "## Operations", CHINESE: "## 可用操作"}
EVENTS = {ENGLISH: "## Callbacks", CHINESE: "## 回调"}
ERRORS = {ENGLISH: "## Errors", CHINESE: "## 错误"}
LIMITS = {ENGLISH: "## Limits", CHINESE: "## 限制"}
AT_ONCE = {ENGLISH: "### How much at once", CHINESE: "### 一次最多多少"}
guides = pytest.mark.parametrize("name", GUIDES)


def python_of(name: str) -> list[str]:
    """The Python of a guide, block by block."""
    return [one.text for one in blocks(name) if one.language == "python"]


@pytest.fixture
def environment(api: Api, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the guide's first step exports, for a sandbox key and a simulated phone."""
    owned_author(api.engine)
    online_worker(api.engine, "p1", sandbox=True)
    caller = api.caller(sandbox=True, plain_json_allowed=True)
    seal_key, signing_secret = caller.secret.texts()
    told = {"GATEWAY": api.url, "KEY_ID": caller.key_id, "SEAL_KEY": seal_key, "SIGNING_SECRET": signing_secret}
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    return told


@guides
def test_the_python_of_the_guide_runs(
    name: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    namespace: dict[str, Any] = {}
    for text in python_of(name):
        # no phone works here: what waits for a task's end is looked at without waiting
        text = text.replace("client.wait(task, timeout=600)", "client.task(task.id)")  # noqa: PLW2901
        exec(compile(text, name, "exec"), namespace)  # noqa: S102 - the project's own documents
    said = capsys.readouterr().out
    assert "True [{'flow': 'collect_titles', 'tasks': 2" in said
    assert "'asked': 2" in said
    assert "callback" in namespace


@guides
def test_the_shell_of_the_guide_runs(name: str, environment: dict[str, str]) -> None:
    _, script = [one.text for one in blocks(name) if one.language == "sh"]
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    planted, listed = (json.loads(one) for one in re.split(r"(?<=\})(?=\{)", ended.stdout, maxsplit=1))
    assert (planted["reference"], planted["state"]) == ("order-1002", "ready")
    assert [one["id"] for one in listed["items"]] == [planted["id"]]


@guides
def test_signing_and_sealing_as_the_guide_shows_them_give_the_vectors(name: str) -> None:
    namespace: dict[str, Any] = {}
    for text in python_of(name):
        if "def signature" in text or "def sealed" in text:
            exec(compile(text, name, "exec"), namespace)  # noqa: S102 - the project's own documents
    exchanges = json.loads(FILE.read_text(encoding="utf-8"))["exchanges"]
    for one in exchanges:
        secret = one["secret"]
        if "payload" in one:
            assert namespace["opened"](secret["seal_key"], one["body"].encode()) == one["payload"]
        if "status" in one:
            continue
        asked = (one["id"], one["timestamp"], one["method"], one["target"], one["body"].encode())
        assert namespace["signature"](secret["signing_secret"], *asked) == one["headers"]["webhook-signature"]
        if "payload" in one:
            created = json.loads(one["body"])["create_time"]
            body = namespace["sealed"](secret["seal_key"], one["id"], created, one["nonce"], one["payload"])
            assert body.decode() == one["body"]
    text = (FILE.parent / name.rsplit("/", 1)[1]).read_text(encoding="utf-8")
    assert exchanges[2]["headers"]["webhook-signature"] in text


@guides
def test_the_operations_are_those_of_the_document(name: str) -> None:
    told = [cells[0].strip("`") for cells in rows(name, OPERATIONS[name])]
    paths = describing_app().openapi()["paths"]
    assert sorted(told) == sorted(f"{method.upper()} {path}" for path, found in paths.items() for method in found)


@guides
def test_the_filters_are_those_of_the_document(name: str) -> None:
    paths = describing_app().openapi()["paths"]
    for cells in rows(name, OPERATIONS[name]):
        method, path = cells[0].strip("`").split(" ")
        parameters = paths[path][method.lower()].get("parameters", [])
        known = {one["name"] for one in parameters if one["in"] == "query"} - {"seal", "cursor", "limit"}
        if path in ("/v1/tasks", "/v1/campaigns", "/v1/deliveries") and method == "GET":
            assert set(re.findall(r"`(\w+)`", cells[1])) == known


@guides
def test_the_errors_are_those_of_the_code(name: str) -> None:
    told = {cells[0].strip("`"): int(cells[1]) for cells in rows(name, ERRORS[name])}
    assert told == {code: status for code, (status, _) in CODES.items()}


@guides
def test_the_events_are_those_of_the_code(name: str) -> None:
    assert [cells[0].strip("`") for cells in rows(name, EVENTS[name])] == list(EVENT_TYPES)


@guides
def test_how_much_is_taken_at_once_is_what_the_code_takes(name: str) -> None:
    told = {(int(cells[1]), cells[2].strip("`")) for cells in rows(name, AT_ONCE[name])}
    defaults = read_settings({})
    assert told == {
        (MOST_FIELDS, ""),
        (MOST_TITLE, ""),
        (defaults.most_accounts, "PHONEFLEET_MOST_ACCOUNTS"),
        (defaults.most_authors, "PHONEFLEET_MOST_AUTHORS"),
        (defaults.most_tasks, "PHONEFLEET_MOST_TASKS"),
        (defaults.campaign_mb, "PHONEFLEET_CAMPAIGN_MB"),
        (defaults.key_mb_a_day, "PHONEFLEET_KEY_MB_A_DAY"),
        (MOST_TEXTS, ""),
        (MOST_PROBLEMS, ""),
        (MOST_IN_A_LANE, ""),
        (defaults.evidence_downloads, "PHONEFLEET_EVIDENCE_DOWNLOADS"),
        (defaults.connections, "PHONEFLEET_CONNECTIONS"),
        (defaults.connections_per_address, "PHONEFLEET_CONNECTIONS_PER_ADDRESS"),
        (int(defaults.tls_handshake), "PHONEFLEET_TLS_HANDSHAKE"),
        (defaults.body_bytes, "PHONEFLEET_BODY_BYTES"),
        (defaults.answer_bytes, "PHONEFLEET_ANSWER_BYTES"),
    }


@guides
def test_the_limits_are_those_of_the_code(name: str) -> None:
    told = [[int(number) for number in re.findall(r"\d+", cells[1])] for cells in rows(name, LIMITS[name])]
    assert told == [
        [MOST_BYTES, WEIGHT_BYTES],
        [HEAD_SECONDS, BODY_SECONDS],
        [MOST_DEPTH],
        [RAW_LIMITS.depth, RAW_LIMITS.rows],
        [MOST_RESULT // MIB, MOST_DEPTH],
        [MOST_IN_A_PAGE, state_changes.MOST_IN_A_PAGE],
        [MOST_REPLAYED],
        [],
        [WINDOW_SECONDS],
        [LATEST_END.total_seconds() // 3600, LONGEST.days],
    ]
    assert f"{BODY_SECONDS:g}" in next(cells[2] for cells in rows(name, ERRORS[name]) if cells[0] == "`too_slow`")


def pages(name: str) -> set[str]:
    """Where a guide leads to, but for the other guide: a page in Chinese is the same as the one in English."""
    return {link.replace(".zh-CN.md", ".md") for link in links(name)} - {"README.md"}


def test_both_languages_have_the_same_parts_blocks_and_links() -> None:
    assert headings(ENGLISH) == headings(CHINESE)
    assert blocks(ENGLISH) == blocks(CHINESE)
    assert pages(ENGLISH) == pages(CHINESE)
    for tables in (OPERATIONS, EVENTS, ERRORS):
        first = [[cells[0] for cells in rows(name, tables[name])] for name in GUIDES]
        assert first[0] == first[1]


def test_the_receiver_fits_on_a_page() -> None:
    path = ROOT / "scripts" / "examples" / "receiver.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40


def test_every_method_of_the_client_says_what_it_does() -> None:
    methods = [found for name, found in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")]
    assert len(methods) > 10
    assert all(found.__doc__ for found in methods)
