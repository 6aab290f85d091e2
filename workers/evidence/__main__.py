"""`python -m workers.evidence ship` ships this machine's evidence until SIGTERM; `prune` deletes old evidence."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime

from workers.evidence.location import StorageLocation
from workers.evidence.prune import prune
from workers.evidence.shipper_thread import Shipping
from workers.evidence.storage import Storage, StorageError
from workers.runtime.log import set_up_logging
from workers.runtime.private_files import keep_files_private
from workers.runtime.process_engine import process_engine
from workers.settings import Settings, SettingsError, settings

USAGE = "usage: python -m workers.evidence ship | prune"
CLOSE_SECONDS = 30.0


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 when the work is done, 1 when the storage failed, 2 for bad settings or arguments."""
    keep_files_private()
    try:
        chosen = settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    set_up_logging(chosen, "evidence")
    if arguments == ["ship"]:
        return _ship(chosen)
    if arguments == ["prune"]:
        return _prune(chosen)
    print(USAGE, file=sys.stderr)
    return 2


def _ship(chosen: Settings) -> int:
    asked = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)  # before the thread, which inherits it
    shipping = Shipping(chosen, process_engine())
    shipping.start()
    signal.sigwait(asked)
    return 0 if shipping.close(CLOSE_SECONDS) else 1


def _prune(chosen: Settings) -> int:
    place = StorageLocation.of(chosen.evidence)
    try:
        deleted = prune(Storage(place), chosen.evidence_days, datetime.now(UTC))
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{deleted} bundles older than {chosen.evidence_days} days deleted from {place.root}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
