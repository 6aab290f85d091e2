"""The commands that read and change the ledger, as an operator meets them."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text

from models.database.engine import connect
from models.fleet.phones import phone_offline
from models.migrate import current, newest
from models.responsible_use.operator_zone import agree_on_zone
from models.tables import Account, AuditEntry, Author, Phone, RecordPair, Task
from models.transactions.read_write import read, write
from scripts.examples import nurture_every_account
from tests.scripts.conftest import Run
from tests.support.installation import NOBODY_LISTENS, Installation
from tests.support.ledger.drawn_records import by_an_older_version, three_months
from tests.support.ledger.drive import owned_author, rows_in, titles
from workers.coordinator.leader import lead
from workers.planting.submit import submit
from workers.settings import settings


def test_an_empty_ledger_says_what_to_do_next(here: Installation, run: Run) -> None:
    for command, words in {
        "status": "no campaign yet; plant one: phonefleet submit FILE",
        "phones": "phones: none; phonefleet up serves those of this machine",
        "alerts": "alerts: none",
        "accounts": "accounts: none; a phone that is served shows its own, or: phonefleet accounts add ID NAME",
        "authors": "authors: none; add one: phonefleet authors add ID NAME",
    }.items():
        said = run(command)
        assert (said.status, said.err) == (0, "")
        assert words in said.out


def test_migrate_makes_the_tables(
    here: Installation, run: Run, mariadb_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", mariadb_database)
    refused = run("status")
    assert refused.status == 2
    assert "phonefleet migrate" in refused.err
    for _ in range(2):
        made = run("migrate")
        assert (made.status, made.err) == (0, "")
        assert newest() in made.out
    assert run("status").status == 0
    engine = connect(mariadb_database)
    by_an_older_version(engine, three_months(20))
    assert rows_in(engine, RecordPair) == 0
    assert run("migrate").status == 0
    assert rows_in(engine, RecordPair) > 0
    engine.dispose()


@pytest.mark.parametrize("on", ["sqlite", "mariadb"])
def test_a_newer_ledger_is_left_alone_and_says_what_to_use(
    on: str, here: Installation, run: Run, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = here.engine.url.render_as_string()
    if on == "mariadb":
        url = request.getfixturevalue("mariadb_database")
        monkeypatch.setenv("PHONEFLEET_DATABASE_URL", url)
        assert run("migrate").status == 0
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (["status"], ["migrate"], ["host"], ["coordinator"]):
        said = run(*command)
        assert said.status == 2, command
        assert "use the version of phonefleet that made" in said.err
        assert "Traceback" not in said.err
    assert current(engine) == "9999"
    engine.dispose()


def test_authors_are_added_and_given_a_basis(here: Installation, run: Run) -> None:
    said = run("authors", "add", "xiaopeng", "小鹏汽车")
    assert said.out == "xiaopeng is known; say why we may act on it: phonefleet authors basis xiaopeng owned\n"
    said = run(
        "authors", "basis", "xiaopeng", "permitted", "--note", "letter [A]", "--expires", "2031-01-31", "--who", "li"
    )
    assert said.out == "xiaopeng: permitted until 2031-01-31 (letter [A]); before: none\n"
    author = read(here.engine, lambda session: session.get_one(Author, "xiaopeng"))
    assert (author.basis, author.basis_note, author.basis_expires) == ("permitted", "letter [A]", date(2031, 1, 31))
    added, change = read(here.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    assert (added.subject, added.before, added.after) == ("author:xiaopeng", None, {"name": "小鹏汽车"})
    assert (change.who, change.subject) == ("li", "author:xiaopeng")
    listed = run("authors", "list").out
    for cell in ("xiaopeng", "小鹏汽车", "permitted", "letter [A]", "2031-01-31"):
        assert cell in listed
    assert run("authors").out == listed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("basis", "nobody", "owned"), ("'nobody' is not registered", "phonefleet authors add")),
        (("basis", "xiaopeng", "ours"), ("'ours' is not a basis", "owned, permitted or none")),
        (("basis", "xiaopeng", "permitted"), ("needs a note", "--note")),
        (("basis", "xiaopeng", "owned", "--expires", "soon"), ("'soon' is no day", "2027-01-31")),
        (("add", " ", "name"), ("author id", "1 to 191 characters")),
        (("caps", "likes", "3"), ("'likes' is not a cap", "likes_per_comment")),
        (
            ("caps", "likes_per_comment", "--who", "li"),
            ("is missing", "phonefleet authors caps likes_per_comment NUMBER"),
        ),
    ],
)
def test_what_authors_refuse(arguments: tuple[str, ...], words: tuple[str, ...], here: Installation, run: Run) -> None:
    here.know_authors("xiaopeng", basis=False)
    said = run("authors", *arguments)
    assert said.status == 2
    for word in words:
        assert word in said.err
    assert read(here.engine, lambda session: session.scalars(select(AuditEntry)).all()) == []


def test_caps_are_shown_and_changed(here: Installation, run: Run) -> None:
    assert "40" in _row(run("authors", "caps").out, "actions_per_account_day")
    said = run("authors", "caps", "actions_per_account_day", "12", "--who", "li")
    assert "12" in _row(said.out, "actions_per_account_day")
    change = read(here.engine, lambda session: session.scalars(select(AuditEntry)).one())
    assert (change.who, change.before, change.after) == ("li", 40, 12)


def test_the_fleets_zone_is_shown_and_changed_and_other_zones_are_refused(
    here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "none yet" in run("authors", "zone").out
    agree_on_zone(here.engine, "Asia/Shanghai")
    assert run("authors", "zone").out == "Asia/Shanghai\n"
    assert "nothing is to be done" in run("authors", "zone", "Asia/Shanghai").err
    assert "not a known time zone" in run("authors", "zone", "Moon/Crater").err
    assert "before: Asia/Shanghai" in run("authors", "zone", "Europe/Berlin", "--who", "li").out
    said = run("status")
    assert said.status == 2
    for word in ("PHONEFLEET_TIMEZONE: it is Asia/Shanghai here", "Europe/Berlin", "phonefleet authors zone"):
        assert word in said.err
    assert run("authors", "zone").out == "Europe/Berlin\n"
    monkeypatch.setenv("PHONEFLEET_TIMEZONE", "Europe/Berlin")
    settings.cache_clear()
    assert run("status").status == 0
    change = read(here.engine, lambda session: session.scalars(select(AuditEntry)).one())
    assert (change.who, change.before, change.after) == ("li", "Asia/Shanghai", "Europe/Berlin")


def test_accounts_show_where_they_are_and_why_they_rest(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002")
    run("accounts", "add", "acc0009", "nowhere yet")
    phone_offline(here.engine, "SIM0002", "adb says offline")
    write(here.engine, lambda session: setattr(session.get_one(Account, "acc0001"), "resting_why", "asks [to verify]"))
    listed = run("accounts").out
    assert "SIM0001" in _row(listed, "acc0001")
    assert "asks [to verify]" in _row(listed, "acc0001")
    assert "SIM0002 (offline)" in _row(listed, "acc0002")
    assert "none" in _row(listed, "acc0009")
    assert run("accounts", "wake", "acc0001").out == "acc0001 works again\n"
    assert "verify" not in run("accounts").out
    assert "no longer takes part" in run("accounts", "live", "acc0001", "false").out
    assert run("accounts", "wake", "acc7").status == 2


def test_accounts_say_whose_actions_are_those_of_the_sandbox(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002")
    assert "simulated" not in run("accounts").out
    write(here.engine, lambda session: setattr(session.get_one(Phone, "SIM0002"), "sandbox", True))
    assert "1 of them are on simulated phones: their actions are those in the sandbox" in run("accounts").out


def test_status_tells_what_failed_and_what_to_do(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002")
    handle = submit(
        nurture_every_account.canvas(["acc0001", "acc0002"], video_loop=3), name="two [b]", engine=here.engine
    )
    first, second = read(here.engine, lambda session: session.scalars(select(Task.id).order_by(Task.position)).all())

    def fail(task_id: str) -> None:
        def work(session: object) -> None:
            task = session.get_one(Task, task_id)  # type: ignore[attr-defined]
            task.state, task.failure_code, task.reason = "failed", "app_missing", "[/red] is not installed"
            task.phone_serial = "SIM0001"

        write(here.engine, work)

    fail(first)
    write(here.engine, lambda session: setattr(session.get_one(Task, second), "waits_for", "a phone [x]"))
    said = run("status", handle.id[:6])
    assert said.status == 0
    for words in (
        "two [b]",
        "1 failed",
        "1 ready",
        "app_missing: [/red]",
        "install the app",
        "a phone [x]",
    ):
        assert words in said.out
    assert run("status").out.splitlines()[0] == said.out.splitlines()[0]
    said = run("status", "zzz")
    assert said.status == 2
    assert "'zzz' begins no campaign's id and no task's" in said.err


def test_status_says_when_no_phone_comes_for_the_pool(here: Installation, run: Run) -> None:
    here.know_phones("acc0001")
    owned_author(here.engine)
    submit(titles(), name="one", engine=here.engine)
    assert "waiting in the pool" not in run("status").out
    phone_offline(here.engine, "SIM0001", "adb says offline")
    assert "no coordinator runs" in run("status").out
    assert lead(here.engine, "one", 60)
    said = run("status").out
    assert "nothing moves, since " in said
    assert "none of 1 phones may work: 1 offline (SIM0001: adb says offline); see: phonefleet phones" in said


@pytest.mark.parametrize("command", ["status", "phones", "alerts", "accounts", "authors", "host", "coordinator"])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql+mysqldb://u:secret@127.0.0.1:1/fleet", "no answer from the ledger at 127.0.0.1:1/fleet"),
        ("sqlite:////proc", "no answer from the ledger at /proc"),
    ],
)
def test_a_ledger_that_does_not_answer_is_told_in_words(
    command: str, url: str, words: str, here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", url)
    said = run(command)
    assert said.status == 2
    assert words in said.err
    assert "phonefleet doctor" in said.err
    assert "secret" not in said.err
    assert "Traceback" not in said.err


READING = {
    *("status", "missing all", "accounts list", "alerts", "alerts channels", "approvals list", "approvals given"),
    *("authors list", "comments", "deliveries list", "deliveries endpoints", "export", "failures", "flow versions"),
    *("holds list", "keys list", "logs 3f2a91c0", "phones", "profile patches", "records", "review", "schedules list"),
    *("stop 3f2a91c0", "titles", "users list", "watch list", "watch show a"),
}


@pytest.mark.parametrize("command", sorted(READING))
def test_a_command_that_reads_makes_no_ledger_where_none_is(
    command: str, here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = here.var / "typo" / "ledger.db"
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", f"sqlite:///{nowhere}")
    said = run(*command.split())
    assert (said.status, nowhere.parent.exists()) == (2, False)
    assert f"there is no ledger at {nowhere} yet" in " ".join(said.err.split())


def test_a_file_that_is_no_ledger_is_left_alone(here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    other = here.var / "other.db"
    other.write_text("this is no database, and longer than a header would be " * 4)
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", f"sqlite:///{other}")
    said = run("accounts")
    assert said.status == 2
    assert "not a database" in said.err
    assert other.read_text().startswith("this is no database")


def test_a_setting_that_cannot_be_used_is_named(here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", "postgresql://x/y")
    said = run("status")
    assert said.status == 2
    assert said.err.startswith("PHONEFLEET_DATABASE_URL: ")


def test_a_demo_empties_no_folder_of_others(here: Installation, run: Run) -> None:
    kept = here.var / "letters.txt"
    kept.write_text("dear")
    said = run("demo", "--var", here.var)
    assert said.status == 2
    assert "letters.txt, which no demo made" in said.err
    assert kept.read_text() == "dear"


def test_up_without_its_redis_says_so(here: Installation, run: Run) -> None:
    said = run("up", "--flower-port", "0", "--console-port", "0")
    assert said.status == 2
    assert f"no answer from {NOBODY_LISTENS.removeprefix('redis://').removesuffix('/0')}" in said.err
    assert "PHONEFLEET_REDIS_URL" in said.err


def _row(table: str, first: str) -> str:
    return next(line for line in table.splitlines() if first in line)
