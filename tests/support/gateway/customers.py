"""Customers with keys, and what is planted and owed for them."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery.canvas import Signature
from sqlalchemy import Engine, insert, inspect, select, update
from sqlalchemy.orm import Session

from gateway.delivery.send import DeliverySettings
from gateway.keys.api_keys import KeySpec, make_key
from gateway.protocol.seal import Secret
from models.database.base import new_id
from models.database.clock import database_now
from models.notify.deliveries import owe
from models.notify.events import Event
from models.tables import Campaign, Delivery, Endpoint, Lane, Task
from models.transactions.read_write import read, write
from tests.support.ledger.drive import compiled
from workers.planting.plant import plant_campaign

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass(frozen=True, slots=True)
class Customer:
    """A key and its secret, and where it is called back."""

    engine: Engine
    key_id: str
    secret: Secret
    url: str

    def plant(
        self,
        canvas: Signature,
        *,
        reference: str | None = None,
        url: str | None = "",
        join: str = "all",
        sandbox: bool = False,
    ) -> str:
        """Plant a canvas as this customer's; the campaign's id."""
        campaign_id, planted = new_id(), compiled(canvas, join)

        def work(session: Session) -> None:
            campaign = Campaign(
                id=campaign_id,
                name="test",
                asked_by="test",
                seed=1,
                join=join,
                key_id=self.key_id,
                reference=reference,
                callback_url=self.url if url == "" else url,
                sandbox=sandbox,
            )
            plant_campaign(session, campaign, planted, timedelta(hours=1))

        write(self.engine, work)
        return campaign_id

    def owe(self, count: int = 1, *, subject: str | None = None, url: str | None = None) -> list[str]:
        """Owe so many callbacks; their ids in order."""

        def work(session: Session) -> None:
            for _ in range(count):
                about = subject or f"task:{new_id()}"
                owe(
                    session,
                    self.key_id,
                    url or self.url,
                    Event("task.succeeded", about, {"task_id": about}),
                    database_now(session),
                )

        write(self.engine, work)
        return [one.id for one in deliveries(self.engine)][-count:]

    def owe_many(self, count: int) -> None:
        """Owe so many callbacks with little work: the first as the product does, the others as copies of its row."""
        (first,) = self.owe()
        own = {"number", "id", "subject", "payload"}

        def work(session: Session) -> None:
            row = session.scalars(select(Delivery).where(Delivery.id == first)).one()
            same = {one.key: getattr(row, one.key) for one in inspect(Delivery).column_attrs if one.key not in own}
            subjects = [f"task:{new_id()}" for _ in range(count - 1)]
            copies = [{**same, "id": new_id(), "subject": one, "payload": {"task_id": one}} for one in subjects]
            session.execute(insert(Delivery), copies)

        write(self.engine, work)


def customer(engine: Engine, origin: str, name: str = "acme", path: str = "/callbacks", **limits: Any) -> Customer:
    """A customer that may be called back at one origin."""
    key_id, secret = make_key(engine, KeySpec("test", name, allowlist=[origin], **limits), who="test")
    return Customer(engine, key_id, secret, origin + path)


def delivery_settings(
    schedule: Sequence[float] = (0.0, 0.0, 0.0), timeout: float = 10.0, networks: Any = LOOPBACK
) -> DeliverySettings:
    """Rules by which loopback may be called."""
    return DeliverySettings(timeout, schedule, networks, random.Random(1))


def deliveries(engine: Engine) -> list[Delivery]:
    """Every delivery, the first first."""
    return read(engine, lambda session: list(session.scalars(select(Delivery).order_by(Delivery.number))))


def delivery(engine: Engine, delivery_id: str) -> Delivery:
    """One as it stands now."""
    return read(engine, lambda session: session.scalars(select(Delivery).where(Delivery.id == delivery_id)).one())


def endpoint(engine: Engine) -> Endpoint:
    """The only endpoint that there is."""
    return read(engine, lambda session: session.scalars(select(Endpoint)).one())


def lane(engine: Engine) -> str:
    """The only lane that there is."""
    return read(engine, lambda session: session.scalars(select(Lane.id)).one())


def make_due(engine: Engine) -> None:
    """Time passes until everything that is owed is due, and every breaker may be tried."""

    def work(session: Session) -> None:
        now = database_now(session)
        session.execute(update(Delivery).where(Delivery.claimed_by.is_(None)).values(next_at=now))
        for table in (Endpoint, Lane):
            session.execute(update(table).where(table.paused_until.is_not(None)).values(paused_until=now))

    write(engine, work)


def task_of(engine: Engine, campaign_id: str) -> Task:
    """The only task of a campaign."""
    return read(engine, lambda session: session.scalars(select(Task).where(Task.campaign_id == campaign_id)).one())
