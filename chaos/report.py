"""The report of a storm: the strikes by kind, every bad task with all that is known of it, the last line."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from chaos.judge import Finding, Rows
from chaos.schedule import KINDS
from chaos.storm import Storm
from chaos.takeover import Takeover, takeovers, worst
from tests.support.report import Line, Target, finish

MOST_REVIEW = 0.01
SLOW_SECONDS, SHOWN_SLOW = 10.0, 3  # what a frozen host may take; how many slower ones are told in full
SHOWN = 25  # bad tasks told in full
FULL_STORM = 300  # faults from which on the storm must hold every kind often enough
LEAST_OF_A_KIND = 10
HEADINGS = ("strikes", "between claim and record", "after a point of no return", "attempts struck dead")
LEAST_AFTER_NO_RETURN = 20


def last_line(storm: Storm) -> str:
    """The line that sums a storm up."""
    verdict = storm.verdict
    found = list(takeovers([death for blow in storm.blows for death in blow.deaths], storm.rows.attempts))
    return (
        f"chaos: {len(storm.rows.tasks)} tasks, {len(storm.blows)} faults, lost {len(verdict.lost)}, "
        f"doubled {len(verdict.doubled)}, stuck {len(verdict.stuck)}, review {len(verdict.review)}, "
        f"worst takeover {worst(found):.1f} s"
    )


def targets(storm: Storm) -> list[Target]:
    """Returns the targets of a storm."""
    verdict, blows = storm.verdict, storm.blows
    found = [
        Target("lost", len(verdict.lost), 0),
        Target("doubled", len(verdict.doubled), 0),
        Target("stuck", len(verdict.stuck), 0),
        Target("review, of all tasks", len(verdict.review) / storm.wanted.tasks, MOST_REVIEW),
        Target("reviews that the truth decides", len(verdict.decidable), 0),
        Target("strikes that failed", sum(bool(blow.error) for blow in blows), 0),
    ]
    if len(blows) >= FULL_STORM:  # what fewer strikes hit is luck
        found.append(Target("share of faults between claim and record", aimed_share(storm), 0.5, at_least=True))
        fewest = min(Counter(blow.strike.kind for blow in blows)[kind] for kind in KINDS)
        after = sum(blow.no_return for blow in blows)
        found.append(Target("faults of the rarest kind", fewest, LEAST_OF_A_KIND, at_least=True))
        found.append(Target("faults after a point of no return", after, LEAST_AFTER_NO_RETURN, at_least=True))
    return found


def aimed_share(storm: Storm) -> float:
    """The share of faults that hit a worker, phone or host while a task ran there."""
    return sum(blow.aimed for blow in storm.blows) / max(1, len(storm.blows))


def report(storm: Storm) -> int:
    """Print everything, write benchmarks/results/chaos.json; the exit status."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    found = list(takeovers([death for blow in storm.blows for death in blow.deaths], storm.rows.attempts))
    for blow in storm.blows:
        if blow.error:
            console.print(
                f"strike {blow.strike.number} ({blow.strike.kind} on {blow.target or 'nobody'}): {blow.error}"
            )
    for line in (*bad_tasks(storm), *slow_takeovers(storm, found)):
        console.print(line)
    status = finish("chaos", "strikes", HEADINGS, list(_lines(storm)), measured(storm, found), targets(storm))
    console.print(last_line(storm))
    return status


def measured(storm: Storm, found: Sequence[Takeover]) -> dict[str, Any]:
    """The storm as plain JSON."""
    verdict = storm.verdict
    pool = [one.seconds for one in found if one.counts]
    return {
        "wanted": {
            "tasks": storm.wanted.tasks,
            "phones": storm.wanted.phones,
            "faults": storm.wanted.faults,
            "seed": storm.wanted.seed,
        },
        "seconds": round(storm.seconds, 1),
        "settled_seconds_after_the_last_fault": round(storm.settled_after, 1),
        "tasks_by_flow": dict(Counter(task.flow for task in storm.rows.tasks)),
        "attempts": len(storm.rows.attempts),
        "attempts_by_outcome": dict(Counter(one.outcome or "open" for one in storm.rows.attempts)),
        "deeds": len(storm.rows.truth),
        "strikes": dict(Counter(blow.strike.kind for blow in storm.blows)),
        "aimed_share": round(aimed_share(storm), 3),
        "after_no_return": sum(blow.no_return for blow in storm.blows),
        "restarts": storm.restarts,
        "did_not_end_when_asked": storm.stubborn,
        "takeovers": len(pool),
        "takeover_median": round(statistics.median(pool), 2) if pool else None,
        "takeover_worst": round(max(pool), 2) if pool else None,
        "findings": {
            name: [{"task": one.task_id, "why": one.why} for one in getattr(verdict, name)]
            for name in ("lost", "doubled", "stuck", "review", "decidable")
        },
    }


