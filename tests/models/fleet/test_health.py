"""Health in the ledger: what hosts read, what flows saw, phones lost together; each told once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event, select, update

from models.fleet.fitness import HOST_STOPPED, why_not
from models.fleet.health import FRESH, Reading, note_health, page_drift
from models.fleet.phones import mark_silent, phone_offline, phone_online, phone_problem
from models.fleet.phones_alive import phones_alive
from models.notify.alerts import latest_alerts
from models.tables import Alert, Phone
from models.transactions.read_write import read, write
from tests.support.ledger.drive import AUTHOR, now, online_worker, owned_author, plant, ready, take, titles
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record
from workers.coordinator.usb_hub_outage import FEWEST, Loss, lost_together, report_hubs

ZONE = ZoneInfo("Asia/Shanghai")
HOT = "its battery has 52 °C"
COOL = "let it cool down"


def fit(serial: str, percent: int = 80) -> Reading:
    return Reading(serial, {"percent": percent, "celsius": 31.0}, None, "")


def hot(serial: str) -> Reading:
    return Reading(serial, {"percent": 80, "celsius": 52.0}, HOT, COOL)


def health(engine: Engine, serial: str) -> dict[str, object]:
    return dict(phone(engine, serial).health or {})


def phone(engine: Engine, serial: str) -> Phone:
    return read(engine, lambda session: session.get_one(Phone, serial))


def alerts(engine: Engine) -> Sequence[Alert]:
    return read(engine, lambda session: latest_alerts(session, 50))


def set_phone(engine: Engine, serial: str, **values: object) -> None:
    write(engine, lambda session: session.execute(update(Phone).where(Phone.serial == serial).values(**values)))


def updates(engine: Engine, readings: Sequence[Reading]) -> int:
    """How many rounds of UPDATE this takes."""
    statements: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", heard)
    try:
        note_health(engine, "test", readings)
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    return sum(statement.startswith("UPDATE") for statement in statements)


def test_a_phone_becomes_unfit_and_works_again_by_itself(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    note_health(ledger, "test", [fit("p1")])
    assert phone(ledger, "p1").health == {"percent": 80, "celsius": 31.0}
    assert why_not(phone(ledger, "p1"), now(ledger)) is None
    for _ in range(3):
        note_health(ledger, "test", [hot("p1")])
    unfit = why_not(phone(ledger, "p1"), now(ledger))
    assert unfit is not None
    assert (unfit.code, unfit.why, unfit.remedy) == ("unfit", HOT, f"{COOL}; it works again by itself")
    (alert,) = alerts(ledger)
    assert (alert.kind, alert.subject, alert.remedy) == ("phone_unfit", "phone:p1", COOL)
    assert alert.text == f"phone p1 takes no work: {HOT}"
    note_health(ledger, "test", [fit("p1")])
    assert why_not(phone(ledger, "p1"), now(ledger)) is None
    note_health(ledger, "test", [hot("p1")])
    assert len(alerts(ledger)) == 2, "once for each time"


def test_one_statement_tells_of_all_phones_that_changed(ledger: Engine) -> None:
    for number in range(12):
        online_worker(ledger, f"p{number:02}")
    readings = [hot(f"p{number:02}") if number % 3 == 0 else fit(f"p{number:02}", number) for number in range(12)]
    assert updates(ledger, readings) == 1
    for number in range(12):
        row = phone(ledger, f"p{number:02}")
        assert row.unfit_why == (HOT if number % 3 == 0 else None)
        assert health(ledger, row.serial)["percent"] == (80 if number % 3 == 0 else number)
        assert row.health_at is not None
    assert len(alerts(ledger)) == 4
    assert updates(ledger, readings) == 0, "nothing is new"
    set_phone(ledger, "p01", health_at=now(ledger) - FRESH - timedelta(seconds=1))
    assert updates(ledger, readings) == 1, "one that nothing was heard of for minutes looks like one that is not asked"
    assert updates(ledger, []) == 0


def test_a_phone_of_another_host_is_left_alone(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    note_health(ledger, "elsewhere", [hot("p1"), hot("unknown")])
    assert phone(ledger, "p1").unfit_why is None
    assert alerts(ledger) == []


def test_hostile_words_are_kept_as_they_can_be(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    note_health(ledger, "test", [Reading("p1", {"said": "\x00😀"}, "why \ud800 \x00 😀", "x")])
    assert health(ledger, "p1")["said"] == "\ufffd😀"
    assert phone(ledger, "p1").unfit_why == "why \ufffd \ufffd 😀"


def fails(engine: Engine, serial: str, code: str, reason: str) -> None:
    """A flow fails on a phone."""
    owned_author(engine)
    identity = online_worker(engine, serial)
    (one,) = ready(engine, plant(engine, titles()))
    record(engine, take(engine, one, identity), Failed(code, reason))


def test_a_flow_that_does_not_find_the_app_makes_the_phone_unfit_until_its_host_sees_it(ledger: Engine) -> None:
    fails(ledger, "p1", "app_missing", "com.example cannot be started")
    unfit = why_not(phone(ledger, "p1"), now(ledger))
    assert unfit is not None
    assert (unfit.code, unfit.why) == ("unfit", "com.example cannot be started")
    assert "install the app" in unfit.remedy
    assert [alert.kind for alert in alerts(ledger)] == ["phone_unfit"]
    note_health(ledger, "test", [fit("p1")])
    assert why_not(phone(ledger, "p1"), now(ledger)) is None


def test_page_drift_is_kept_and_stops_nothing(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    note_health(ledger, "test", [fit("p1")])
    fails(ledger, "p1", "page_drift", "no page fits")
    for reading in (fit("p1", 79), hot("p1"), fit("p1")):
        note_health(ledger, "test", [reading])
        seen = page_drift(phone(ledger, "p1"), now(ledger))
        assert seen is not None
        assert seen[1] == "no page fits"
    assert phone(ledger, "p1").unfit_why is None
    assert page_drift(phone(ledger, "p1"), now(ledger) + timedelta(hours=25)) is None


def test_a_refused_permission_makes_the_phone_unfit_with_what_to_switch_on(ledger: Engine) -> None:
    fails(ledger, "p1", "input_refused", "click: java.lang.SecurityException")
    unfit = why_not(phone(ledger, "p1"), now(ledger))
    assert unfit is not None
    assert unfit.code == "unfit"
    assert "USB debugging (Security settings)" in unfit.remedy
    assert phone(ledger, "p1").quarantined_until is None
    note_health(ledger, "test", [fit("p1")])
    assert why_not(phone(ledger, "p1"), now(ledger)) is None


def drift(ledger: Engine, serial: str, page: str) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, serial)
    (one,) = ready(ledger, plant(ledger, titles()))
    record(ledger, take(ledger, one, identity), Failed("page_drift", f"{page} has no input", details={"page": page}))


def succeed(ledger: Engine, serial: str, *pages: str) -> None:
    identity = online_worker(ledger, serial)
    (one,) = ready(ledger, plant(ledger, titles()))
    record(ledger, take(ledger, one, identity), Succeeded({"author_id": AUTHOR, "titles": []}, frozenset(pages)))


def drift_alerts(ledger: Engine) -> list[tuple[str, bool]]:
    return [(one.subject, one.over_at is not None) for one in alerts(ledger) if one.kind == "page_drift"][::-1]


def test_a_page_drift_is_told_once_a_page_and_version_and_ends_with_a_success_on_that_page(ledger: Engine) -> None:
    drift(ledger, "p1", "search")
    drift(ledger, "p1", "search")
    assert drift_alerts(ledger) == [("page:search@unknown", False)]
    online_worker(ledger, "p3")
    set_phone(ledger, "p3", app_version="2.5")
    drift(ledger, "p3", "search")
    assert drift_alerts(ledger)[1:] == [("page:search@2.5", False)]
    succeed(ledger, "p1", "feed", "author")
    assert page_drift(phone(ledger, "p1"), now(ledger)) is not None, "another page says nothing of this one"
    succeed(ledger, "p1", "feed", "search")
    assert page_drift(phone(ledger, "p1"), now(ledger)) is None
    assert drift_alerts(ledger) == [("page:search@unknown", True), ("page:search@2.5", False)]
    drift(ledger, "p1", "search")
    assert len(drift_alerts(ledger)) == 3, "told again when it comes back"


def test_a_phone_says_since_when_it_is_in_its_state(ledger: Engine) -> None:
    identity = online_worker(ledger, "p1")
    long_ago = now(ledger) - timedelta(hours=1)

    def since() -> datetime | None:
        """Since when; then the clock is turned back, so that the next change shows."""
        found = phone(ledger, "p1").state_since
        set_phone(ledger, "p1", state_since=long_ago)
        return found

    assert since() != long_ago
    phone_online(ledger, "p1", "p1", "test", "SimPhone", identity.incarnation)
    phones_alive(ledger, [identity.incarnation])
    assert since() == long_ago, "nothing changed"
    set_phone(ledger, "p1", seen_at=now(ledger) - timedelta(seconds=11))
    mark_silent(ledger, 10)
    assert since() != long_ago
    phones_alive(ledger, [identity.incarnation])
    assert since() != long_ago
    phone_problem(ledger, "p1", "unauthorized", "adb says unauthorized")
    assert since() != long_ago
    phone_problem(ledger, "p1", "unauthorized", "still")
    assert since() == long_ago
    assert phone(ledger, "p1").why == "still"
    phone_offline(ledger, "p1", "unplugged")
    assert since() != long_ago


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def losses(host: str, *seconds: float) -> list[Loss]:
    return [Loss(f"{host}-{place}", host, NOON + timedelta(seconds=at)) for place, at in enumerate(seconds)]


@pytest.mark.parametrize(
    ("lost", "sizes"),
    [
        ([], []),
        (losses("a", 0, 0, 0, 0), []),
        (losses("a", 0, 0.5, 1, 2, 3), [5]),
        (losses("a", 0, 0.5, 1, 2, 3.1), []),
        (losses("a", *range(0, 40, 1)), []),
        (losses("a", *[0.1 * number for number in range(10)]), [10]),
        (losses("a", 0, 0, 0) + losses("b", 0, 0, 0), []),
        (losses("a", 0, 0, 0, 0, 0) + losses("b", 1, 1, 1, 1, 1, 1), [5, 6]),
        (losses("a", 60, 60, 60, 60, 60, 0, 0, 0, 0, 0), [5, 5]),
    ],
)
def test_which_phones_were_lost_together(lost: list[Loss], sizes: list[int]) -> None:
    assert FEWEST == 5
    assert sorted(map(len, lost_together(reversed(lost)))) == sizes


def lose(engine: Engine, serials: Sequence[str], seconds_ago: float, why: str = "unplugged") -> None:
    """Phones went offline, one a tenth of a second after the other; their host is late to say so."""
    began = time.monotonic()
    for place, serial in enumerate(serials):
        set_phone(engine, serial, state="online", incarnation=None)
        phone_offline(engine, serial, why, ago=seconds_ago - place / 10 + time.monotonic() - began)


def test_ten_phones_lost_at_one_moment_are_one_hub(ledger: Engine) -> None:
    serials = [f"p{number:02}" for number in range(12)]
    for serial in serials:
        online_worker(ledger, serial)
    lose(ledger, serials[10:11], 600)
    lose(ledger, serials[:10], 1)
    assert report_hubs(ledger, ZONE) == 0, "they may be back in a moment: adb was restarted"
    lose(ledger, serials[:10], 20)
    assert [report_hubs(ledger, ZONE) for _ in range(3)] == [1, 0, 0]
    (alert,) = alerts(ledger)
    first = phone(ledger, "p00").state_since
    assert first is not None
    at = f"{first.astimezone(ZONE):%H:%M:%S}"
    assert (alert.kind, alert.subject, alert.details) == ("hub_lost", "host:test", {"phones": serials[:10]})
    assert alert.text.startswith(f"10 phones of host test were lost at {at}: p00, p01")
    assert phone(ledger, "p09").why == (
        f"lost together with 9 others at {at}: check the hub, its cable and its power supply"
    )
    assert phone(ledger, "p10").why == "unplugged"
    assert phone(ledger, "p11").state == "online"


def test_a_hub_that_is_lost_again_is_told_again_and_half_of_it_back_is_no_news(ledger: Engine) -> None:
    serials = [f"p{number:02}" for number in range(10)]
    for serial in serials:
        online_worker(ledger, serial)
    lose(ledger, serials, 60)
    assert report_hubs(ledger, ZONE) == 1
    for serial in serials[:4]:
        online_worker(ledger, serial)
    assert report_hubs(ledger, ZONE) == 0
    for serial in serials:
        online_worker(ledger, serial)
        assert phone(ledger, serial).why is None
    lose(ledger, serials, 30)
    assert report_hubs(ledger, ZONE) == 1
    assert len(alerts(ledger)) == 2


def test_a_host_that_was_stopped_is_no_hub(ledger: Engine) -> None:
    serials = [f"p{number:02}" for number in range(10)]
    for serial in serials:
        online_worker(ledger, serial)
    lose(ledger, serials, 60, HOST_STOPPED)
    assert report_hubs(ledger, ZONE) == 0
    whys = read(ledger, lambda session: set(session.scalars(select(Phone.why))))
    assert whys == {HOST_STOPPED}
