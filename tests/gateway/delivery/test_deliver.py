"""Callbacks leave sealed and signed, arrive whatever happened on the way, and go nowhere else."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from Crypto.Cipher import AES
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from gateway.client.verify import verify
from gateway.delivery.lane_task import serve
from gateway.delivery.send import DeliverySettings
from gateway.keys.api_keys import change_key, revoke_key, rotate_key
from gateway.protocol.seal import TAG_BYTES
from models.database.clock import database_now
from models.notify.breakers import OPENS_AFTER, enable
from models.notify.delivery_log import (
    KEPT,
    Which,
    find_delivery,
    forget_deliveries,
    list_deliveries,
    tries_of,
)
from models.notify.replays import replay_all, replay_one
from models.tables import Delivery, Endpoint, Lane
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.gateway.customers import (
    Customer,
    customer,
    deliveries,
    delivery,
    delivery_settings,
    endpoint,
    lane,
    make_due,
)
from tests.support.gateway.receiver import Receiver, Reply
from workers.settings import settings


@pytest.fixture(autouse=True)
def _with_master_key(master_key: str) -> None:
    """Customers have keys."""


@pytest.fixture
def acme(ledger: Engine, receiver: Receiver) -> Customer:
    """A customer whose endpoint is the receiver."""
    return customer(ledger, receiver.origin)


def deliver_all(engine: Engine, how: DeliverySettings | None = None) -> int:
    """One turn: what is due is tried until nothing is."""
    return serve(engine, lane(engine), how or delivery_settings(), turn=600.0)


def failing(times: int, status: int = 500, **headers: str) -> Any:
    """Answers with a status so many times, then well."""
    left: Iterator[Reply] = iter([Reply(status, headers)] * times)
    return lambda _: next(left, Reply())


def test_a_callback_is_verified_and_opened_by_libraries_that_are_not_ours(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    (one,) = acme.owe()
    assert deliver_all(ledger) == 1
    (request,) = receiver.requests
    seal_key, signing_secret = acme.secret.texts()
    envelope = Webhook(signing_secret).verify(request.body, dict(request.headers))
    resource = envelope["resource"]
    cipher = AES.new(base64.b64decode(seal_key), AES.MODE_GCM, nonce=resource["nonce"].encode())
    cipher.update(resource["associated_data"].encode())
    sealed = base64.b64decode(resource["ciphertext"])
    plain = cipher.decrypt_and_verify(sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
    row = delivery(ledger, one)
    assert json.loads(plain) == row.payload
    assert (request.id, envelope["id"], envelope["event_type"]) == (one, one, "task.succeeded")
    assert request.headers["content-type"] == "application/json"
    assert (row.state, row.attempts, row.last_status) == ("delivered", 1, 204)
    event = verify(request.headers, request.body, acme.secret)
    assert (event.id, event.data) == (one, row.payload)


def test_while_a_key_is_rotated_each_secret_verifies_and_the_older_opens(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    newer = rotate_key(ledger, acme.key_id, who="lena")
    acme.owe()
    deliver_all(ledger)
    (request,) = receiver.requests
    for secret in (acme.secret, newer):
        Webhook(secret.texts()[1]).verify(request.body, dict(request.headers))
    assert verify(request.headers, request.body, acme.secret).type == "task.succeeded"
    assert verify(request.headers, request.body, [newer, acme.secret]).type == "task.succeeded"


def test_a_receiver_that_fails_three_times_gets_it_with_one_id(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    receiver.answer = failing(3)
    (one,) = acme.owe()
    assert deliver_all(ledger) == 4
    assert receiver.ids() == [one] * 4
    signatures = {request.headers["webhook-signature"] for request in receiver.requests}
    assert len(signatures) == 4  # a nonce of its own for each try
    row = delivery(ledger, one)
    assert (row.state, row.attempts) == ("delivered", 4)
    statuses = [one.status for one in read(ledger, lambda session: tries_of(session, row))]
    assert statuses == [500, 500, 500, 204]


def test_when_the_schedule_is_used_up_it_has_failed_and_says_why(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    receiver.answer = failing(99, 503)
    (one,) = acme.owe()
    deliver_all(ledger, delivery_settings(schedule=(0.0, 0.0)))
    row = delivery(ledger, one)
    assert (row.state, row.attempts, row.last_status, row.last_error) == ("failed", 3, 503, "http_503")


def test_with_the_standard_schedule_the_next_try_is_not_before_its_time(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    receiver.answer = failing(1)
    (one,) = acme.owe()
    assert deliver_all(ledger, delivery_settings(schedule=settings().delivery_schedule)) == 1
    row = delivery(ledger, one)
    (last,) = read(ledger, lambda session: tries_of(session, row))
    waits = (row.next_at - last.started_at).total_seconds() - last.seconds
    assert 5 <= round(waits, 3) <= 6


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_the_receiver_asks_for_holds_for_all_that_goes_there(
    ledger: Engine, acme: Customer, receiver: Receiver, status: int
) -> None:
    receiver.answer = failing(1, status, **{"Retry-After": "600"})
    acme.owe(3)
    assert deliver_all(ledger) == 1
    row = deliveries(ledger)[0]
    assert (row.next_at - row.created_at).total_seconds() > 500
    make_due(ledger)
    assert deliver_all(ledger) == 3
    assert {one.state for one in deliveries(ledger)} == {"delivered"}


def test_gone_is_gone_until_a_person_enables_it_and_what_was_missed_can_be_replayed(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    receiver.answer = failing(1, 410)
    ids = acme.owe(3)
    assert deliver_all(ledger) == 1
    assert [one.state for one in deliveries(ledger)] == ["disabled"] * 3
    with pytest.raises(Refused, match="said that it is gone"):
        replay_one(ledger, ids[0], who="lena")
    row = endpoint(ledger)
    write(ledger, lambda session: enable(session, [row.id]))
    assert replay_all(ledger, Which(key_id=acme.key_id), who="lena") == 3
    deliver_all(ledger)
    assert receiver.ids() == [ids[0], *ids]


def test_a_dead_endpoint_is_asked_less_and_comes_back_by_one_probe(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    patient = delivery_settings(schedule=(3600.0,) * 20)
    receiver.answer = failing(OPENS_AFTER + 1)
    acme.owe(20)
    assert deliver_all(ledger, patient) == OPENS_AFTER
    make_due(ledger)
    assert deliver_all(ledger, patient) == 1  # the probe, which failed
    make_due(ledger)
    assert deliver_all(ledger, patient) == 20
    assert {one.state for one in deliveries(ledger)} == {"delivered"}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/", "http://[::1]:{port}/"]
)
def test_without_the_operators_word_nothing_goes_to_this_machine(ledger: Engine, receiver: Receiver, url: str) -> None:
    origin = url.format(port=receiver.port).rstrip("/")
    acme = customer(ledger, origin)
    (one,) = acme.owe()
    deliver_all(ledger, delivery_settings(schedule=(3600.0,), networks=()))
    row = delivery(ledger, one)
    assert (row.state, row.last_status) == ("owed", None)
    assert row.last_error in ("address_refused", "name_not_resolved")
    assert receiver.requests == []


def test_a_redirect_to_somewhere_else_is_a_failure(ledger: Engine, acme: Customer, receiver: Receiver) -> None:
    with Receiver() as inside:
        receiver.answer = failing(1, 302, Location=f"{inside.origin}/latest/meta-data")
        (one,) = acme.owe()
        deliver_all(ledger, delivery_settings(schedule=(3600.0,)))
        assert inside.requests == []
    row = delivery(ledger, one)
    assert (row.state, row.last_error) == ("owed", "redirected")


def test_an_address_that_is_allowed_no_more_gets_nothing(ledger: Engine, acme: Customer, receiver: Receiver) -> None:
    (one,) = acme.owe()
    change_key(ledger, acme.key_id, who="lena", allowlist=["https://hooks.example.com"])
    deliver_all(ledger)
    row = delivery(ledger, one)
    assert (row.state, row.last_error, receiver.requests) == ("failed", "address_not_allowed", [])


def test_a_key_that_is_revoked_gets_nothing(ledger: Engine, acme: Customer, receiver: Receiver) -> None:
    acme.owe()
    revoke_key(ledger, acme.key_id, who="lena")
    (one,) = acme.owe()  # an event that came about after that
    deliver_all(ledger)
    row = delivery(ledger, one)
    assert (row.state, row.last_error, receiver.requests) == ("failed", "key_revoked", [])


def test_another_master_key_is_a_failure_that_says_so_and_passes(
    ledger: Engine, acme: Customer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = acme.owe()
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    settings.cache_clear()
    deliver_all(ledger, delivery_settings(schedule=(3600.0,) * 3))
    assert delivery(ledger, one).last_error == "secret_unreadable"
    monkeypatch.undo()


def test_a_replay_keeps_ids_and_order_and_leaves_what_is_owed_alone(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    ids = acme.owe(4)
    deliver_all(ledger)
    (owed,) = acme.owe()
    start = deliveries(ledger)[1].created_at
    assert replay_one(ledger, owed, who="lena"), "it was owed, and still is"
    with pytest.raises(Refused, match="is unknown"):
        replay_one(ledger, ids[0], who="lena", key_id="key_of_another")
    assert not replay_one(ledger, ids[0], who="lena")
    assert replay_all(ledger, Which(since=start), who="lena") == 3
    deliver_all(ledger)
    assert receiver.ids()[:4] == ids
    assert sorted(receiver.ids()[4:]) == sorted([*ids, owed])
    assert [one for one in receiver.ids()[4:] if one in ids[1:]] == ids[1:]


def test_the_log_is_listed_page_by_page_and_by_what_is_asked(ledger: Engine, acme: Customer) -> None:
    ids = acme.owe(5)

    def pages(session: Session) -> list[str]:
        first = list_deliveries(session, Which(key_id=acme.key_id), most=3)
        second = list_deliveries(session, Which(key_id=acme.key_id, before=first[-1].number), most=3)
        assert list_deliveries(session, Which(key_id="another")) == []
        assert list_deliveries(session, Which(state="failed")) == []
        assert find_delivery(session, ids[0], "another") is None
        return [one.id for one in [*first, *second]]

    assert read(ledger, pages) == ids[::-1]


def test_old_deliveries_are_deleted_with_their_tries_but_nothing_that_is_owed(ledger: Engine, acme: Customer) -> None:
    acme.owe()
    deliver_all(ledger)
    (young,) = acme.owe()
    deliver_all(ledger)
    (owed,) = acme.owe()
    now = read(ledger, database_now)
    past = update(Delivery).where(Delivery.id != young).values(created_at=now - KEPT - timedelta(days=1))
    write(ledger, lambda session: session.execute(past))
    assert write(ledger, lambda session: forget_deliveries(session, now)) == 1
    assert [one.id for one in deliveries(ledger)] == [young, owed]


def test_endpoints_that_nothing_is_left_of_are_forgotten_but_for_those_that_are_gone(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    """Where an address names the task, each task has an endpoint."""
    receiver.answer = lambda request: Reply(410 if request.path.endswith("gone") else 204)
    for path in ("once", "twice", "gone"):
        acme.owe(url=f"{acme.url}/{path}")
    deliver_all(ledger)
    now = read(ledger, database_now)
    past = update(Delivery).values(created_at=now - KEPT - timedelta(days=1))
    write(ledger, lambda session: session.execute(past))
    acme.owe(url=f"{acme.url}/twice")
    assert write(ledger, lambda session: forget_deliveries(session, now)) == 3
    left = read(ledger, lambda session: sorted(session.scalars(select(Endpoint.address))))
    assert [address.rsplit("/", 1)[1] for address in left] == ["gone", "twice"]
    acme.owe(url=f"{acme.url}/once")
    deliver_all(ledger)
    assert [one.state for one in deliveries(ledger)] == ["delivered", "delivered"]


def test_what_the_receiver_says_is_kept_nowhere_and_no_secret_is_logged(
    ledger: Engine, acme: Customer, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answer = lambda _: Reply(500, {"X-Inside": "hostile-header"}, b"hostile-body")
    acme.owe()
    with caplog.at_level(logging.DEBUG):
        deliver_all(ledger)
    rows = read(ledger, lambda session: [vars(one) for one in session.scalars(select(Endpoint))])
    tried = read(ledger, lambda session: [vars(try_) for try_ in tries_of(session, deliveries(ledger)[0])])
    everything = f"{caplog.text} {[vars(one) for one in deliveries(ledger)]} {rows} {tried}"
    assert "try 1: http_500" in caplog.text
    for hidden in ("hostile", *acme.secret.texts(), acme.secret.seal_key.hex()):
        assert hidden not in everything


def test_the_time_in_the_signature_is_that_of_the_try(ledger: Engine, acme: Customer, receiver: Receiver) -> None:
    acme.owe()
    before = int(datetime.now(UTC).timestamp())
    deliver_all(ledger)
    after = int(datetime.now(UTC).timestamp())
    assert before <= int(receiver.requests[0].headers["webhook-timestamp"]) <= after


def test_one_that_waits_for_its_next_try_is_sent_now(ledger: Engine, acme: Customer, receiver: Receiver) -> None:
    replies = iter((Reply(503), Reply(503), Reply(204)))
    receiver.answer = lambda _: next(replies)
    (one,) = acme.owe()
    deliver_all(ledger, delivery_settings(schedule=(3600.0,) * 3))
    assert (delivery(ledger, one).state, len(receiver.ids())) == ("owed", 1)
    deliver_all(ledger, delivery_settings(schedule=(3600.0,) * 3))
    assert len(receiver.ids()) == 1, "its next try is an hour away"
    for tries in (2, 3):
        assert replay_one(ledger, one, who="lena")
        deliver_all(ledger, delivery_settings(schedule=(3600.0,) * 3))
        assert receiver.ids() == [one] * tries
    assert delivery(ledger, one).state == "delivered"


def test_it_is_sent_although_its_address_is_left_alone_and_what_comes_before_it_goes_first(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    ids = acme.owe(2, subject="task:same")
    later = read(ledger, database_now) + timedelta(hours=1)

    def pause(session: Session) -> None:
        session.execute(update(Delivery).values(next_at=later))
        session.execute(update(Endpoint).values(failures=9, paused_until=later))
        session.execute(update(Lane).values(failures=9, paused_until=later))

    write(ledger, pause)
    deliver_all(ledger)
    assert receiver.ids() == []
    assert replay_one(ledger, ids[1], who="lena")
    deliver_all(ledger)
    assert receiver.ids() == ids


def test_one_that_is_being_sent_is_not_sent_beside_itself(ledger: Engine, acme: Customer) -> None:
    (one,) = acme.owe()
    held = read(ledger, database_now) + timedelta(minutes=1)
    write(ledger, lambda s: s.execute(update(Delivery).values(claimed_by="somebody", next_at=held)))
    with pytest.raises(Refused, match="being sent at this moment"):
        replay_one(ledger, one, who="lena")
    assert delivery(ledger, one).claimed_by == "somebody"