def bad_tasks(storm: Storm) -> Iterator[str]:
    """Each bad task with its attempts, its actions and the truth, so that the fault is found quickly."""
    verdict, told = storm.verdict, 0
    groups = (
        ("lost", verdict.lost),
        ("doubled", verdict.doubled),
        ("stuck", verdict.stuck),
        ("in review, though the truth decides it", verdict.decidable),
    )
    for name, findings in groups:
        for finding in findings:
            told += 1
            if told <= SHOWN:
                yield f"{name}: {finding.task_id or 'no task'}: {finding.why}"
                yield from _all_about(finding, storm)
    if told > SHOWN:
        yield f"… and {told - SHOWN} more, in benchmarks/results/chaos.json"


def slow_takeovers(storm: Storm, found: Sequence[Takeover]) -> Iterator[str]:
    """The slowest of those that should be quick, with all about their tasks."""
    quick = sorted((one for one in found if one.counts and one.seconds > SLOW_SECONDS), key=lambda one: -one.seconds)
    for one in quick[:SHOWN_SLOW]:
        yield f"takeover after {one.seconds:.1f} s: killed by {one.death.kind} at {_clock(one.death.at)}"
        yield from _all_about(Finding(one.death.task_id, ""), storm)


def _all_about(finding: Finding, storm: Storm) -> Iterator[str]:
    rows: Rows = storm.rows
    task = next((one for one in rows.tasks if one.id == finding.task_id), None)
    if task is not None:
        pin = f" pinned to {task.pinned_account}" if task.pinned_account else ""
        yield f"    {task.flow}{pin} is {task.state}: {dict(task.kwargs)}"
        for one in rows.attempts:
            if one.task_id == task.id:
                ended = f"{one.ended_at:%H:%M:%S.%f}" if one.ended_at else "open"
                yield (
                    f"    attempt {one.number} {one.started_at:%H:%M:%S.%f} to {ended} on {one.phone_serial} as "
                    f"{one.account_id}: {one.outcome} {one.failure_code or ''} in {one.step}: {one.reason}"
                )
        for act in rows.acts:
            if act.task_id == task.id:
                when = f"{act.declared_at:%H:%M:%S.%f}" if act.declared_at else ""
                said = f"{act.outcome}: {act.key} {act.reason or ''}"
                yield f"    action of attempt {act.attempt} {when} as {act.account_id} {said}"
        yield from _strikes_about(task.id, storm)
    mine = {act.key for act in rows.acts if act.task_id == finding.task_id}
    deeds = finding.deeds or tuple(deed for deed in rows.truth if deed.key in mine)
    for deed in deeds:
        yield f"    truth {deed.seq} {_clock(deed.at)} {deed.phone} {deed.account}: {deed.key}"


def _strikes_about(task_id: str, storm: Storm) -> Iterator[str]:
    """The strikes that were at one of its phones, at what all phones need, or at itself while it was tried."""
    tries = [one for one in storm.rows.attempts if one.task_id == task_id]
    for blow in storm.blows:
        for one in tries:
            ended = one.ended_at.timestamp() if one.ended_at else blow.at
            meant = (
                KINDS[blow.strike.kind].struck not in ("phone", "worker") or (one.phone_serial or "-") in blow.target
            )
            if blow.task_id == task_id or (meant and blow.at <= ended and blow.healed_at >= one.started_at.timestamp()):
                times = f"{_clock(blow.at)} to {_clock(blow.healed_at)}"
                yield f"    struck {times} by {blow.strike.kind} on {blow.target}{' after the tap' * blow.no_return}"
                break


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"


def _lines(storm: Storm) -> Iterator[Line]:
    for kind in KINDS:
        mine = [blow for blow in storm.blows if blow.strike.kind == kind]
        deaths = sum(len(blow.deaths) for blow in mine)
        yield Line(kind, (len(mine), sum(blow.aimed for blow in mine), sum(blow.no_return for blow in mine), deaths))
