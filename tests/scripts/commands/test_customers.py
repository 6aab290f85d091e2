"""`phonefleet keys` and `phonefleet deliveries`, as an operator meets them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from gateway.keys.api_keys import find_key
from gateway.protocol.seal import Secret
from models.database.clock import database_now
from models.notify.deliveries import owe
from models.notify.events import Event
from models.tables import ApiKey, Delivery, Endpoint
from models.transactions.read_write import read, write
from scripts.cli import cli
from scripts.local.processes import COORDINATOR, DELIVERY, HOST, Part, Processes, python
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from workers.settings import settings

ORIGIN = "https://hooks.example.com"
MAKE = ("keys", "make", "orders", "--customer", "acme", "--allow", ORIGIN)


@pytest.fixture
def master(here: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A master key in the environment."""
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())
    settings.cache_clear()
    yield
    settings.cache_clear()


def made(here: Installation, run: Run, *more: str) -> tuple[str, Secret]:
    said = run(*MAKE, *more)
    assert (said.status, said.err) == (0, "")
    shown = dict(re.findall(r"^(key id|seal key|signing secret) +(\S+)$", said.out, re.MULTILINE))
    return shown["key id"], Secret.of_texts(shown["seal key"], shown["signing secret"])


def test_a_sandbox_key_says_which_phones_its_tasks_wait_for(here: Installation, run: Run, master: None) -> None:
    assert "PHONEFLEET_SANDBOX=1" in run(*MAKE, "--sandbox").out
    assert "SANDBOX" not in run(*MAKE).out


def owe_one(here: Installation, key_id: str, url: str = f"{ORIGIN}/in") -> str:
    event = Event("task.failed", "task:t1", {"task_id": "t1"})
    write(here.engine, lambda session: owe(session, key_id, url, event, database_now(session)))
    latest = select(Delivery.id).order_by(Delivery.number.desc()).limit(1)
    return read(here.engine, lambda session: session.scalars(latest).one())


def set_state(here: Installation, state: str) -> None:
    write(here.engine, lambda session: session.execute(update(Delivery).values(state=state)))


