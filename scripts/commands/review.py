"""`phonefleet review`: lists the tasks that a person must settle, and settles them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger, operator
from scripts.terminal.language import put, word
from scripts.terminal.show import Block, print_blocks, say, say_others
from scripts.terminal.what import find
from workers.control.review import InReview, Verdict, count_in_review, in_review, settle

VERDICTS = tuple(Verdict)


def review(
    task: Annotated[str, typer.Argument(help="A task's id, or its beginning; none: list what waits.")] = "",
    verdict: Annotated[str, typer.Argument(help=f"What you saw on the app: {', '.join(VERDICTS)}.")] = "",
    who: Annotated[str, typer.Option(help="Who looked; none: the user of this machine.")] = "",
) -> None:
    """List the tasks whose action could not be verified, or settle one after a look at the app."""
    console = Console()
    engine = existing_ledger()
    if not task:
        waiting = in_review(engine)
        if waiting:
            print_blocks(console, f"waiting for a person: {len(waiting)}", [_told(one) for one in waiting])
            say_others(console, len(waiting), read(engine, count_in_review))
        else:
            say(console, "waiting for a person: none")
        return
    if verdict not in VERDICTS:
        raise refuse("verdict", f"{verdict!r} is none", f"use one of {', '.join(VERDICTS)}")
    kind, found = read(engine, lambda session: find(session, task))
    if kind != "task":
        raise refuse("task", f"{task!r} is a {kind}", "see: phonefleet review")
    state = settle(engine, found, Verdict(verdict), who=operator(who), ring_now=False)
    say(console, put("task {id}: {state}", id=found, state=word("state", state)))


def _told(one: InReview) -> Block:
    where = ", ".join(filter(None, (one.account, one.phone)))
    doubts = [f"{word('action', kind)} {about}" for kind, about in one.actions]
    lines = [*(put("in doubt: {action}", action=doubt) for doubt in doubts), one.reason]
    if one.evidence:
        lines.append(put("evidence: {place}", place=one.evidence))
    settled = f"look at the app, then: phonefleet review {one.task_id[:8]} happened, not or give-up"
    return Block(f"{one.task_id[:8]}  {word('flow', one.flow)}  {where}", lines, settled)
