"""Metrics for Prometheus: a coordinator answers GET /metrics with the fleet's numbers, read from the ledger.

Names and units follow https://prometheus.io/docs/practices/naming/: base units, `_total` for counters.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from models.fleet.numbers import FIT, FleetNumbers, fleet_numbers
from models.tasks.states import OPEN
from models.transactions.read_write import read
from models.values.enums import UnfitCode
from workers.runtime.broker import Broker
from workers.runtime.db_retry import AWAY

log = logging.getLogger("phonefleet.metrics")

FRESH_SECONDS = 2.0  # several that ask at once cost the ledger one look
CONDITIONS = (FIT, *UnfitCode)
Clock = Callable[[], float]


class FleetCollector(Collector):
    """Reads the fleet's numbers when Prometheus asks; while the ledger is away, it says that alone."""

    def __init__(self, engine: Engine, carrier: Broker, clock: Clock = time.monotonic) -> None:
        self._engine, self._carrier, self._clock = engine, carrier, clock
        self._lock = Lock()
        self._known: FleetNumbers | None = None
        self._until = 0.0

    def collect(self) -> Iterator[Any]:
        """Yields the metric families."""
        known = self._numbers()
        build = InfoMetricFamily("phonefleet_build", "The version that runs.", value={"version": version("phonefleet")})
        yield build
        yield _gauge("phonefleet_ledger_up", "1 while the ledger answers.", float(known is not None))
        yield _gauge("phonefleet_broker_up", "1 while Redis takes tickets.", float(self._carrier.reachable))
        if known is not None:
            yield from _of_phones(known)
            yield from _of_work(known)
            yield _ended_attempts(known)

    def _numbers(self) -> FleetNumbers | None:
        with self._lock:
            if self._clock() >= self._until:
                try:
                    self._known = read(self._engine, fleet_numbers)
                except (SQLAlchemyError, *AWAY) as error:
                    log.warning("the fleet's numbers were not read: %s", getattr(error, "orig", error))
                    self._known = None
                self._until = self._clock() + FRESH_SECONDS
            return self._known


def serve_metrics(engine: Engine, carrier: Broker, host: str, port: int) -> Callable[[], None]:
    """Answers GET /metrics at this address, in a thread. Returns the function that ends it. Raises OSError."""
    registry = CollectorRegistry()
    registry.register(FleetCollector(engine, carrier))
    server, thread = start_http_server(port, addr=host, registry=registry)
    log.info("metrics at http://%s:%d/metrics", host, server.server_port)

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)

    return close


def _of_phones(known: FleetNumbers) -> Iterator[GaugeMetricFamily]:
    phones = GaugeMetricFamily("phonefleet_phones", "Phones by host and condition.", labels=["host", "condition"])
    counts = {(phone.host, condition): 0 for phone in known.phones for condition in CONDITIONS}
    for phone in known.phones:
        counts[phone.host, phone.condition] += 1
    for (host, condition), count in sorted(counts.items()):
        phones.add_metric([host, condition], count)
    yield phones
    for name, says, values in (
        ("phonefleet_phone_busy", "1 while the phone runs a task.", [(one.serial, one.busy) for one in known.phones]),
        ("phonefleet_phone_battery_ratio", "The battery's charge.", [(one.serial, one.charge) for one in known.phones]),
        (
            "phonefleet_phone_temperature_celsius",
            "The battery's temperature.",
            [(one.serial, one.celsius) for one in known.phones],
        ),
    ):
        family = GaugeMetricFamily(name, says, labels=["phone"])
        for serial, value in values:
            if value is not None:
                family.add_metric([serial], float(value))
        yield family


def _of_work(known: FleetNumbers) -> Iterator[GaugeMetricFamily]:
    flows = sorted({flow for flow, _ in known.open_tasks})
    tasks = (((flow, str(state)), known.open_tasks.get((flow, state), 0)) for flow in flows for state in sorted(OPEN))
    yield _labelled("phonefleet_open_tasks", "Tasks that have not ended.", ["flow", "state"], tasks)
    oldest = (((str(priority),), age) for priority, age in sorted(known.oldest_ready.items()))
    yield _labelled(
        "phonefleet_oldest_ready_task_age_seconds",
        "For how long the task that waits longest for a phone has been ready.",
        ["priority"],
        oldest,
    )
    alerts = (((kind,), count) for kind, count in sorted(known.open_alerts.items()))
    yield _labelled("phonefleet_lasting_alerts", "Alerts of the last day whose cause is not over.", ["kind"], alerts)
    yield _gauge("phonefleet_open_campaigns", "Campaigns that have not ended.", known.open_campaigns)
    yield _gauge("phonefleet_resting_accounts", "Accounts that rest until a person looked.", known.resting_accounts)
    yield _gauge("phonefleet_holds", "Holds in force.", known.holds)
    yield _gauge("phonefleet_owed_callbacks", "Callbacks that have not arrived yet.", known.owed_callbacks)
    yield _gauge(
        "phonefleet_oldest_owed_callback_age_seconds", "The age of the oldest one of them.", known.oldest_callback
    )
    yield _gauge("phonefleet_coordinator_leads", "1 while a coordinator leads the fleet.", float(known.led))


def _ended_attempts(known: FleetNumbers) -> CounterMetricFamily:
    says = "Attempts that ended, since the ledger's beginning; the code is that of the failure."
    family = CounterMetricFamily("phonefleet_ended_attempts", says, labels=["flow", "outcome", "code"])
    for labels, number in sorted(known.ended_attempts.items()):
        family.add_metric(list(labels), number)
    return family


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


def _labelled(
    name: str, says: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    for named, value in values:
        family.add_metric(list(named), value)
    return family
