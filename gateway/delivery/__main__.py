"""`python -m gateway.delivery`: a delivery worker. Any number may run, on any machine that reaches the receivers."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

if __name__ == "__main__":
    gc.disable()  # until all of it is imported: see workers/runtime/garbage.py

from celery.signals import worker_ready, worker_shutting_down

from gateway.delivery.alert_teller import AlertTeller
from gateway.delivery.lane_task import senders
from gateway.keys.master_key import master_key
from gateway.keys.unopened import note_unopened
from models.values.refused import Refused
from workers.app import app
from workers.runtime.garbage import look_from_now_on
from workers.runtime.kept_queues import LOOK_SECONDS, lost_queues, take_back
from workers.runtime.log import set_up_logging
from workers.runtime.patient_consumer import PatientConsumer
from workers.runtime.private_files import keep_files_private
from workers.runtime.process_engine import process_engine
from workers.runtime.service_manager import PULSE_SECONDS, service_manager
from workers.runtime.worker_identity import DELIVERY_QUEUE
from workers.settings import SettingsError, settings

TICKETS_AT_ONCE = 4


def main() -> int:
    """Sends callbacks until SIGTERM or SIGINT; finishes those under way. Returns the exit status."""
    keep_files_private()
    try:
        set_up_logging(settings(), "deliver")
        master_key()
        note_unopened(process_engine(), refuse_all=True)
    except (Refused, SettingsError) as refused:
        print(refused, file=sys.stderr)
        return 2
    app.conf.update(imports=("gateway.delivery.lane_task",))  # this worker serves no flows
    worker = app.Worker(
        hostname=f"deliver-{os.getpid()}@{settings().host}",
        queues=[DELIVERY_QUEUE],
        consumer_cls=PatientConsumer,
        pool="threads",  # a ticket only starts senders, which are threads as well
        concurrency=TICKETS_AT_ONCE,
        without_gossip=True,
        without_mingle=True,
        heartbeat_interval=settings().heartbeat,
        quiet=True,
    )
    teller = AlertTeller(process_engine(), settings())
    teller.start()  # alerts go out while the broker is away, too: one may be about that
    worker_ready.connect(_at_work, weak=False)
    worker_shutting_down.connect(_end, weak=False)
    service_manager().ready()  # one whose broker is away serves as well: it waits
    worker.start()
    teller.end()
    senders().finish()
    teller.join()
    return int(worker.exitcode or 0)


def _end(**_: object) -> None:
    service_manager().ending()


def _at_work(sender: Any, **_: object) -> None:
    """Tells the service manager that the consumer's loop goes round; what it does while its broker is away, too.

    Takes the queue back when somebody cancels it, by Flower for instance.
    """
    service_manager().pulse()
    sender.timer.call_repeatedly(PULSE_SECONDS, service_manager().pulse)
    sender.timer.call_repeatedly(LOOK_SECONDS, lambda: take_back(sender, lost_queues(sender, [DELIVERY_QUEUE])))


if __name__ == "__main__":
    look_from_now_on()
    sys.exit(main())
