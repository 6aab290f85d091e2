"""What Flower shows of a ticket: Celery's state for what became of it, and whose work it is."""

from __future__ import annotations

import ast
import pickle

import pytest
from billiard.exceptions import Terminated
from celery import Celery
from celery.exceptions import Ignore, Retry
from celery.states import FAILURE, IGNORED, RETRY, REVOKED, SUCCESS
from hypothesis import given
from hypothesis import strategies as st

from models.tasks.states import State
from workers.dispatch.celery_state import (
    MOST_REASON,
    ON_PURPOSE,
    AttemptFailed,
    TicketOutcome,
    finish_message,
    ticket_outcome,
)
from workers.dispatch.shown_arguments import MOST_TEXT, shown

WANTED = {
    State.SUCCEEDED: SUCCESS,
    State.FAILED: FAILURE,
    State.NEEDS_REVIEW: FAILURE,
    State.STOPPED: REVOKED,
    State.DELEGATED: RETRY,
    State.READY: RETRY,
    State.HELD: RETRY,
    State.WAITING: RETRY,
    State.RUNNING: IGNORED,
    None: FAILURE,
}


def test_every_state_of_a_task_has_one_of_celerys_and_success_is_for_success_alone() -> None:
    assert {state: ticket_outcome(state, "why").state for state in (*State, None)} == WANTED


@pytest.mark.parametrize(
    ("state", "why", "said"),
    [
        (State.SUCCEEDED, "", "succeeded"),
        (State.FAILED, "video_not_found: no such video", "video_not_found: no such video"),
        (State.NEEDS_REVIEW, "outcome_unknown: lost", "needs review: outcome_unknown: lost"),
        (State.STOPPED, "asked by 小王", "stopped: asked by 小王"),
        (State.HELD, "held: three phones failed", "held: three phones failed"),
        (State.READY, "again after list_not_loaded", "again after list_not_loaded"),
        (State.FAILED, "a\nb\x1b[31m\u202e", "a␊b␛[31m�"),
    ],
)
def test_the_reason_stands_beside_the_state(state: State, why: str, said: str) -> None:
    assert ticket_outcome(state, why).why == said


def test_a_reason_is_cut() -> None:
    assert len(ticket_outcome(State.FAILED, "x" * 10_000).why) == MOST_REASON


@pytest.mark.parametrize(
    ("state", "raised"), [(FAILURE, AttemptFailed), (RETRY, Retry), (REVOKED, Terminated), (IGNORED, Ignore)]
)
def test_what_is_no_success_raises_what_celery_takes_for_it(state: str, raised: type[Exception]) -> None:
    with pytest.raises(raised, match="why"):
        finish_message(TicketOutcome(state, "why"))
    assert finish_message(TicketOutcome(SUCCESS, "why")) == "why"


def test_what_a_ticket_raises_on_purpose_can_be_pickled() -> None:
    """Celery shows what it cannot pickle by another name."""
    for kind in ON_PURPOSE:
        assert pickle.loads(pickle.dumps(kind("why"))).args == ("why",)  # noqa: S301 - its own


@pytest.mark.parametrize("state", [SUCCESS, FAILURE, RETRY])
def test_celery_sends_nothing_of_its_own_for_these_states(state: str) -> None:
    """Raised, a Retry is a state and no message; a failure is neither sent again nor rejected."""
    app = Celery("quiet", set_as_current=False, broker_url="memory://")
    app.conf.update(task_ignore_result=True, task_acks_late=True)

    @app.task(bind=True, throws=ON_PURPOSE)
    def ticket(self: object, /) -> str:
        return finish_message(TicketOutcome(state, "why"))

    done = ticket.apply(throw=False)
    assert done.state == state
    assert ticket.acks_on_failure_or_timeout is not False
    assert app.amqp.queues == {} or all(not queue.alias for queue in app.amqp.queues.values())


def test_account_author_and_title_are_shown_as_far_as_they_are_known() -> None:
    assert shown("a1", {"author_id": "xiaopeng", "title": "好车😀", "text": "secret"}) == (
        "{'account': 'a1', 'author': 'xiaopeng', 'title': '好车😀'}"
    )
    assert shown(None, {}) == "{}"
    assert shown("", {"author_id": 7, "title": None}) == "{}"


@given(account=st.none() | st.text(), author=st.text(), title=st.text())
def test_whatever_text_is_shown_is_short_and_one_literal(account: str | None, author: str, title: str) -> None:
    words = shown(account, {"author_id": author, "title": title})
    known = ast.literal_eval(words)
    assert known.keys() <= {"account", "author", "title"}
    assert all(len(value) <= MOST_TEXT for value in known.values())
    assert words.isprintable(), "no control, no mark that turns the direction of what follows"
