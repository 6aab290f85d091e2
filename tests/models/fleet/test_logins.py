"""Two phones that show one account: the ledger lets one work, asks again, and never flips."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from models.fleet.fitness import why_not
from models.fleet.health import Reading, note_health
from models.fleet.logins import HOLDER_AGAIN, account_gone, account_seen, account_unread, to_be_asked
from models.fleet.phones import phone_offline, phone_online
from models.notify.alerts import latest_alerts
from models.tables import Account, Alert, Phone
from models.transactions.read_write import read, write
from tests.support.ledger.drive import now, online_worker, owned_author, plant, ready, take, titles

NEVER_IDLE = datetime(2000, 1, 1, tzinfo=UTC)


class Shelf:
    """Phones by serial, and which account each of them truly shows (None: nobody is logged in)."""

    def __init__(self, ledger: Engine, **shows: str | None) -> None:
        self.ledger = ledger
        self.shows: dict[str, str | None] = dict(shows)
        self.asked = 0
        for serial in shows:
            phone_online(ledger, serial, serial, "test", "SimPhone", f"i-{serial}")

    def acquaint(self) -> None:
        """Each phone that is to be asked tells the account that it shows."""
        serials = read(
            self.ledger,
            lambda session: list(
                session.scalars(select(Phone.serial).where(to_be_asked(NEVER_IDLE)).order_by("serial"))
            ),
        )
        self.asked += len(serials)
        for serial in serials:
            self.look(serial)

    def look(self, serial: str) -> None:
        """One phone is read."""
        account = self.shows[serial]
        if account is None:
            account_gone(self.ledger, serial, "nobody is logged in")
        else:
            account_seen(self.ledger, serial, account, account)

    def known(self) -> dict[str, str | None]:
        """What the ledger holds: serial → account."""
        return {phone.serial: phone.account_id for phone in self.phones()}

    def phones(self) -> Sequence[Phone]:
        return read(self.ledger, lambda session: session.scalars(select(Phone).order_by(Phone.serial)).all())

    def phone(self, serial: str) -> Phone:
        return next(phone for phone in self.phones() if phone.serial == serial)

    def changes(self, rounds: int) -> int:
        """How often the ledger changed its mind in so many rounds."""
        changed, before = 0, self.known()
        for _ in range(rounds):
            self.acquaint()
            changed += sum(before[serial] != account for serial, account in self.known().items())
            before = self.known()
        return changed

    def alerts(self) -> list[str]:
        return [
            alert.subject
            for alert in read(self.ledger, lambda s: latest_alerts(s, 50))
            if alert.kind == "account_twice"
        ]

    def long_ago(self) -> None:
        """The last reads are older than the pause between two looks at a holder."""

        def age(session: object) -> None:
            old = now(self.ledger) - HOLDER_AGAIN - timedelta(seconds=1)
            session.execute(update(Phone).where(Phone.account_read_at.is_not(None)).values(account_read_at=old))  # type: ignore[attr-defined]
            session.execute(update(Phone).where(Phone.twice_since.is_not(None)).values(twice_since=old - HOLDER_AGAIN))  # type: ignore[attr-defined]

        write(self.ledger, age)


def twice(ledger: Engine) -> Shelf:
    """Phone p1 holds account a; p2 shows it as well."""
    shelf = Shelf(ledger, p1="a", p2="a")
    shelf.look("p1")
    shelf.look("p2")
    return shelf


def test_a_second_phone_waits_and_the_holder_is_asked_again(ledger: Engine) -> None:
    shelf = twice(ledger)
    assert shelf.known() == {"p1": "a", "p2": None}
    waiting, holder = shelf.phone("p2"), shelf.phone("p1")
    assert waiting.twice_since is not None
    assert waiting.account_read_at is not None
    assert holder.account_read_at is None, "it is asked to look again"
    unfit = why_not(waiting, now(ledger))
    assert unfit is not None
    assert (unfit.code, unfit.why) == (
        "account_twice",
        "account a is on phone p1 too, which is asked to look again",
    )
    assert shelf.alerts() == [], "nobody knows yet whether it was only carried over"


@pytest.mark.parametrize("shows", ["b", None])
def test_an_account_that_was_carried_over_works_on_its_new_phone(ledger: Engine, shows: str | None) -> None:
    shelf = twice(ledger)
    shelf.shows["p1"] = shows
    assert shelf.changes(3) == 2
    assert shelf.known() == {"p1": shows, "p2": "a"}
    phone = shelf.phone("p2")
    assert (phone.twice_since, phone.why, why_not(phone, now(ledger))) == (None, None, None)
    assert shelf.alerts() == []


def test_an_account_that_is_truly_on_two_phones_is_told_once_and_works_on_one(ledger: Engine) -> None:
    shelf = twice(ledger)
    assert shelf.changes(20) == 0
    assert shelf.asked == 21, "the one that waits each time, the holder once"
    assert shelf.alerts() == ["account:a"]
    assert shelf.phone("p2").why == "account a is logged in on phone p1 too"
    shelf.long_ago()
    assert shelf.changes(20) == 0
    assert shelf.asked == 21 + 21, "the holder is asked again after a while, once"
    assert shelf.alerts() == ["account:a"]


@pytest.mark.parametrize(("who", "works"), [("p1", "p2"), ("p2", "p1")])
def test_a_logout_on_one_of_the_two_settles_it(ledger: Engine, who: str, works: str) -> None:
    shelf = twice(ledger)
    shelf.changes(3)
    shelf.shows[who] = None
    shelf.long_ago()
    shelf.changes(4)
    assert shelf.known() == {who: None, works: "a"}
    assert shelf.phone("p1").twice_since is shelf.phone("p2").twice_since is None
    assert shelf.changes(10) == 0


def test_two_phones_that_went_and_came_settle_by_themselves(ledger: Engine) -> None:
    shelf = twice(ledger)
    shelf.changes(3)
    phone_offline(ledger, "p1", "unplugged")
    shelf.changes(2)
    assert shelf.known() == {"p1": None, "p2": "a"}
    phone_online(ledger, "p1", "p1", "test", "SimPhone", "i-new")
    shelf.changes(3)
    assert shelf.known() == {"p1": None, "p2": "a"}
    assert shelf.phone("p1").twice_since is not None
    assert shelf.changes(20) == 0
    assert shelf.alerts() == ["account:a", "account:a"], "once for each time"


def test_a_holder_that_cannot_be_read_keeps_its_account_while_it_is_well(ledger: Engine) -> None:
    shelf = twice(ledger)
    account_unread(ledger, "p1", "its screen shows another app")
    account_unread(ledger, "p2", "its screen shows another app")
    assert shelf.known() == {"p1": "a", "p2": None}
    assert shelf.phone("p1").account_read_at is None, "it is asked again"
    assert shelf.phone("p2").why == "account a is on phone p1 too, which is asked to look again"
    note_health(ledger, "test", [Reading("p1", {}, "its screen is locked", "unlock it")])
    shelf.look("p2")
    assert shelf.known() == {"p1": None, "p2": "a"}
    note_health(ledger, "test", [Reading("p1", {}, None, "")])
    shelf.changes(3)
    assert shelf.known() == {"p1": None, "p2": "a"}
    assert shelf.changes(20) == 0


def test_a_phone_whose_account_nobody_knows_says_why(ledger: Engine) -> None:
    shelf = Shelf(ledger, p1="a")
    account_unread(ledger, "p1", "cannot tell: the phone does not answer")
    unfit = why_not(shelf.phone("p1"), now(ledger))
    assert unfit is not None
    assert (unfit.code, unfit.why) == ("no_account", "cannot tell: the phone does not answer")
    shelf.acquaint()
    assert why_not(shelf.phone("p1"), now(ledger)) is None


def test_a_phone_that_comes_back_is_read_again(ledger: Engine) -> None:
    online_worker(ledger, "p1", "a")
    shelf = Shelf(ledger, p1="b")
    assert shelf.changes(1) == 0, "another worker on a phone that was there all the time is no reason to look"
    phone_offline(ledger, "p1", "unplugged")
    phone_online(ledger, "p1", "p1", "test", "SimPhone", "i-new")
    assert shelf.changes(3) == 1
    assert shelf.known() == {"p1": "b"}


def test_accounts_that_changed_places_are_found_where_they_are(ledger: Engine) -> None:
    shelf = Shelf(ledger, p1="a", p2="b")
    shelf.acquaint()
    shelf.shows = {"p1": "b", "p2": "a"}
    shelf.look("p1")
    shelf.changes(4)
    assert shelf.known() == {"p1": "b", "p2": "a"}
    assert shelf.alerts() == []


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happened_it_settles_and_stays(ledger: Engine, seed: int) -> None:
    rng = random.Random(seed)
    serials, accounts = [f"p{number}" for number in range(5)], ["a", "b", "c", None]
    shelf = Shelf(ledger, **{serial: rng.choice(accounts) for serial in serials})
    for _ in range(25):
        serial = rng.choice(serials)
        happening = rng.choice(["moves", "off", "on", "look", "ask"])
        if happening == "moves":
            shelf.shows[serial] = rng.choice(accounts)
        elif happening == "off":
            phone_offline(ledger, serial, "unplugged")
        elif happening == "on":
            phone_online(ledger, serial, serial, "test", "SimPhone", f"i-{serial}")
        elif happening == "look" and shelf.phone(serial).state == "online":
            shelf.look(serial)
        else:
            shelf.acquaint()
        held = [account for account in shelf.known().values() if account is not None]
        assert len(held) == len(set(held)), "an account is on one phone at most"
    for serial in serials:  # whoever works finds out who is logged in before it acts
        phone_online(ledger, serial, serial, "test", "SimPhone", f"i-{serial}")
        shelf.look(serial)
    shelf.changes(4)
    shelf.long_ago()
    shelf.changes(4)
    assert shelf.changes(5) == 0
    known = shelf.known()
    assert {account for account in known.values() if account} == {
        account for account in shelf.shows.values() if account
    }
    assert all(account in (None, shelf.shows[serial]) for serial, account in known.items())


def asked(ledger: Engine, idle_since: datetime) -> list[str]:
    wanted = select(Phone.serial).where(to_be_asked(idle_since)).order_by(Phone.serial)
    return read(ledger, lambda session: list(session.scalars(wanted)))


def test_an_idle_phone_is_asked_again_and_a_busy_one_is_not(ledger: Engine) -> None:
    idle, busy = online_worker(ledger, "idle", "a"), online_worker(ledger, "busy", "b")
    before, later = now(ledger) - timedelta(seconds=1), now(ledger) + timedelta(seconds=45)
    for identity, account in ((idle, "a"), (busy, "b")):
        account_seen(ledger, identity.serial or "", account, account)
    assert asked(ledger, before) == []
    owned_author(ledger)
    (one,) = ready(ledger, plant(ledger, titles()))
    take(ledger, one, busy)
    assert asked(ledger, later) == ["idle"]
    account_unread(ledger, "idle", "a dialog lies over the page")
    assert asked(ledger, before) == [], "a look that failed is no reason to look at once again"


def alerts_of(ledger: Engine, kind: str) -> list[tuple[str, bool]]:
    wanted = select(Alert).where(Alert.kind == kind).order_by(Alert.id)
    return [(one.subject, one.over_at is not None) for one in read(ledger, lambda s: list(s.scalars(wanted)))]


def test_a_phone_that_is_logged_out_is_told_once_until_somebody_is_logged_in(ledger: Engine) -> None:
    online_worker(ledger, "p1", "a")
    for _ in range(3):
        account_gone(ledger, "p1", "the login page shows")
    assert alerts_of(ledger, "logged_out") == [("phone:p1", False)]
    account_seen(ledger, "p1", "a", "a")
    assert alerts_of(ledger, "logged_out") == [("phone:p1", True)]
    account_gone(ledger, "p1", "the login page shows")
    assert alerts_of(ledger, "logged_out") == [("phone:p1", True), ("phone:p1", False)]


@pytest.mark.parametrize("account_id", ["", " ", "\u3000"])
def test_no_account_without_an_id(ledger: Engine, account_id: str) -> None:
    online_worker(ledger, "p1", "a")
    with pytest.raises(ValueError, match="has an id"):
        account_seen(ledger, "p1", account_id, "x")
    assert read(ledger, lambda s: s.get(Account, account_id)) is None


@pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)
def test_a_phone_that_is_read_waits_for_no_other_phone(ledger: Engine) -> None:
    """Five hundred phones that come at once would wait for each other in turn."""
    for serial in ("s1", "s2", "s3"):
        online_worker(ledger, serial)
    with ledger.connect() as other:
        other.execute(select(Phone).where(Phone.serial == "s2").with_for_update())
        account_seen(ledger, "s1", "new", "new")  # raises once it has waited for a lock
        account_seen(ledger, "s3", "acc-s3", "renamed")
    shown = {phone.serial: phone.account_id for phone in Shelf(ledger).phones()}
    assert shown == {"s1": "new", "s2": "acc-s2", "s3": "acc-s3"}
