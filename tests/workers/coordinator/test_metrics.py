"""Metrics: the ledger's numbers, as a real Prometheus scrapes them, and the dashboard that asks for them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from celery import group
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.numbers import fleet_numbers
from models.history.records.fill import fill_records
from models.notify.alerts import raise_alert
from models.retention.records import delete_old_records
from models.tables import Attempt, Phone, Task
from models.transactions.read_write import read, write
from scripts.local.embedded import free_port
from tests.support.ledger.drive import known_account, like, online_worker, owned_author, plant, ready, take
from tests.support.ledger.ended import ENDED_AT, standard
from tests.support.poll import wait_until
from tests.support.servers import MissingServer
from workers.coordinator.metrics import FleetCollector, serve_metrics
from workers.runtime.broker import broker
from workers.runtime.linux import bound_to_me
from workers.settings import SettingsError, read_settings

BOARD = Path(__file__).parents[3] / "docs" / "grafana" / "phonefleet.json"


@pytest.fixture
def busy(ledger: Engine) -> Engine:
    """Three phones of which one is offline and one works, two tasks that wait, one lasting alert."""
    owned_author(ledger)
    known_account(ledger, "acc-p1")
    working = online_worker(ledger, "p1")
    online_worker(ledger, "p2")
    online_worker(ledger, "p3")

    def work(session: Session) -> None:
        session.execute(update(Phone).where(Phone.serial == "p3").values(state="offline"))
        session.execute(update(Phone).where(Phone.serial == "p2").values(health={"percent": 40, "celsius": 31.5}))
        raise_alert(session, "hub_lost", "host:a", "many phones went", "look at the hub", database_now(session))

    write(ledger, work)
    campaign = plant(ledger, group([like("一"), like("二"), like("三")]))
    take(ledger, ready(ledger, campaign)[0], working)
    return ledger


def told(collector: FleetCollector) -> dict[tuple[str, ...], float]:
    registry = CollectorRegistry()
    registry.register(collector)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_the_numbers_are_the_ledgers(busy: Engine) -> None:
    found = read(busy, fleet_numbers)
    assert {one.serial: (one.condition, one.busy) for one in found.phones} == {
        "p1": ("fit", True), "p2": ("fit", False), "p3": ("not_online", False)
    }  # fmt: skip
    assert dict(found.open_tasks) == {("directed", "ready"): 2, ("directed", "running"): 1}
    assert list(found.oldest_ready) == [6]
    assert 0 <= found.oldest_ready[6] < 60
    assert (found.open_campaigns, found.holds, found.owed_callbacks, found.led) == (1, 0, 0, False)
    assert dict(found.open_alerts) == {"hub_lost": 1}


def test_what_prometheus_reads(busy: Engine) -> None:
    read_now = told(FleetCollector(busy, broker()))
    host = read(busy, lambda session: session.get_one(Phone, "p1").host)
    assert read_now["phonefleet_phones", "fit", host] == 2
    assert read_now["phonefleet_phones", "not_online", host] == 1
    assert read_now["phonefleet_phones", "paused", host] == 0  # a series that comes and goes draws gaps
    assert read_now["phonefleet_phone_busy", "p1"] == 1
    assert read_now["phonefleet_phone_battery_ratio", "p2"] == 0.4
    assert read_now["phonefleet_phone_temperature_celsius", "p2"] == 31.5
    assert ("phonefleet_phone_battery_ratio", "p1") not in read_now
    assert read_now["phonefleet_open_tasks", "directed", "ready"] == 2
    assert read_now["phonefleet_lasting_alerts", "hub_lost"] == 1
    assert read_now[("phonefleet_ledger_up",)] == 1


def test_ended_attempts_are_counted_from_the_records_and_never_fewer(ledger: Engine) -> None:
    assert not [name for name, *_ in told(FleetCollector(ledger, broker())) if "ended_attempts" in name]
    standard(ledger)
    while fill_records(ledger):
        pass
    ended = read(ledger, fleet_numbers).ended_attempts
    rows = read(ledger, lambda session: session.execute(select(Task.flow, Attempt).join(Attempt)).all())
    assert ended == Counter((flow, one.outcome, one.failure_code or "") for flow, one in rows)
    read_now = told(FleetCollector(ledger, broker()))
    assert read_now["phonefleet_ended_attempts_total", "video_not_found", "collect_comments", "failed"] >= 1
    write(ledger, lambda session: delete_old_records(session, ENDED_AT + timedelta(days=999)))
    assert read(ledger, fleet_numbers).ended_attempts == ended, "what retention deletes stays counted"


def test_several_that_ask_at_once_cost_one_look(busy: Engine) -> None:
    seconds = [0.0]
    collector = FleetCollector(busy, broker(), clock=lambda: seconds[0])
    before = told(collector)
    write(busy, lambda session: session.execute(update(Phone).values(state="offline")))
    assert told(collector) == before
    seconds[0] = 10.0
    assert told(collector) != before


def test_a_ledger_that_is_away_is_told(tmp_path: Path) -> None:
    from models.database.engine import connect  # noqa: PLC0415

    nothing = connect(f"sqlite:///{tmp_path / 'no-folder' / 'ledger.db'}")
    read_now = told(FleetCollector(nothing, broker()))
    assert read_now[("phonefleet_ledger_up",)] == 0
    assert not [name for name, *_ in read_now if "phones" in name]


@pytest.mark.parametrize("value", ["9464", "host", "host:", ":9464", "a:b", "u@host:1", "host:1/metrics", "host:70000"])
def test_an_address_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="PHONEFLEET_METRICS"):
        read_settings({"PHONEFLEET_METRICS": value})
    assert read_settings({"PHONEFLEET_METRICS": "[::1]:9464"}).metrics == ("::1", 9464)


@pytest.fixture
def prometheus(busy: Engine, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus that has scraped a coordinator's metrics."""
    if shutil.which("prometheus") is None:
        raise MissingServer("Prometheus", "prometheus")
    port = free_port()
    close = serve_metrics(busy, broker(), "127.0.0.1", port)
    job = {"job_name": "phonefleet", "scrape_interval": "1s", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    config = tmp_path / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": [job]}))  # YAML holds JSON
    at = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address={at}"]
    process = subprocess.Popen(bound_to_me(["prometheus", *options]), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: bool(asked(f"http://{at}", "phonefleet_ledger_up")), 30, "the first scrape")
        yield f"http://{at}"
    finally:
        process.terminate()
        process.wait(20)
        close()


def asked(at: str, query: str) -> list[dict[str, Any]]:
    """The answer of Prometheus to a query; empty while it does not listen."""
    try:
        answer = requests.get(f"{at}/api/v1/query", params={"query": query}, timeout=5)
    except requests.ConnectionError:
        return []
    if answer.status_code == 503:  # it reads its storage
        return []
    assert answer.status_code == 200, f"{query}: {answer.text}"
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def test_the_dashboard_asks_what_prometheus_has(prometheus: str) -> None:
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    queries = {panel["title"]: one["expr"] for panel in board["panels"] for one in panel["targets"]}
    answers = {title: asked(prometheus, query) for title, query in queries.items()}
    assert not [title for title, found in answers.items() if not found and title != "Lowest batteries"], answers
    (at_work,) = answers["Phones at work"]
    assert float(at_work["value"][1]) == pytest.approx(1 / 3)
    by_condition = {one["metric"]["condition"]: one["value"][1] for one in answers["Phones by condition"]}
    assert by_condition["fit"] == "2"
    assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))


