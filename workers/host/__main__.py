"""`python -m workers.host`: serve the phones of this machine until SIGTERM or SIGINT; a second one kills."""

from __future__ import annotations

import gc
import os
import signal
import sys

if __name__ == "__main__":
    gc.disable()  # until all of it is imported: see workers/runtime/garbage.py

from models.database.engine import FLEET, connect
from models.values.refused import Refused
from workers.app import app
from workers.evidence.shipper_thread import Shipping
from workers.host.agent import Agent
from workers.host.agent_lock import SecondAgent, claim_adb_server
from workers.host.host_ledger import Ledger, SqlLedger
from workers.host.leases import patience_for
from workers.host.shelf_watch import ShelfPictureThread
from workers.host.usable_work import check_work
from workers.host.zygote_client import ZygoteLost
from workers.phone.ui_jar import JarRefused, check_jar
from workers.runtime.fleet_zone import agree_with_fleet
from workers.runtime.garbage import look_from_now_on
from workers.runtime.log import set_up_logging
from workers.runtime.private_files import keep_files_private
from workers.runtime.process_engine import adopt, process_engine
from workers.runtime.service_manager import service_manager
from workers.settings import Settings, SettingsError, settings

CLOSE_SECONDS = 45.0  # that an agent takes to end beside its drain, at most
SHIPPING_SECONDS = 5.0  # at the end; what is not shipped by then waits in the spool


def main(*, take_over: bool = False) -> int:
    """Runs the host agent. Returns the exit code: 0 after an orderly end, 2 for settings that cannot be used.

    With `take_over` an agent of this machine that serves the same adb server is asked to end, and waited for.

    1 when no zygote stays alive, or another agent serves these phones.
    """
    keep_files_private()
    service_manager()  # before any process is started, which would inherit its address
    try:
        chosen = settings()
        set_up_logging(chosen, "host")
        check_work(chosen, os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        check_jar()
    except JarRefused as error:
        print(error, file=sys.stderr)
        return 2
    try:
        agree_with_fleet(chosen)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    try:
        claim_adb_server(chosen.adb_port, chosen.drain + CLOSE_SECONDS if take_over else 0.0)
    except SecondAgent as error:
        print(error, file=sys.stderr)
        return 1
    adopt(connect(chosen.database_url, FLEET))
    shipping = Shipping(chosen, process_engine())
    shipping.start()
    pictures = ShelfPictureThread(chosen, process_engine())
    pictures.start()
    try:
        leases = connect(chosen.database_url, patience_for(chosen.lease))
        ledger = SqlLedger(
            chosen.host, process_engine(), leases, sandbox=chosen.sandbox, when_watched=pictures.note_watched
        )
        return serve(chosen, ledger)
    finally:
        pictures.close(SHIPPING_SECONDS)
        shipping.close(SHIPPING_SECONDS)


def serve(chosen: Settings, process_engine: Ledger) -> int:
    """Runs a host agent in this process's main thread until a signal ends it. Returns the exit code."""
    agent = Agent(chosen, process_engine, app)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.end())
    try:
        agent.run()
    except ZygoteLost as error:
        print(f"host {chosen.host} gives up: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    look_from_now_on()
    sys.exit(main())
