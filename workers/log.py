"""Where log lines of workers, hosts and coordinators go: standard error, one line each."""

from __future__ import annotations

import logging
import os
import sys

FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"


def set_up_logging() -> None:
    """Log to standard error, from the level in PHONEFLEET_LOG (default INFO) up."""
    level = logging.getLevelNamesMapping().get(os.environ.get("PHONEFLEET_LOG", "INFO").upper(), logging.INFO)
    logging.basicConfig(stream=sys.stderr, level=level, format=FORMAT)
    for talkative in ("alembic", "kombu", "amqp", "adbutils", "uiautomator2", "urllib3"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
