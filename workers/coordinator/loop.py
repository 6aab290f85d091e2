"""The coordinator's loop: takes the lead, then runs each janitor when it is due."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import FrameType
from uuid import uuid4

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import Engine

from models.database.engine import FLEET, connect
from models.history.records.fill import fill_records
from models.history.state_changes import number_changes
from models.tasks.texts.fill import fill_texts
from models.values.refused import Refused
from workers.attempts.rescue import rescue_expired
from workers.campaigns.complete import complete_due
from workers.campaigns.schedules.plant_scheduled import plant_scheduled
from workers.campaigns.watches.judge_looks import judge_looks
from workers.campaigns.watches.plant_looks import plant_looks
from workers.control.stop import end_stopped
from workers.coordinator.at_rest import Rest
from workers.coordinator.broker_alert import BrokerTeller
from workers.coordinator.campaign_control import carry_out_control
from workers.coordinator.caps_watch import wake_for_accounts
from workers.coordinator.close_campaigns import close_ended
from workers.coordinator.find_phones import find_phones
from workers.coordinator.flow_versions import keep_versions
from workers.coordinator.identify_accounts import identify_accounts, idle_again
from workers.coordinator.leader import lead, step_down
from workers.coordinator.lost_tickets import restore, restore_after_emptying
from workers.coordinator.overdue import end_overdue
from workers.coordinator.pauses_end import end_pauses
from workers.coordinator.prune import forget
from workers.coordinator.record_touches import record_touches
from workers.coordinator.retention import delete_old
from workers.coordinator.ring_lanes import ring_lanes
from workers.coordinator.silence import mark_silent_phones
from workers.coordinator.stale_tickets import sweep
from workers.coordinator.usb_hub_outage import report_hubs
from workers.dispatch.ring import explain_waits, ring, ring_round
from workers.dispatch.tickets import NotPublished
from workers.policy.looks import Looks
from workers.runtime.broker import Broker, BrokerWatch, broker
from workers.runtime.fleet_zone import agree_with_fleet
from workers.runtime.log import set_up_logging
from workers.runtime.outage import OUTAGE
from workers.runtime.private_files import keep_files_private
from workers.runtime.process_engine import adopt, process_engine
from workers.runtime.redis_client import redis_client
from workers.runtime.service_manager import service_manager
from workers.settings import SettingsError, settings

log = logging.getLogger("phonefleet.coordinator")

LEAD_SECONDS = 2.0
KEPT_AFTER = 0.4  # of the lead: more than half of it is left for a ledger that is slow to answer
REDIS_SECONDS = 2.0  # what it does not answer is asked again when the janitor is due; rescue must not wait for it


@dataclass(slots=True)
class Janitor:
    """A periodic job."""

    name: str
    every: float
    work: Callable[[], object]
    needs_redis: bool = False  # it does nothing but with it: while that is away it is not called
    again: bool = False  # when its work returns true, it is due again in the next round
    due: float = 0.0


def janitors(engine: Engine, redis: Redis, carrier: Broker) -> list[Janitor]:
    """Returns all janitors in the order in which they work."""
    in_hands: set[str] = set()
    could_act: set[str] = set()
    looked: dict[tuple[str, str], datetime] = {}
    looks = Looks()
    teller = BrokerTeller(engine, carrier, zone=settings().timezone)
    return [
        Janitor("rescue", 0.25, lambda: ring(engine, rescue_expired(engine))),
        Janitor("broker", 0.5, teller.tell),
        Janitor("silence", 2.0, lambda: mark_silent_phones(engine)),
        Janitor("caps", 2.0, lambda: wake_for_accounts(engine, could_act, settings().timezone)),
        Janitor("ring", 0.5, lambda: ring_round(engine), needs_redis=True, again=True),
        Janitor("waits", 2.0, lambda: explain_waits(engine)),
        Janitor("emptied", 0.5, lambda: restore_after_emptying(engine, redis), needs_redis=True),
        Janitor("restore", 1.0, lambda: restore(engine, redis, in_hands, look_at_all=False), needs_redis=True),
        Janitor("restore all", 30.0, lambda: restore(engine, redis, in_hands, look_at_all=True), needs_redis=True),
        Janitor("sweep", 1.0, lambda: sweep(engine, redis), needs_redis=True),
        Janitor("overdue", 2.0, lambda: ring(engine, end_overdue(engine))),
        Janitor("control", 0.25, lambda: carry_out_control(engine)),
        Janitor("pauses", 1.0, lambda: end_pauses(engine)),
        Janitor("stop", 1.0, lambda: end_stopped(engine)),
        Janitor("close", 2.0, lambda: close_ended(engine)),
        Janitor("watches", 1.0, lambda: ring(engine, plant_looks(engine, settings().timezone))),
        Janitor("schedules", 1.0, lambda: ring(engine, plant_scheduled(engine, settings().timezone))),
        Janitor("verdicts", 1.0, lambda: judge_looks(engine, settings().timezone)),
        Janitor("versions", 2.0, lambda: ring(engine, keep_versions(engine, looked))),
        Janitor("complete", 10.0, lambda: complete_due(engine)),
        Janitor("acquaint", 1.0, lambda: identify_accounts(engine, looks), needs_redis=True),
        Janitor("find", 3.0, lambda: find_phones(engine), needs_redis=True),
        Janitor("record", 0.5, lambda: record_touches(engine), needs_redis=True),
        Janitor("hub", 2.0, lambda: report_hubs(engine, settings().timezone)),
        Janitor("deliver", 0.25, lambda: ring_lanes(engine), needs_redis=True),
        Janitor("number", 0.25, lambda: number_changes(engine)),
        Janitor("records", 0.5, lambda: fill_records(engine)),
        Janitor("texts", 0.5, lambda: fill_texts(engine)),
        Janitor("forget", 60.0, lambda: forget(engine)),
        Janitor("retention", 30.0, lambda: delete_old(engine, settings())),
    ]


def work_round(jobs: list[Janitor], now: float, carrier: Broker, rest: Rest | None = None) -> None:
    """Runs every janitor that is due. One that fails runs again when it is due next.

    Janitors that need Redis are not called while it is away; they come first when it is back. Those that may `rest`
    stay due.
    """
    for job in jobs:
        if now < job.due or (job.needs_redis and not carrier.reachable):
            continue
        if rest is not None and rest.may_rest(job.name, now):
            continue
        job.due = now + job.every
        service_manager().pulse()  # a round while the ledger hangs may take a minute
        try:
            if job.work() and job.again:
                job.due = now
        except (RedisError, NotPublished) as error:
            carrier.failed(error)
        except Exception:
            log.exception("%s failed", job.name)


def run(stop: threading.Event) -> None:
    """Leads and works until `stop` is set."""
    engine, incarnation = process_engine(), str(uuid4())
    redis = redis_client(
        settings().redis_url,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), retries=0),
    )
    carrier = broker()
    watch = BrokerWatch(carrier)
    watch.start()
    jobs, rest = janitors(engine, redis, carrier), Rest(engine, idle_again())
    leads, until = False, 0.0
    service_manager().ready()
    while not stop.wait(0.1):
        service_manager().pulse()
        now = time.monotonic()
        if now >= until:
            leads, until = _keep_leading(engine, incarnation, leads), now + LEAD_SECONDS * KEPT_AFTER
        if leads:
            _look(rest, now)
            work_round(jobs, now, carrier, rest)
    service_manager().ending()
    watch.close()
    if leads:
        step_down(engine, incarnation)


def _look(rest: Rest, now: float) -> None:
    try:
        rest.look(now)
    except Exception:
        log.exception("could not ask the ledger what is due")


def _keep_leading(engine: Engine, incarnation: str, led: bool) -> bool:
    try:
        leads = lead(engine, incarnation, LEAD_SECONDS)
    except Exception as error:
        if OUTAGE.saw(error):
            log.warning("could not ask the ledger who leads: %s", getattr(error, "orig", error))
        else:
            log.exception("could not ask the ledger who leads")
        return False
    OUTAGE.over(engine)
    if leads and not led:
        log.info("leads")
    return leads


def main() -> int:
    """Runs a coordinator until SIGTERM or SIGINT. Returns the exit code: 2 for settings that cannot be used."""
    keep_files_private()
    try:
        set_up_logging(settings(), "coordinator")
        agree_with_fleet(settings())
    except (Refused, SettingsError) as refused:
        print(refused, file=sys.stderr)
        return 2
    adopt(connect(settings().database_url, FLEET))
    try:
        close_metrics = _serve_metrics()
    except OSError as error:
        print(
            f"PHONEFLEET_METRICS: {error.strerror}. Choose an address of this machine and a free port.", file=sys.stderr
        )
        return 2
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    try:
        run(stop)
    finally:
        close_metrics()
    return 0


def _serve_metrics() -> Callable[[], None]:
    """Serves metrics where the settings ask for them. Returns the function that ends it. Raises OSError."""
    if (at := settings().metrics) is None:
        return lambda: None
    from workers.coordinator.metrics import serve_metrics  # noqa: PLC0415  # memory that most coordinators need not

    return serve_metrics(process_engine(), broker(), *at)
