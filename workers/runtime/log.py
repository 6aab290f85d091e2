"""Sends the log of workers, hosts and coordinators to standard error, one line for each message."""

from __future__ import annotations

import logging
import os
import sys

from models.database.terminal_safe import on_one_line
from workers.runtime.broker import BROKER_ERRORS

FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"


class _OneLine(logging.Formatter):
    """Keeps a message on one line, because it may hold text of apps and customers. A traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return on_one_line(super().formatMessage(record))


class _NoBrokerErrors(logging.Filter):
    """Drops the lines of Celery, kombu and redis-py about a failing broker: workers.runtime.broker logs it once."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(("celery", "kombu", "redis")):
            return True
        cause = record.exc_info[1] if record.exc_info else None
        told = (cause, *record.args) if isinstance(record.args, tuple) else (cause,)
        return not any(isinstance(one, BROKER_ERRORS) for one in told)


def set_up_logging() -> None:
    """Logs to standard error, from the level in PHONEFLEET_LOG (default INFO) up."""
    level = logging.getLevelNamesMapping().get(os.environ.get("PHONEFLEET_LOG", "INFO").upper(), logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(FORMAT))
    handler.addFilter(_NoBrokerErrors())
    logging.basicConfig(level=level, handlers=[handler])
    for talkative in ("alembic", "kombu", "amqp", "adbutils", "uiautomator2", "urllib3"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    logging.getLogger("celery.worker.consumer.connection").setLevel(logging.WARNING)  # a line for each connection
