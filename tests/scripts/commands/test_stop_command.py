"""`phonefleet stop` finds what is meant and says what it did."""

from __future__ import annotations

import pytest
import typer
from celery import group
from sqlalchemy import Engine
from typer.testing import CliRunner

from models.transactions.read_write import read
from models.values.refused import Refused
from scripts.commands import stop as command
from scripts.terminal.what import find
from tests.support.ledger.drive import (
    campaign,
    online_worker,
    owned_author,
    plant,
    ready,
    states,
    take,
    task,
    titles,
    work,
)
from workers.control.stop import StopReport

cli = typer.Typer()
cli.command()(command.stop)


@pytest.fixture
def reached(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The ledger that the command reaches."""
    monkeypatch.setattr(command, "existing_ledger", lambda: ledger)
    return ledger


def run(*words: str) -> str:
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output.replace("\n", " ")


def test_a_campaign_by_the_beginning_of_its_id(reached: Engine) -> None:
    campaign_id = plant(reached, group(work(1), work(2)))
    take(reached, ready(reached, campaign_id)[0])
    output = run(campaign_id[:13], "--who", "lena", "--why", "holiday")
    assert f"campaign {campaign_id}: 1 ended at once, 1 running, asked to leave their phones" in output
    assert states(reached, campaign_id) == {"running": 1, "stopped": 1}


def test_a_single_task(reached: Engine) -> None:
    campaign_id = plant(reached, group(work(1), work(2)))
    one = ready(reached, campaign_id)[0]
    assert f"task {one}: 1 ended at once" in run(one, "--who", "lena")
    assert task(reached, one).reason == "lena stopped it"
    assert states(reached, campaign_id) == {"ready": 1, "stopped": 1}


def test_the_work_of_a_phone_by_its_serial(reached: Engine) -> None:
    owned_author(reached)
    online_worker(reached, "p1")
    campaign_id = plant(reached, group(titles(queue="phone.p1"), work(2)))
    assert "phone p1: 1 ended at once" in run("p1", "--who", "lena", "--why", "lent out")
    assert states(reached, campaign_id) == {"ready": 1, "stopped": 1}


def test_what_may_mean_two_things_is_refused(reached: Engine) -> None:
    campaign_id = plant(reached, work(1))
    online_worker(reached, campaign_id[:8])
    with pytest.raises(Refused, match=f"may mean campaign {campaign_id} or phone {campaign_id[:8]}"):
        read(reached, lambda session: find(session, campaign_id[:8]))


@pytest.mark.parametrize("what", ["", " ", "%", "_", "no-such-id"])
def test_what_means_nothing_is_refused(reached: Engine, what: str) -> None:
    campaign_id = plant(reached, work(1))
    with pytest.raises(Refused):
        read(reached, lambda session: find(session, what))
    assert campaign(reached, campaign_id).outcome is None


def test_what_it_says() -> None:
    assert command.told(StopReport(2, 0, 1)) == "2 ended at once, 1 in doubt, left for a person to settle"
