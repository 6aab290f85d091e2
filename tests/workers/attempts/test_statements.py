"""The statements that a task costs: its claim and its record are the busiest path of the ledger."""

from __future__ import annotations

import re
from typing import Any

import pytest
from celery import group
from celery.canvas import Signature
from sqlalchemy import Engine

from flows.action import Action, ActionKind
from models.tables import Phone
from models.transactions.read_write import write
from tests.support.ledger import drive
from tests.support.ledger.statements import statements
from workers.attempts.claim import Claim
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record
from workers.execution.ledger_journal import LedgerJournal
from workers.runtime.worker_identity import WorkerIdentity

TITLES = {"titles": [], "complete": True}


FIRST_TABLE = re.compile(r"(SELECT)(?: DISTINCT| 'cap' AS what,)? (\w+)\.|(INSERT) INTO (\w+)|(UPDATE) (\w+)")


def words(seen: list[tuple[str, Any]]) -> list[str]:
    """The verb and the table of each statement; without SQLite's BEGIN."""
    told = []
    for statement, _ in seen:
        found = FIRST_TABLE.match(statement.replace("`", "").replace('"', ""))
        if found is not None:
            told.append(" ".join(one for one in found.groups() if one))
        elif not statement.startswith("BEGIN"):
            told.append(statement)
    return told


def cost(ledger: Engine, worker: WorkerIdentity, one: Signature, result: Any) -> tuple[list[str], list[str]]:
    """The statements of the claim and of the record of one task among several."""
    campaign = drive.plant(ledger, group(one, one))
    task_id = drive.ready(ledger, campaign)[0]
    number = drive.rung_now(ledger, task_id)
    with statements(ledger) as claimed:
        got = drive.deliver(ledger, task_id, worker, number)
    assert isinstance(got, Claim), got
    with statements(ledger) as recorded:
        record(ledger, got, Succeeded(result))
    return words(claimed), words(recorded)


def ends(ledger: Engine) -> list[str]:
    """What writes a success: MySQL and MariaDB have an UPDATE of two tables."""
    return ["UPDATE attempts", "UPDATE tasks"] if ledger.dialect.name == "sqlite" else ["UPDATE tasks"]


def test_a_task_at_the_desk_costs_three_statements_to_claim_and_two_to_record(ledger: Engine) -> None:
    claimed, recorded = cost(ledger, drive.desk_worker(), drive.gather(1), [1])
    assert claimed == ["SELECT tasks", "INSERT attempts", "UPDATE tasks"]
    assert recorded == ["SELECT tasks", *ends(ledger)]


def test_a_reading_task_on_a_phone_that_does_any_costs_no_more(ledger: Engine) -> None:
    drive.owned_author(ledger)
    claimed, recorded = cost(ledger, drive.online_worker(ledger, "s1"), drive.titles(), TITLES)
    assert claimed == ["SELECT tasks", "INSERT attempts", "UPDATE tasks"]
    assert recorded == ["SELECT tasks", *ends(ledger)]


def test_a_reading_task_on_another_phone_also_asks_for_the_phone_and_its_account(ledger: Engine) -> None:
    drive.owned_author(ledger)
    worker = drive.online_worker(ledger, "s1")
    write(ledger, lambda session: setattr(session.get_one(Phone, "s1"), "paused_for", ["somebody else"]))
    claimed, _ = cost(ledger, worker, drive.titles(), TITLES)
    assert claimed == ["SELECT tasks", "SELECT phones", "SELECT accounts", "INSERT attempts", "UPDATE tasks"]


def test_an_acting_task_asks_for_what_limits_it_once_in_its_claim_and_once_in_each_action(ledger: Engine) -> None:
    drive.owned_author(ledger)
    worker = drive.online_worker(ledger, "s1")
    task_id = drive.ready(ledger, drive.plant(ledger, group(drive.like(), drive.like("另一个"))))[0]
    number = drive.rung_now(ledger, task_id)
    with statements(ledger) as claimed:
        got = drive.deliver(ledger, task_id, worker, number, acts=True)
    assert isinstance(got, Claim), got
    assert words(claimed) == ["SELECT campaigns", "SELECT tasks", "SELECT caps", "INSERT attempts", "UPDATE tasks"]
    journal = LedgerJournal(ledger, got, drive.ZONE)
    with statements(ledger) as declared:
        action = journal.declare(Action(ActionKind.LIKE_COMMENT, drive.AUTHOR, "标题", "小红", "好看"))
    assert words(declared) == ["SELECT authors", "SELECT caps", "INSERT actions"]
    with statements(ledger) as confirmed:
        journal.confirm(action, verified=True)
    of_sqlite = ["SELECT tasks", "UPDATE actions"]
    assert words(confirmed) == (of_sqlite if ledger.dialect.name == "sqlite" else ["UPDATE tasks"])


@pytest.mark.parametrize("delivered", [2, 5])
def test_a_ticket_that_comes_again_costs_one_statement(ledger: Engine, delivered: int) -> None:
    worker = drive.desk_worker()
    task_id = drive.ready(ledger, drive.plant(ledger, drive.gather(1)))[0]
    number = drive.rung_now(ledger, task_id)
    drive.deliver(ledger, task_id, worker, number)
    for _ in range(delivered - 1):
        with statements(ledger) as seen:
            drive.deliver(ledger, task_id, drive.desk_worker(), number)
        assert words(seen) == ["SELECT tasks"]
