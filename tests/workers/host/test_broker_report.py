"""A host that is cut off from Redis while its coordinator is not tells people, once, and ends that by itself."""

from __future__ import annotations

from sqlalchemy import Engine, event

from models.database.clock import database_now
from models.notify.alerts import KINDS, end_alerts, lasting_alerts, raise_or_renew
from models.transactions.read_write import read, write
from workers.coordinator.broker_alert import KIND, SUBJECT
from workers.host.broker_report import ALERT_SECONDS, BrokerReport
from workers.host.host_ledger import SqlLedger
from workers.runtime.broker import Broker, Condition, Trouble

SICK = Trouble("connection refused", "mend the way to it")


def alerts(ledger: Engine) -> list[tuple[str, str, str]]:
    return read(ledger, lambda session: [(one.subject, one.text, one.remedy) for one in lasting_alerts(session, KIND)])


def reporting(ledger: Engine) -> tuple[Broker, BrokerReport]:
    broker = Broker("redis://me:geheim@10.0.0.7:6380/3")
    return broker, BrokerReport(SqlLedger("shelf", ledger, ledger), broker)


def away(broker: Broker, seconds: float, *, reachable: bool = False) -> None:
    broker._condition = Condition(SICK, 100.0, 100.0 + seconds, reachable=reachable)


def test_one_alert_while_it_lasts(ledger: Engine) -> None:
    broker, report = reporting(ledger)
    report.look()
    away(broker, ALERT_SECONDS - 1)
    report.look()
    assert alerts(ledger) == []
    for seconds in (0, 1, 60):
        away(broker, ALERT_SECONDS + seconds)
        report.look()
    (alert,) = alerts(ledger)
    assert alert == (
        "redis:shelf",
        "host shelf is cut off from Redis at 10.0.0.7:6380/3, and its phones take no work: connection refused",
        "at host shelf: mend the way to it",
    )
    broker._condition = Condition()
    report.look()
    assert alerts(ledger) == []
    assert KIND in KINDS


def test_a_host_that_starts_again_ends_what_the_one_before_told(ledger: Engine) -> None:
    broker, report = reporting(ledger)
    away(broker, 60)
    report.look()
    reporting(ledger)[1].look()
    assert alerts(ledger) == []


def test_what_the_whole_fleet_is_told_is_not_told_by_each_host(ledger: Engine) -> None:
    broker, report = reporting(ledger)
    away(broker, 60)
    now = read(ledger, database_now)
    write(ledger, lambda session: raise_or_renew(session, KIND, SUBJECT, "Redis is away", "start it", now))
    report.look()
    assert [subject for subject, _, _ in alerts(ledger)] == [SUBJECT]
    write(ledger, lambda session: end_alerts(session, KIND, SUBJECT, now))
    away(broker, 60, reachable=True)  # it answers again
    report.look()
    assert alerts(ledger) == []
    away(broker, 61)
    report.look()
    assert [subject for subject, _, _ in alerts(ledger)] == ["redis:shelf"]


def test_at_rest_it_asks_the_ledger_nothing(ledger: Engine) -> None:
    _, report = reporting(ledger)
    report.look()
    said: list[str] = []
    event.listen(ledger, "before_cursor_execute", lambda _c, _k, statement, *_: said.append(statement))
    for _ in range(3):
        report.look()
    assert said == []
