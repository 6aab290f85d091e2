"""`phonefleet pause` and `resume`, and how `status` and `phones` show what is held, as an operator meets them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from celery import chain
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import AuditEntry, Phone, Task
from models.transactions.read_write import read, write
from scripts.commands.pause import told
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from workers.control.pause import PauseReport
from workers.planting.handle import Handle
from workers.planting.submit import submit
from workers.tasks import collect_titles, nurture


def planted(here: Installation) -> tuple[Handle, list[str]]:
    """A campaign of two tasks, the second after the first; their ids."""
    here.know_phones("acc0001")
    here.know_authors("xiaopeng")
    first = collect_titles.si(author_id="xiaopeng", count=1)
    second = nurture.si(video_loop=3).set(queue="account.acc0001")
    handle = submit(chain(first, second), name="two", engine=here.engine)
    return handle, [task.id for task in tasks(here)]


def tasks(here: Installation) -> Sequence[Task]:
    return read(here.engine, lambda session: session.scalars(select(Task).order_by(Task.position)).all())


def states(here: Installation) -> list[str]:
    return [task.state for task in tasks(here)]


def squeezed(text: str) -> str:
    """Without the frames of tables and the line breaks in their cells."""
    return " ".join(text.replace("│", " ").split())


def test_a_campaign_is_paused_shown_and_resumed(here: Installation, run: Run) -> None:
    handle, _ = planted(here)
    said = run("pause", handle.id[:8], "--who", "lena", "--why", "[b] holiday")
    assert said.out == f"campaign {handle.id} is paused: 2 held; to go on: phonefleet resume {handle.id}\n"
    assert states(here) == ["held", "held"]
    shown = run("status")
    assert shown.out.startswith(f"campaign {handle.id}: paused\n")
    assert "2 held" not in shown.out, "one of each flow"
    assert shown.out.count("lena paused it: [b] holiday") == 1, "told once for both"
    assert "2 × tasks: 1 " in shown.out
    assert shown.out.count(f"-> phonefleet resume {handle.id[:8]}") == 1
    assert "nothing moves, since " in shown.out
    assert f"the campaign is paused by lena: [b] holiday; to go on: phonefleet resume {handle.id[:8]}" in shown.out
    assert "paused" in run("status", "--list").out
    said = run("resume", handle.id, "--who", "max")
    assert said.out == f"campaign {handle.id} goes on: 1 ready to run\n"
    assert states(here) == ["ready", "waiting"]
    assert run("status").out.startswith(f"campaign {handle.id}: runs\n")


def test_a_task_is_paused_and_resumed(here: Installation, run: Run) -> None:
    _, (first, _) = planted(here)
    assert run("pause", first, "--who", "lena").out.startswith(f"task {first} is paused: 1 held; ")
    assert states(here) == ["held", "waiting"]
    assert f"phonefleet resume {first[:8]}" in run("status").out
    assert run("resume", first[:8]).out == f"task {first} goes on: 1 ready to run\n"
    said = run("resume", first)
    assert said.status == 2
    assert "is not paused" in said.err


def test_a_phone_is_paused_shown_and_resumed(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002")
    said = run("pause", "SIM0001", "--who", "lena", "--why", "new battery")
    assert said.out == "phone SIM0001 is paused: it takes no more work; to go on: phonefleet resume SIM0001\n"
    listed = squeezed(run("phones").out)
    assert "phone SIM0001 is paused by lena: new battery" in listed
    assert listed.count("paused") == 3, "its state in both lists, and why"
    said = run("resume", "SIM0001")
    assert said.out == "phone SIM0001 works again\n"
    assert "paused" not in run("phones").out


def test_a_pause_may_have_an_end_and_a_phone_may_finish_its_task(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002")
    handle, _ = planted(here)
    said = run("pause", "SIM0001", "--drain", "--for", "2h", "--who", "lena", "--why", "battery")
    assert "phone SIM0001 is paused: it takes no more work; it goes on by itself at 20" in said.out
    assert said.out.endswith(" Asia/Shanghai\n")
    assert "phone SIM0001 is drained by lena until 20" in squeezed(run("phones").out)
    assert run("pause", handle.id, "--until", "2099-01-31T08:00").status == 2
    assert run("pause", handle.id, "--for", "30").status == 0
    assert "the campaign is paused by" in run("status").out
    for wrong, why in (
        (("--for", "soon"), "'soon' is no length of time"),
        (("--for", "0m"), "'0m' is no length of time"),
        (("--until", "2020-01-01"), "is past, or too far away"),
        (("--for", "1h", "--until", "2099-01-01"), "both are given"),
    ):
        said = run("pause", "SIM0002", *wrong)
        assert said.status == 2
        assert why in said.err
    said = run("pause", handle.id, "--drain")
    assert said.status == 2
    assert "drain a phone" in said.err


def test_a_phone_is_released_from_its_quarantine(here: Installation, run: Run) -> None:
    here.know_phones("acc0001")

    def quarantined(session: Session) -> None:
        phone = session.get_one(Phone, "SIM0001")
        phone.quarantined_until = database_now(session) + timedelta(hours=1)
        phone.quarantine_why, phone.quarantines = "in quarantine for 300 s: it failed 3 tasks in a row", 2

    write(here.engine, quarantined)
    assert "quarantined" in run("phones").out
    assert run("release", "SIM0001", "--who", "lena", "--why", "new cable").out == "phone SIM0001 works again\n"
    assert "quarantine" not in run("phones").out
    entry = read(
        here.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    )
    assert entry is not None
    assert (entry.who, entry.subject, entry.reason, entry.after) == (
        "lena",
        "phone:SIM0001",
        "new cable",
        {"quarantine": None},
    )
    said = run("release", "SIM0001")
    assert said.status == 2
    assert "is not in quarantine" in said.err


def test_what_means_nothing_is_refused(here: Installation, run: Run) -> None:
    for command in ("pause", "resume", "stop"):
        said = run(command, "zzz")
        assert said.status == 2
        assert "'zzz' begins no campaign's id and no task's, and is no phone's serial" in said.err


def test_what_it_says() -> None:
    assert told("task", PauseReport(0, 1, 2, 3)) == (
        "0 held, 1 running, asked to leave their phones, 2 in doubt, looked for on the app first, "
        "3 in doubt, left for a person to settle"
    )