def test_secrets_are_moved_to_a_new_master_key(
    here: Installation, run: Run, master: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id, secret = made(here, run)
    said = run("keys", "rewrap")
    assert (said.status, "PHONEFLEET_OLD_MASTER_KEY: is not set" in said.err) == (2, True)
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    for old, status in ((bytes(range(1, 33)), 2), (bytes(range(32)), 0)):
        monkeypatch.setenv("PHONEFLEET_OLD_MASTER_KEY", base64.b64encode(old).decode())
        settings.cache_clear()
        said = run("keys", "rewrap")
        assert said.status == status, said.err
    assert "1 secrets rest under the new master key" in said.out
    known = read(here.engine, lambda session: find_key(session, key_id))
    assert known is not None
    assert known.secrets[0].texts() == secret.texts()


def test_a_second_master_key_is_refused_and_after_a_loss_the_keys_are_named_until_all_open(
    here: Installation, run: Run, master: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _), (other, _) = made(here, run), made(here, run)
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    settings.cache_clear()
    said = run(*MAKE)
    assert (said.status, said.out) == (2, "")
    assert "PHONEFLEET_MASTER_KEY: opens none of the keys in force (2)" in said.err
    assert "phonefleet keys rewrap" in said.err
    refused = run("keys", "rotate", one)
    assert (refused.status, "--hours 0" in refused.err) == (2, True)
    rotated = run("keys", "rotate", one, "--hours", "0")
    assert f"does not open 1 of 2 keys in force, such as {other}" in " ".join(rotated.out.split())
    assert "keys_unopened" in run("alerts").out
    assert "does not open" in run(*MAKE).out
    assert "does not open" not in run("keys", "revoke", other).out
    assert "keys_unopened, over since" in run("alerts").out


def test_without_a_master_key_the_list_says_how_to_make_one_and_no_key_is_made(here: Installation, run: Run) -> None:
    told = " ".join(run("keys").out.split())
    assert "PHONEFLEET_MASTER_KEY is not set here: no key can be made, and no gateway started" in told
    assert "set the one that your keys were made under" in told
    said = run(*MAKE)
    assert said.status == 2
    assert "head -c 32 /dev/urandom | base64" in said.err
    assert run("keys", "list").out.startswith("keys: none")
    assert run("deliver").status == 2


@pytest.mark.usefixtures("master")
def test_the_secrets_are_shown_once_and_are_those_of_the_key(here: Installation, run: Run) -> None:
    key_id, secret = made(here, run, "--sandbox")
    key = read(here.engine, lambda session: find_key(session, key_id))
    assert key is not None
    assert (key.sandbox, key.allowlist) == (True, (ORIGIN,))
    assert (key.secrets[0].seal_key, key.secrets[0].signing_key) == (secret.seal_key, secret.signing_key)
    listed = run("keys").out
    assert key_id in listed
    assert "sandbox" in listed
    assert not [text for text in secret.texts() if text[:12] in listed]


@pytest.mark.usefixtures("master")
def test_a_key_is_changed_rotated_and_revoked(here: Installation, run: Run) -> None:
    key_id, _ = made(here, run)
    other = "http://10.0.0.7:8080"
    assert run("keys", "allow", key_id, ORIGIN, other).status == 0
    limits = ("--rate", "2.5", "--most-waiting", "7", "--highest-priority", "1")
    assert run("keys", "limits", key_id, *limits).status == 0
    assert run("keys", "tell", key_id, f"{other}/events", "--alerts").out == f"{key_id}: alerts go to {other}/events\n"
    row = read(here.engine, lambda session: session.get_one(ApiKey, key_id))
    assert (row.allowlist, row.rate_per_second, row.most_waiting) == ([other, ORIGIN], 2.5, 7)
    assert row.highest_priority == 1
    assert (row.events_url, row.wants_alerts, row.wants_quarantines) == (f"{other}/events", True, False)
    told = run("keys", "tell", key_id).out
    assert told == f"{key_id} is told of its own tasks only; before, they went to {other}/events\n"
    assert "lives for 24 hours more" in run("keys", "rotate", key_id).out
    assert "older" in run("keys").out
    assert run("keys", "rotate", key_id).status == 2
    owe_one(here, key_id)
    assert "1 callbacks that it was owed stay unsent" in run("keys", "revoke", key_id, "--who", "lena").out
    assert "revoked" in run("keys").out
    assert read(here.engine, lambda session: session.get_one(ApiKey, key_id)).revoked_by == "lena"


@pytest.mark.usefixtures("master")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("make", "orders", "--customer", " "), ("customer:", "1 to 191 characters")),
        (("make", "orders", "--customer", "acme", "--allow", "hooks.example.com"), ("allow:", "https://")),
        (("tell", "ID", f"{ORIGIN}/events"), ("neither alerts nor quarantines", "--alerts")),
        (("tell", "ID", "https://other.example.com/", "--alerts"), ("events_url:", "allowlist")),
        (("rotate", "ID", "--hours", "721"), ("hours:", "0 to 720")),
        (("revoke", "key_nobody"), ("'key_nobody' is unknown", "phonefleet keys list")),
    ],
)
def test_what_cannot_be_is_refused_with_field_reason_and_remedy(
    here: Installation, run: Run, arguments: tuple[str, ...], words: tuple[str, str]
) -> None:
    key_id, _ = made(here, run)
    said = run("keys", *(key_id if one == "ID" else one for one in arguments))
    assert said.status == 2
    for word in words:
        assert word in said.err


@pytest.mark.usefixtures("master")
def test_deliveries_are_listed_shown_and_replayed(here: Installation, run: Run) -> None:
    assert run("deliveries").out == "deliveries: none\n"
    key_id, _ = made(here, run)
    delivery = owe_one(here, key_id)
    listed = run("deliveries").out
    for cell in (delivery[:8], "task.failed", "task:t1", "owed"):
        assert cell in listed
    assert run("deliveries", "list", "--state", "failed").out == "deliveries: none\n"
    assert run("deliveries", "list", "--key", key_id, "--since", "2020-01-01").out == listed
    shown = run("deliveries", "show", delivery[:8]).out
    assert shown.startswith(f"delivery {delivery}: task.failed of task:t1\n")
    assert shown.endswith("tries: none\n")
    assert run("deliveries", "replay", delivery).out == f"{delivery} is sent now, before its next try\n"
    set_state(here, "delivered")
    assert run("deliveries", "replay", delivery[:8]).out == f"{delivery} is owed once more\n"
    set_state(here, "failed")
    assert run("deliveries", "replay", "--since", "2099-01-01T08:00").out == "0 deliveries are owed once more\n"
    assert (
        run("deliveries", "replay", "--since", "2020-01-01", "--key", key_id).out == "1 deliveries are owed once more\n"
    )