def test_the_dashboard_names_no_metric_and_no_label_that_is_not_there(busy: Engine) -> None:
    standard(busy)
    while fill_records(busy):
        pass
    registry = CollectorRegistry()
    registry.register(FleetCollector(busy, broker()))
    given: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            given.setdefault(sample.name, set()).update(sample.labels)
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    targets = [one for panel in board["panels"] for one in panel["targets"]]
    for one in targets:
        inner, outer = labels_of(one["expr"], given)
        assert set(LEGEND.findall(one.get("legendFormat", ""))) <= (outer or inner), one


NAME = re.compile(r"phonefleet_\w+")
BY = re.compile(r"\bby \(([^)]*)\)")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def labels_of(query: str, given: dict[str, set[str]]) -> tuple[set[str], set[str]]:
    """The labels of a query's metrics, and those that its outermost grouping leaves. Fails for an unknown one."""
    names = NAME.findall(query)
    assert names
    assert [name for name in names if name not in given] == []
    known = set.union(*(given[name] for name in names))
    groups = [set(one.replace(",", " ").split()) for one in BY.findall(query)]
    assert set().union(*groups, MATCHER.findall(query)) <= known, query
    return known, groups[0] if groups else set()


def test_names_follow_prometheus(busy: Engine) -> None:
    registry = CollectorRegistry()
    registry.register(FleetCollector(busy, broker()))
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=generate_latest(registry), capture_output=True, timeout=30, check=False
    )
    assert (checked.returncode, checked.stdout.decode(), checked.stderr.decode()) == (0, "", "")
