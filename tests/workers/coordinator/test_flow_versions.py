"""Two versions of a flow in the ledger: tasks keep theirs, a new one is tried, promoted or taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from celery import group
from sqlalchemy import Engine, select

import flows.specs.catalogue
import workers.attempts.flow_version
import workers.coordinator.flow_versions
import workers.planting.row_versions
from flows.specs.collect_titles import CollectTitlesSpec
from flows.specs.limits import Limits
from models.database.clock import database_now
from models.fleet.flow_versions import runs_of, versions_of
from models.tables import Alert, AuditEntry, FlowVersion, Hold, Phone, Task
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import (
    change,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    rows_in,
    take,
    task,
    tasks,
    titles,
    try_to_take,
)
from workers.attempts.claim import NotMine
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record
from workers.control.flow_versions import open_tasks, promote_version, try_version, withdraw_version
from workers.coordinator.flow_versions import keep_versions
from workers.policy.flow_trial import ENOUGH, MOST_RUNS
from workers.runtime.worker_identity import WorkerIdentity

FLOW = "collect_titles"
PHONES = ("p1", "p2", "p3")


class Newer(CollectTitlesSpec):
    version = "9.0"
    limits = Limits(soft=77, hard=99)


OLD = CollectTitlesSpec.version
Have = Callable[..., None]


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch) -> Have:
    """Says which versions this process has."""

    def say(*versions: str) -> None:
        found = {FLOW: {one: Newer() if one == "9.0" else CollectTitlesSpec() for one in versions}}
        for module in (
            flows.specs.catalogue,
            workers.attempts.flow_version,
            workers.coordinator.flow_versions,
            workers.planting.row_versions,
        ):
            monkeypatch.setattr(module, "VERSIONS", found)

    return say


@pytest.fixture
def fleet(ledger: Engine) -> dict[str, WorkerIdentity]:
    owned_author(ledger)
    return {serial: online_worker(ledger, serial) for serial in PHONES}


def keep(ledger: Engine, times: int = 2) -> None:
    looked: dict[tuple[str, str], datetime] = {}
    for _ in range(times):
        keep_versions(ledger, looked)


def states(ledger: Engine) -> dict[str, str]:
    return {one.version: one.state for one in read(ledger, lambda session: versions_of(session, FLOW))}


def found(ledger: Engine, version: str) -> FlowVersion:
    return next(one for one in read(ledger, lambda session: versions_of(session, FLOW)) if one.version == version)


def alerts(ledger: Engine) -> list[str]:
    wanted = select(Alert.kind).where(Alert.kind.like("flow_version%")).order_by(Alert.id)
    return list(read(ledger, lambda session: session.scalars(wanted).all()))


def many(ledger: Engine, count: int) -> str:
    return plant(ledger, group(titles() for _ in range(count)))


def on_trial(ledger: Engine, campaign_id: str) -> list[Task]:
    return [one for one in tasks(ledger, campaign_id) if one.flow_version == "9.0"]


def run(ledger: Engine, fleet: dict[str, WorkerIdentity], one: str, outcome: Any) -> None:
    serial = task(ledger, one).pinned_phone or "p3"
    record(ledger, take(ledger, one, fleet[serial]), outcome)


BROKEN = Failed("flow_error", "ValueError: broken")
WELL = Succeeded({"titles": []})


def test_a_task_runs_under_the_version_that_it_was_planted_with(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have
) -> None:
    have(OLD)
    keep(ledger)
    old = ready(ledger, plant(ledger, titles()))[0]
    have(OLD, "9.0")
    write(ledger, _promoted)
    new = ready(ledger, plant(ledger, titles()))[0]
    assert take(ledger, old, fleet["p1"]).flow_version == OLD
    got = take(ledger, new, fleet["p2"])
    assert (got.flow_version, got.soft_limit) == ("9.0", 77)


def _promoted(session: Any) -> None:
    session.add(FlowVersion(flow=FLOW, version="9.0", state="retired", since=database_now(session), given=0))
    session.flush()
    promote_version(session, FLOW, "9.0", who="test", why="")


def test_a_host_without_the_version_says_so_and_the_task_waits(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have
) -> None:
    have(OLD)
    one = ready(ledger, plant(ledger, titles()))[0]
    have("9.0")
    got = try_to_take(ledger, one, fleet["p1"])
    assert isinstance(got, NotMine)
    assert f"flow_version: {FLOW} {OLD}" in got.why
    assert "put it beside them" in got.why
    assert task(ledger, one).waits_for == got.why


def test_tasks_of_a_version_that_was_removed_go_on_under_the_one_in_use(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have
) -> None:
    have(OLD)
    keep(ledger)
    first, second = ready(ledger, many(ledger, 2))
    got = take(ledger, second, fleet["p2"])
    change(ledger, first, pinned_phone="p1")
    have("9.0")
    keep(ledger)
    assert states(ledger) == {OLD: "removed", "9.0": "in_use"}
    moved = task(ledger, first)
    assert (moved.flow_version, moved.soft_limit, moved.pinned_phone) == ("9.0", 77, "p1")
    assert f"{OLD} is removed" in (moved.waits_for or "")
    assert task(ledger, second).flow_version == OLD  # a worker of the old fleet runs it
    record(ledger, got, WELL)
    assert take(ledger, first, fleet["p1"]).flow_version == "9.0"


def test_a_failing_version_is_taken_back_and_costs_no_task(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have
) -> None:
    have(OLD, "9.0")
    keep(ledger)
    assert states(ledger) == {OLD: "in_use", "9.0": "canary"}
    assert found(ledger, "9.0").phones == ["p1", "p2"]
    campaign = many(ledger, 8)
    trial = on_trial(ledger, campaign)
    assert [one.pinned_phone for one in trial] == ["p1", "p2", "p1", "p2"]
    run(ledger, fleet, trial[0].id, BROKEN)
    again = task(ledger, trial[0].id)
    assert (again.state, again.flow_version, again.pinned_phone, again.own_pins) == ("ready", OLD, None, None)
    run(ledger, fleet, trial[1].id, Failed("phone_hung", "no answer"))
    keep(ledger)
    assert states(ledger)["9.0"] == "canary"  # one fault, and one of the phone's
    running = take(ledger, trial[3].id, fleet["p2"])
    run(ledger, fleet, trial[2].id, BROKEN)
    keep(ledger)
    assert states(ledger) == {OLD: "in_use", "9.0": "withdrawn"}
    assert alerts(ledger) == ["flow_version_withdrawn"]
    runs = read(ledger, lambda session: runs_of(session, found(ledger, "9.0")))
    assert [(run.phone_serial, run.outcome) for run in runs] == [("p1", "fault"), ("p2", "other"), ("p1", "fault")]
    record(ledger, running, BROKEN)  # that was under way when it was taken back
    for one in ready(ledger, campaign):
        assert task(ledger, one).flow_version == OLD
        run(ledger, fleet, one, WELL)
    assert {one.state for one in tasks(ledger, campaign)} == {"succeeded"}
    assert rows_in(ledger, Hold) == 0
    keep(ledger)
    assert states(ledger)["9.0"] == "withdrawn"  # and is not tried again
    assert alerts(ledger) == ["flow_version_withdrawn"]
    assert {one.flow_version for one in tasks(ledger, many(ledger, 4))} == {OLD}
    assert not any(phone.quarantined_until for phone in read(ledger, lambda s: s.scalars(select(Phone)).all()))


def test_what_a_version_on_trial_failed_at_holds_no_content(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have
) -> None:
    have(OLD, "9.0")
    keep(ledger)
    campaign = many(ledger, 8)
    trial = on_trial(ledger, campaign)
    late = take(ledger, trial[3].id, fleet["p2"])
    run(ledger, fleet, trial[0].id, BROKEN)
    run(ledger, fleet, trial[2].id, BROKEN)
    keep(ledger)
    assert states(ledger)["9.0"] == "withdrawn"
    record(ledger, late, BROKEN)  # that was under way when it was taken back
    usual = [one.id for one in tasks(ledger, campaign) if one.id not in {two.id for two in trial}]
    record(ledger, take(ledger, usual[0], fleet["p3"]), BROKEN)
    assert rows_in(ledger, Hold) == 0
    record(ledger, take(ledger, usual[1], fleet["p1"]), BROKEN)
    record(ledger, take(ledger, usual[2], fleet["p2"]), BROKEN)
    assert rows_in(ledger, Hold) == 1


def test_a_version_that_does_well_takes_over(ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have) -> None:
    have(OLD, "9.0")
    keep(ledger)
    campaign = many(ledger, 2 * ENOUGH + 4)
    trial = on_trial(ledger, campaign)
    for one in trial[:ENOUGH]:
        run(ledger, fleet, one.id, WELL)
    keep(ledger)
    assert states(ledger) == {OLD: "retired", "9.0": "in_use"}
    assert alerts(ledger) == ["flow_version_in_use"]
    for one in trial[ENOUGH:]:  # planted for the trial: any phone takes them now
        assert (task(ledger, one.id).flow_version, task(ledger, one.id).pinned_phone) == ("9.0", None)
    old = [one for one in tasks(ledger, campaign) if one.flow_version == OLD]
    assert old
    assert take(ledger, old[0].id, fleet["p3"]).flow_version == OLD
    assert {one.flow_version for one in tasks(ledger, many(ledger, 4))} == {"9.0"}
    entries = select(AuditEntry).where(AuditEntry.subject.like("flow %")).order_by(AuditEntry.id)
    audit = read(ledger, lambda session: session.scalars(entries).all())
    assert [(one.subject.split()[-1], one.after) for one in audit] == [
        (OLD, "in_use"), ("9.0", "canary on p1, p2"), (OLD, "retired"), ("9.0", "in_use"),
    ]  # fmt: skip


def test_a_trial_gets_few_tasks_and_none_of_those_that_are_pinned_to_a_phone(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have
) -> None:
    have(OLD, "9.0")
    keep(ledger)
    assert len(on_trial(ledger, many(ledger, 3 * MOST_RUNS))) == MOST_RUNS
    assert on_trial(ledger, many(ledger, 2)) == []
    write(ledger, lambda session: try_version(session, FLOW, "9.0", ["p3"], who="test", why=""))
    assert on_trial(ledger, plant(ledger, titles().set(queue="phone.p3"))) == []
    assert on_trial(ledger, plant(ledger, titles().set(queue="account.acc-p1"))) == []
    (mine,) = on_trial(ledger, plant(ledger, titles().set(queue="account.acc-p3")))
    assert (mine.pinned_account, mine.pinned_phone) == ("acc-p3", None)


def test_tasks_whose_trial_phone_is_gone_do_not_wait_for_it(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have
) -> None:
    have(OLD, "9.0")
    keep(ledger)
    gone, stays = on_trial(ledger, many(ledger, 4))
    write(ledger, lambda session: _paused(session, str(gone.pinned_phone)))
    keep(ledger)
    assert (task(ledger, gone.id).flow_version, task(ledger, gone.id).pinned_phone) == (OLD, None)
    assert (task(ledger, stays.id).flow_version, task(ledger, stays.id).pinned_phone) == ("9.0", stays.pinned_phone)
    change(ledger, stays.id, not_before=past(ledger, 3600))
    keep(ledger)
    assert task(ledger, stays.id).flow_version == OLD


def _paused(session: Any, serial: str) -> None:
    session.get_one(Phone, serial).state = "offline"


def test_a_person_decides_otherwise(ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have) -> None:
    have(OLD, "9.0")
    keep(ledger)

    def decide(work: Callable[..., Any], *args: Any) -> None:
        write(ledger, lambda session: work(session, FLOW, *args, who="li", why="seen"))

    waiting = on_trial(ledger, many(ledger, 2))[0].id
    decide(withdraw_version, "9.0")
    keep(ledger)
    assert (states(ledger)["9.0"], task(ledger, waiting).flow_version) == ("withdrawn", OLD)
    decide(promote_version, "9.0")
    assert states(ledger) == {OLD: "retired", "9.0": "in_use"}
    task_id = ready(ledger, plant(ledger, titles().set(queue="phone.p1")))[0]
    decide(withdraw_version, "9.0")  # back to the one before
    keep(ledger)
    assert states(ledger) == {OLD: "in_use", "9.0": "withdrawn"}
    back = task(ledger, task_id)
    assert (back.flow_version, back.pinned_phone) == (OLD, "p1")
    assert read(ledger, open_tasks) == {(FLOW, OLD): 3}
    decide(try_version, "9.0", ["p3", "p1"])
    assert found(ledger, "9.0").phones == ["p3", "p1"]


@pytest.mark.parametrize(
    ("work", "args", "field", "words"),
    [
        (try_version, ("9.0", ["p1", "p2", "p3"]), "--phone", "2 phones at most"),
        (try_version, ("9.0", ["nowhere"]), "--phone", "'nowhere' is unknown"),
        (try_version, (OLD, []), "VERSION", "is in use"),
        (promote_version, ("8.0",), "VERSION", "no version 8.0"),
        (withdraw_version, (OLD,), "VERSION", "no version that was in use before"),
    ],
)
def test_what_cannot_be_is_refused(
    ledger: Engine, fleet: dict[str, WorkerIdentity], have: Have, work: Any, args: Any, field: str, words: str
) -> None:
    have(OLD, "9.0")
    keep(ledger)
    with pytest.raises(Refused) as refused:
        write(ledger, lambda session: work(session, FLOW, *args, who="li", why=""))
    (problem,) = refused.value.problems
    assert problem.field == field
    assert words in problem.reason
    assert problem.remedy


def test_a_flow_that_the_fleet_does_not_know_is_refused(ledger: Engine) -> None:
    with pytest.raises(Refused, match="has no flow package nothing"):
        write(ledger, lambda session: promote_version(session, "nothing", "1.0", who="li", why=""))