@pytest.mark.usefixtures("master")
def test_an_address_that_is_gone_is_enabled_by_its_name(here: Installation, run: Run) -> None:
    key_id, _ = made(here, run)
    owe_one(here, key_id, f"{ORIGIN}/in?task=1")
    assert "yes" in run("deliveries", "endpoints").out
    write(here.engine, lambda session: session.execute(update(Endpoint).values(disabled_at=database_now(session))))
    assert "gone since" in run("deliveries", "endpoints").out
    assert run("deliveries", "enable", f"{ORIGIN}/other").status == 2
    assert "takes callbacks again" in run("deliveries", "enable", f"{ORIGIN}/in").out
    assert read(here.engine, lambda session: session.scalars(select(Endpoint)).one().disabled_at) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "--state", "lost"), ("'lost' is none", "owed, delivered, failed, disabled")),
        (("list", "--since", "soon"), ("'soon' is no time", "2027-01-31T08:00")),
        (("replay",), ("since: is missing", "--since TIME")),
        (("replay", "abc"), ("begins no delivery's id", "phonefleet deliveries list")),
        (("show", "%"), ("begins no delivery's id", "phonefleet deliveries list")),
    ],
)
def test_what_no_delivery_fits_is_refused(
    here: Installation, run: Run, arguments: tuple[str, ...], words: tuple[str, str]
) -> None:
    said = run("deliveries", *arguments)
    assert said.status == 2
    for word in words:
        assert word in said.err


def test_a_stack_trace_shows_no_local_variables() -> None:
    """Among them may be secrets."""
    assert not cli.pretty_exceptions_show_locals


def test_only_a_part_that_uses_keys_is_given_the_master_key(tmp_path: Path) -> None:
    tell = python("-c", "import os; print(os.environ.get('PHONEFLEET_MASTER_KEY'))")
    with Processes(tmp_path, {"PHONEFLEET_MASTER_KEY": "hidden"}) as processes:
        for part, told in ((Part("worker", tell), "None"), (Part("sender", tell, keyed=True), "hidden")):
            assert processes.start(part).wait(60) == 0
            assert processes.log(part).read_text().strip() == told
    assert [part.name for part in (HOST, COORDINATOR, DELIVERY) if part.keyed] == ["deliver"]


@pytest.mark.usefixtures("master")
@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:8800", "http://localhost:8800", "http://10.1.2.3", "https://[::1]:8443", "http://[fd00::1]"],
)
def test_an_origin_that_may_not_be_called_is_told_when_the_key_is_made(
    run: Run, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    make = ("keys", "make", "orders", "--customer", "acme", "--allow", origin)
    said = run(*make).out
    assert f"Nothing can be sent to {origin} as it stands" in said
    assert "PHONEFLEET_CALLBACK_NETWORKS" in said
    monkeypatch.setenv("PHONEFLEET_CALLBACK_NETWORKS", "127.0.0.0/8,10.0.0.0/8,::1/128,fd00::/8")
    settings.cache_clear()
    assert "Nothing can be sent" not in run(*make).out


@pytest.mark.usefixtures("master")
@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        (None, "address_refused", "PHONEFLEET_CALLBACK_NETWORKS"),
        (None, "no_connection", "start the receiver"),
        (None, "timed_out", "answer first"),
        (None, "tls_failed", "PHONEFLEET_CALLBACK_CA"),
        (400, None, "check its secrets"),
        (302, None, "no redirect"),
        (500, None, "2xx"),
    ],
)
def test_a_callback_that_does_not_arrive_gives_the_remedy(
    here: Installation, run: Run, status: int | None, error: str | None, told: str
) -> None:
    key_id, _ = made(here, run)
    delivery = owe_one(here, key_id)
    came = {"attempts": 1, "last_status": status, "last_error": error}
    write(here.engine, lambda session: session.execute(update(Delivery).values(**came)))
    assert told in run("deliveries").out
    assert told in run("deliveries", "show", delivery).out
    set_state(here, "delivered")
    assert told not in run("deliveries").out
