"""Exports in the background: the gateway starts a process that makes one at a time, and deletes old ones."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from types import FrameType

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.exports.folders import folder_of
from gateway.exports.ledger import Claimed, Lost, claim_next, claimable, failed, interrupted
from models.database.clock import database_now
from models.tables import Export
from models.transactions.read_write import read, write
from models.values.enums import ExportState
from workers.evidence.location import StorageLocation
from workers.runtime.linux import bound_to_me
from workers.runtime.outage import OUTAGE
from workers.settings import Settings, settings

log = logging.getLogger("phonefleet.exports")

DELETED_AT_ONCE = 10
LOOK_SECONDS = 2.0
DELETING_ROUNDS = 30
END_SECONDS = 10.0  # a step takes less
MASTER_KEYS = ("PHONEFLEET_MASTER_KEY", "PHONEFLEET_OLD_MASTER_KEY")
NICE = 10  # phones come first


class ExportsWatch(threading.Thread):
    """Starts a process that makes exports when one waits and none works for this gateway; deletes old workbooks."""

    def __init__(self, engine: Engine, config: Settings) -> None:
        super().__init__(name="exports", daemon=True)
        self._engine, self._config = engine, config
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        """Looks every two seconds, until `end`."""
        rounds = 0
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self.look()
                if rounds % DELETING_ROUNDS == 0:
                    delete_old(self._engine, self._config.exports, self._config.export_days)
            except Exception as error:
                if OUTAGE.saw(error):
                    log.warning("could not ask the ledger for exports: %s", getattr(error, "orig", error))
                else:
                    log.exception("could not look for exports")
            rounds += 1

    def look(self) -> None:
        """Looks once. The process that it starts ends with this one, and goes without the master key."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None and self._process.returncode:
            log.warning("the process that makes exports ended with %d", self._process.returncode)
        self._process = None
        if read(self._engine, _waits):
            command = bound_to_me(["nice", "-n", str(NICE), sys.executable, "-m", "gateway.exports"])
            env = {name: value for name, value in os.environ.items() if name not in MASTER_KEYS}
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=env)

    def end(self) -> None:
        """Ends the thread, and asks the process to end; a later one goes on with its export."""
        self._ended.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _waits(session: Session) -> bool:
    return session.scalar(select(Export.id).where(claimable(database_now(session))).limit(1)) is not None


def make_all(engine: Engine, config: Settings, stop: threading.Event) -> int:
    """Makes the exports that wait, one after the other. Returns how many it made."""
    made = 0
    while not stop.is_set():
        claimed = claim_next(engine)
        if claimed is None:
            break
        made += _make_one(engine, claimed, config, stop)
    return made


def _make_one(engine: Engine, claimed: Claimed, config: Settings, stop: threading.Event) -> bool:
    # xlsxwriter, for the process that makes exports alone: a gateway only starts it
    from gateway.exports.making import Interrupted, make  # noqa: PLC0415

    try:
        storage = StorageLocation.of(config.evidence)
        make(engine, claimed, config.exports, config.timezone, stopping=stop.is_set, storage=storage)
    except Lost:
        log.warning("export %s: another process makes it", claimed.id)
        return False
    except Interrupted:
        interrupted(engine, claimed)
        return False
    except SQLAlchemyError:
        raise  # its lease ends, and the next process goes on
    except OSError as error:
        log.exception("export %s failed", claimed.id)
        failed(engine, claimed, f"its files cannot be written: {error.strerror or error}")
        return False
    except Exception as error:
        log.exception("export %s failed", claimed.id)
        failed(engine, claimed, f"{type(error).__name__}; the log of the gateway says more")
        return False
    return True


def delete_old(engine: Engine, root: Path, days: int) -> int:
    """Deletes the files of exports that ended more than `days` ago (0: never), a few at once. Returns their number."""
    if not days:
        return 0

    def work(session: Session) -> list[str]:
        before = database_now(session) - timedelta(days=days)
        ended = Export.state.in_((ExportState.DONE, ExportState.FAILED)) & (Export.ended_at < before)
        left = (Export.state == ExportState.INTERRUPTED) & (Export.created_at < before)
        old = select(Export.id).where(ended | left).order_by(Export.created_at).limit(DELETED_AT_ONCE)
        found = list(session.scalars(old))
        session.execute(update(Export).where(Export.id.in_(found)).values(state=ExportState.DELETED))
        return found

    deleted = write(engine, work)
    for export_id in deleted:
        shutil.rmtree(folder_of(root, export_id), ignore_errors=True)
    return len(deleted)


def delete_finished(engine: Engine, root: Path) -> int:
    """Deletes every workbook that is made or was interrupted. Returns their number.

    For an erasure: a workbook cannot be changed, and may be asked for again.
    """
    ended = Export.state.in_((ExportState.DONE, ExportState.FAILED, ExportState.INTERRUPTED))

    def work(session: Session) -> list[str]:
        found = list(session.scalars(select(Export.id).where(ended)))
        session.execute(update(Export).where(Export.id.in_(found)).values(state=ExportState.DELETED))
        return found

    deleted = write(engine, work)
    for export_id in deleted:
        shutil.rmtree(folder_of(root, export_id), ignore_errors=True)
    return len(deleted)


def run(engine: Engine) -> int:
    """Makes the exports that wait, until there are none or SIGTERM. Returns the exit code."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    make_all(engine, settings(), stop)
    return 0
