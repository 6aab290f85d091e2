"""`phonefleet approvals` and `phonefleet approve`, as an operator meets them."""

from __future__ import annotations

import pytest

from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import AUTHOR, known_account, owned_author, plant, task, tasks
from workers.app import app


def report(here: Installation, comment: str = "骗人 [bold]的[/bold]") -> str:
    owned_author(here.engine)
    known_account(here.engine, "acc1")
    params = {"author_id": AUTHOR, "title": "标题", "target_commenter": "某人", "target_comment": comment}
    canvas = app.signature("report_comment", kwargs=params | {"reason": "虚假信息"}, queue="account.acc1")
    (one,) = tasks(here.engine, plant(here.engine, canvas))
    return one.id


def test_what_waits_is_listed_with_its_comment_and_approved_once(here: Installation, run: Run) -> None:
    assert "waiting for an approval: none" in run("approvals").out
    assert "approvals: none" in run("approvals", "given").out
    one = report(here)
    said = run("approvals")
    for words in (one[:8], "report_comment", "acc1", "标题", "某人: 骗人 [bold]的[/bold]", "虚假信息"):
        assert words in said.out
    done = run("approve", one[:8], "--why", "造谣", "--who", "王芳")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"task {one}: approved until ")
    assert task(here.engine, one).state == "ready"
    given = run("approvals", "given").out
    assert all(words in given for words in ("王芳", "造谣", "in force", "acc1"))
    assert run("approve", one, "--why", "again").status == 2
    assert run("approvals", "withdraw", one, "--why", "看错了").out == f"task {one}: its approval is withdrawn\n"
    assert task(here.engine, one).state == "held"
    assert "withdrawn" in run("approvals", "given").out


def test_a_decision_against_it_ends_the_task(here: Installation, run: Run) -> None:
    one = report(here)
    assert run("approve", one, "--refuse", "--why", "只是批评").out == f"task {one}: refused\n"
    assert task(here.engine, one).failure_code == "approval_refused"
    assert "waiting for an approval: none" in run("approvals").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--why", ""), "say why"),
        (("--why", "x", "--hours", "0"), "is not between 0 and 168"),
        (("--why", "x", "--hours", "169"), "is not between 0 and 168"),
        (("--why", "x", "--hours", "nan"), "is not between 0 and 168"),
    ],
)
def test_an_approval_without_a_reason_or_an_end_is_refused(
    here: Installation, run: Run, arguments: tuple[str, ...], told: str
) -> None:
    one = report(here)
    said = run("approve", one, *arguments)
    assert said.status == 2
    assert told in said.err
    assert task(here.engine, one).awaits_approval
