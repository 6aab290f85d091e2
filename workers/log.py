"""Where log lines of workers, hosts and coordinators go: standard error, one line each."""

from __future__ import annotations

import logging
import os
import sys

from models.visible import on_one_line

FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"


class _OneLine(logging.Formatter):
    """Messages hold what apps and customers wrote. A traceback, which follows, keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return on_one_line(super().formatMessage(record))


def set_up_logging() -> None:
    """Log to standard error, from the level in PHONEFLEET_LOG (default INFO) up."""
    level = logging.getLevelNamesMapping().get(os.environ.get("PHONEFLEET_LOG", "INFO").upper(), logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
    for talkative in ("alembic", "kombu", "amqp", "adbutils", "uiautomator2", "urllib3"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
