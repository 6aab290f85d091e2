"""The attacks of the hostile benchmark arrive as what they are meant to be, and its report tells a miss."""

from __future__ import annotations

import threading
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from benchmarks import hostile
from benchmarks.hostile import Assault, is_error, report, statuses_in_words
from benchmarks.hostile_customer import ATTACKS, Key, Target, attack
from benchmarks.hostile_fleet import Measured
from gateway.keys.api_keys import KeySpec, make_key
from gateway.protocol.seal import Secret
from models.tables import Task
from models.transactions.read_write import read
from tests.support.gateway.api_server import listening
from tests.support.ledger.drive import AUTHOR, online_worker, owned_author

ORIGIN = "http://127.0.0.1:9"
PLANTS = {"hold authors", "growing campaigns", "crowd", "slow callbacks"}
GOOD = Measured(10.0, "succeeded", 5, 5, 0, 0)

pytestmark = pytest.mark.usefixtures("master_key")


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_is_understood_by_the_gateway(name: str, ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.hostile_customer.CROWD", 30)
    monkeypatch.setattr("benchmarks.hostile_customer.GROWING_ROWS", 4)
    monkeypatch.setattr("benchmarks.hostile_customer.ACCOUNTS", 50)
    owned_author(ledger)
    online_worker(ledger, "SIM0001", "acc0001")
    spec = KeySpec("attack", "hostile", plain_json_allowed=True, allowlist=[ORIGIN], rate_per_second=1000)
    with listening(ledger) as api:
        key = Key(api.url, *make_key(ledger, spec, who="test"))
        statuses = list(islice(ATTACKS[name](key, Target([AUTHOR], ["acc0001"], ["SIM0001"], [ORIGIN])), 6))
    assert all(200 <= status < 500 and status not in (401, 404) for status in statuses), statuses
    planted = read(ledger, lambda session: session.scalar(select(func.count()).select_from(Task)))
    assert bool(planted) == (name in PLANTS)


def test_an_attack_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    stop.set()
    key = Key("http://127.0.0.1:1", "key_x", Secret.make("s"))
    attack("costly bodies", key, Target([AUTHOR], ["a"], ["s"], [ORIGIN]), stop)
    assert key.statuses == Counter({0: 1})


@pytest.mark.parametrize(
    ("attacked", "statuses", "missed"),
    [
        (GOOD, {201: 9, 429: 80, 503: 3}, ""),
        (Measured(20.5, "succeeded", 5, 5, 0, 0), {}, "time under attack"),
        (Measured(float("inf"), "open", 5, 5, 0, 0), {}, "time under attack"),
        (Measured(10.0, "failed", 5, 5, 0, 0), {}, "did not succeed"),
        (Measured(10.0, "succeeded", 6, 5, 0, 0), {}, "callbacks that did not arrive"),
        (Measured(10.0, "succeeded", 5, 5, 0, 1), {}, "server errors"),
        (GOOD, {500: 1}, "server errors"),
    ],
)
def test_the_report_tells_what_was_missed(
    attacked: Measured,
    statuses: dict[int, int],
    missed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "benchmarks").mkdir()
    monkeypatch.setattr("tests.support.report.RESULTS", tmp_path / "benchmarks" / "results")
    status = report(8, GOOD, attacked, Assault({"crowd": Counter(statuses)}))
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert status == int(bool(missed))
    assert last.startswith("all targets hold") if not missed else missed in last.partition("; held")[0]


def test_what_counts_as_the_servers_fault() -> None:
    assert [status for status in (0, 200, 404, 429, 500, 502, 503, 504) if is_error(status)] == [500, 502, 504]
    assert statuses_in_words({503: 2, 0: 1}) == "none: 1, 503: 2"
    assert statuses_in_words({}) == "nothing"


def test_every_attack_of_the_page_is_made() -> None:
    text = (Path(hostile.__file__).parents[1] / "docs" / "benchmarks.md").read_text()
    assert all(f"| {name} |" in text for name in ATTACKS)
