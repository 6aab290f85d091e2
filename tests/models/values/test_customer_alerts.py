"""An alert that a customer reads names nobody, no machine, and no account or phone but the one that it is about."""

from __future__ import annotations

import pytest

from models.notify.alerts import KINDS
from models.values.customer_alerts import NOTHING_TO_DO, OF_THE_OPERATOR, OF_WATCHES, WHOLE, for_customers

# kind, subject, the operator's text → the customer's subject and text
SAID = {
    ("phone_released", "phone:p1", "phone p1 was released by lena and works again"): (
        "phone:p1",
        "phone p1 is released from quarantine and works again",
    ),
    ("phone_quarantined", "phone:p1", "phone p1 is in quarantine for 20 s: 3 tasks of acme failed: lena's"): (
        "phone:p1",
        "phone p1 is in quarantine for 20 s",
    ),
    ("phone_quarantined", "phone:p1", "lena put it there"): ("phone:p1", "phone p1 is in quarantine"),
    ("logged_out", "phone:p1", "no account is logged in on phone p1, which takes no work: secret went to p2"): (
        "phone:p1",
        "no account is logged in on phone p1, which takes no work",
    ),
    ("account_rests", "account:a1", "account a1 rests: verification_page: secret's video"): (
        "account:a1",
        "account a1 rests until a person has looked at it",
    ),
    ("account_twice", "account:a1", "account a1 is logged in on p7 and on p8: only p7 works"): (
        "account:a1",
        "account a1 is logged in on more than one phone, and works on one of them",
    ),
    (
        "equal_serials",
        "phone:x@secret",
        "hosts secret and shelf-2 each have a phone with serial x: 10.0.0.7",
    ): (
        "phone",
        "several phones have one serial, and not all of them work",
    ),
    (
        "page_drift",
        "page:video@8.0",
        "page video of the app, version 8, is not as its profile has it (phone p9): secret",
    ): (
        "page:video@8.0",
        "page video of the app, version 8, is not as its profile has it",
    ),
    ("page_drift", "sandbox-page:video@8.0", "lena"): (
        "sandbox-page:video@8.0",
        "a page of the app is not as its profile has it",
    ),
    ("hub_lost", "host:secret", "4 phones of host secret were lost at 10:00:00: p7, p8, p9, p10"): (
        "host",
        "4 phones were lost at one moment",
    ),
    ("ledger_away", "ledger", "the ledger was away for 40 s: no answer from secret.example"): (
        "ledger",
        "the fleet's ledger was away for a while: nothing was lost",
    ),
    ("broker_away", "redis:secret", "host secret is cut off from 10.0.0.7:6379, and its phones take no work"): (
        "redis",
        "nothing new begins for now, and what runs goes on",
    ),
    (
        "adb_full",
        "host:secret",
        "at least 4 phones of host secret are not connected, and take no work: its",
    ): (
        "host",
        "some phones are not connected, and take no work",
    ),
    ("part_ended", "part:gateway@secret", "gateway on host secret ended by signal 9; phonefleet up starts it again"): (
        "part",
        "a part of the fleet ended by itself, and is started again",
    ),
    ("of tomorrow", "rack:secret", "lena broke it"): ("rack", "the operator was told of something"),
}
HIDDEN = ("lena", "secret", "acme", "p7", "p8", "p9", "10.0.0.7")


@pytest.mark.parametrize(("alert", "told"), SAID.items(), ids=lambda one: one[0] if len(one) == 3 else "")
def test_what_is_the_operators_is_left_out(alert: tuple[str, str, str], told: tuple[str, str]) -> None:
    found = for_customers(*alert, "lena looks at host secret", {"phones": ["p7", "p8"]})
    assert (found.subject, found.text) == told
    assert (found.remedy, found.details) == (NOTHING_TO_DO, None)
    assert not [word for word in HIDDEN if word in f"{found.subject} {found.text}"]


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_what_is_the_customers_stays(kind: str) -> None:
    found = for_customers(kind, "task:1", "its text", "its remedy", {"tasks_held": 3})
    assert (found.subject, found.text, found.remedy, found.details) == (
        "task:1",
        "its text",
        "its remedy",
        {"tasks_held": 3},
    )


def test_every_kind_of_alert_has_its_words() -> None:
    known = WHOLE | {kind for kind, *_ in SAID}
    assert (known - {"of tomorrow"}) | {*OF_WATCHES, *OF_THE_OPERATOR} == set(KINDS)


def test_a_watch_tells_its_customer_what_it_found_and_not_why_phones_failed() -> None:
    told = "刹车: 9 new comments count"
    found = for_customers("watch_matched", "watch:7", told, "`phonefleet watch show 刹车`", {"count": 9})
    assert (found.subject, found.text, found.details) == ("watch:7", told, {"count": 9})
    blind = for_customers("watch_blind", "watch:7", "刹车: 3 looks in a row failed, the last: p7", "look at p7")
    assert (blind.subject, blind.text) == ("watch:7", "a watch could not look several times in a row")
    for one in (found, blind):
        assert "/v1/watches/7" in one.remedy
        assert "phonefleet" not in one.remedy
