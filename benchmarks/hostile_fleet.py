"""A whole fleet behind its gateway, new for each measurement, and the customer whose standard campaign is measured."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests
import yaml
from sqlalchemy import select

from gateway.client.client import Client
from gateway.client.errors import NoAnswer, Problem
from gateway.keys.api_keys import KeySpec, make_key
from models.responsible_use.authors import set_cap
from models.tables import Account, Delivery, Phone
from models.transactions.read_write import read
from scripts.demo.run import STANDARD_DAY, make_room
from scripts.local.embedded import free_port
from scripts.local.processes import DELIVERY, gateway
from tests.support.fleet import Fleet
from tests.support.gateway.receiver import Receiver
from tests.support.poll import wait_until
from tests.support.servers import MariaDB, Redis
from workers.campaigns.given_campaign import read_campaign_file
from workers.settings import settings

START_SECONDS = 60.0
CALLBACK_SECONDS = 120.0
EVERY = 0.5
ROOM = 100_000  # the attacks' own actions must not use up the caps of the accounts that both customers share


@dataclass(frozen=True, slots=True)
class AttackedFleet:
    """The fleet, its gateway's port, and the phones and accounts in it."""

    fleet: Fleet
    port: int
    serials: tuple[str, ...]
    accounts: tuple[str, ...]

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds until the standard campaign ended (infinite when it did not), its outcome, and its callbacks."""

    seconds: float
    state: str
    owed: int
    arrived: int
    refused: int  # answers of 429 and 503 to this customer
    errors: int  # answers of 500 and above, but 503, to this customer


@contextmanager
def attacked_fleet(phones: int, speed: float) -> Iterator[AttackedFleet]:
    """Start everything; all of it ends with the block."""
    with ExitStack() as stack:
        redis = stack.enter_context(Redis())
        url = stack.enter_context(stack.enter_context(MariaDB(durable=True)).database())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        keys = {
            "PHONEFLEET_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "PHONEFLEET_CALLBACK_NETWORKS": "127.0.0.0/8",
        }
        os.environ.update(keys, PHONEFLEET_DATABASE_URL=url)
        settings.cache_clear()
        fleet = Fleet(folder, url, redis.url, phones, speed=speed, PHONEFLEET_LOG="WARNING")
        fleet.processes.also(keys)
        stack.enter_context(fleet)
        make_room(fleet.engine, read_campaign_file(STANDARD_DAY), phones)
        set_cap(fleet.engine, "actions_per_account_day", ROOM, who="bench")
        fleet.processes.start(DELIVERY)
        port = free_port()
        fleet.processes.start(gateway(port))
        fleet.wait(lambda: _answers(port), START_SECONDS, "the gateway to answer")
        serials = read(fleet.engine, lambda session: tuple(session.scalars(select(Phone.serial))))
        accounts = read(fleet.engine, lambda session: tuple(session.scalars(select(Account.id))))
        yield AttackedFleet(fleet, port, serials, accounts)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/openapi.json", timeout=5).ok
    except requests.ConnectionError:
        return False


class Customer:
    """Submits the standard campaign over HTTP, asks for its state, and receives its callbacks."""

    def __init__(self, where: AttackedFleet, receiver: Receiver) -> None:
        self._where = where
        self._receiver = receiver
        self._key_id, secret = make_key(
            where.fleet.engine, KeySpec("standard", "measured", allowlist=[receiver.origin]), who="bench"
        )
        self._client = Client(where.url, self._key_id, secret)
        self._refused = self._errors = 0

    def run_campaign(self, longest: float) -> Measured:
        """Run it to its end, at most `longest` seconds, and wait for its callbacks."""
        began = time.monotonic()
        body = {"file": yaml.safe_load(STANDARD_DAY.read_text()), "callback_url": f"{self._receiver.origin}/in"}
        state, campaign_id = "not submitted", ""
        while time.monotonic() - began < longest and state not in ("succeeded", "failed", "stopped"):
            told = self._try(partial(self._ask, campaign_id, body))
            if told is not None:
                campaign_id, state = told["id"], told["state"]
            time.sleep(EVERY)
        ended = state in ("succeeded", "failed", "stopped")
        seconds = time.monotonic() - began if ended else float("inf")
        owed = self._all_owed(CALLBACK_SECONDS if ended else 0)
        arrived = len(set(self._receiver.ids()) & owed)
        return Measured(seconds, state, len(owed), arrived, self._refused, self._errors)

    def _ask(self, campaign_id: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Submit the campaign, or ask for its state once it has an id."""
        if campaign_id:
            return self._client.campaign(campaign_id).raw
        return self._client.call("POST", "/v1/campaigns", {"reference": "standard", **body})

    def _try(self, ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The answer; None when the gateway asked to wait, failed, or did not answer, which is counted."""
        try:
            return ask()
        except Problem as problem:
            if problem.status < 429:
                raise
            if problem.status in (429, 503):
                self._refused += 1
            else:
                self._errors += 1
        except NoAnswer:
            self._errors += 1
        return None

    def _all_owed(self, patience: float) -> set[str]:
        """The ids of the callbacks that this key is owed, once all of them arrived or the time is over."""
        deadline = time.monotonic() + patience

        def done() -> bool:
            owed = self._owed()
            return (bool(owed) and owed <= set(self._receiver.ids())) or time.monotonic() > deadline

        wait_until(done, patience + 30, "the callbacks", every=EVERY)
        return self._owed()

    def _owed(self) -> set[str]:
        mine = select(Delivery.id).where(Delivery.key_id == self._key_id)
        return set(read(self._where.fleet.engine, lambda session: session.scalars(mine).all()))
