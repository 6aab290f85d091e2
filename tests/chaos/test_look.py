"""What a storm tells of tasks that did not end in time."""

from __future__ import annotations

from celery import group
from sqlalchemy import Engine

from chaos.look import still_open
from tests.support.ledger.drive import plant, ready, take, work
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record


def test_what_is_open_is_told_with_its_attempts(ledger: Engine) -> None:
    ended, runs, waits = ready(ledger, plant(ledger, group([work(1), work(2), work(3)])))
    record(ledger, take(ledger, ended), Succeeded(1))
    take(ledger, runs)
    told = dict(line.split(" ", 1) for line in still_open(ledger))
    assert set(told) == {runs[:8], waits[:8]}
    assert told[runs[:8]].startswith("running, for any phone, ")
    assert told[runs[:8]].endswith(" runs")
    assert told[waits[:8]].startswith("ready, for any phone, ")
    assert told[waits[:8]].endswith(": no attempt")
