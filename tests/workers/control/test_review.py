"""What nobody could tell is settled by a person, once, and the task goes on from there."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.tables import ActionRow
from models.tasks.states import State
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.doubts import in_doubt, looking
from tests.support.ledger.drive import online_worker, take, task
from workers.attempts.outcome import Failed
from workers.attempts.record import record
from workers.control.review import Verdict, count_in_review, in_review, settle


@pytest.fixture(autouse=True)
def _no_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which task is taken next is the test's choice."""
    monkeypatch.setattr("workers.dispatch.ring.ring", lambda engine, ready: None)


def left_to_a_person(engine: Engine) -> tuple[str, int]:
    """A task in review, and the number of its action in doubt."""
    one, number = in_doubt(engine)
    record(engine, looking(engine, one), Failed("unverifiable", "the comment is gone"))
    return one, number


def test_it_is_listed_with_what_is_in_doubt(ledger: Engine) -> None:
    assert read(ledger, count_in_review) == 0
    one, _ = left_to_a_person(ledger)
    assert read(ledger, count_in_review) == 1
    (waiting,) = in_review(ledger)
    assert (waiting.task_id, waiting.account, waiting.reason) == (one, "acc-p1", "the comment is gone")
    assert waiting.actions == (("like_comment", "xiaopeng 标题 好看"),)


@pytest.mark.parametrize(("verdict", "outcome"), [("happened", "done"), ("not", "not_done")])
def test_what_was_seen_is_written_and_the_task_goes_on_unpinned(ledger: Engine, verdict: Verdict, outcome: str) -> None:
    one, number = left_to_a_person(ledger)
    assert settle(ledger, one, verdict, who="lena") is State.READY
    row = read(ledger, lambda session: session.get_one(ActionRow, number))
    assert (row.outcome, row.reason) == (outcome, "lena looked")
    assert not task(ledger, one).verifying
    assert take(ledger, one, online_worker(ledger, "p2")).doubts == ()


def test_given_up_it_fails_with_the_reason(ledger: Engine) -> None:
    one, number = left_to_a_person(ledger)
    assert settle(ledger, one, "give-up", who="lena") is State.FAILED
    assert task(ledger, one).reason == "lena gave it up: the comment is gone"
    assert read(ledger, lambda session: session.get_one(ActionRow, number)).outcome == "declared"


def test_it_is_settled_once(ledger: Engine) -> None:
    one, _ = left_to_a_person(ledger)
    settle(ledger, one, "happened", who="lena")
    with pytest.raises(Refused, match="is ready"):
        settle(ledger, one, "not", who="max")
