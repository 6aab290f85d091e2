"""The log of a process: one line for each message on standard error, as JSON or, on a terminal, as text.

docs/logs.md lists the fields. docs/decisions/logs.md says why the lines are not made by structlog.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from pythonjsonlogger.json import JsonFormatter

from models.database.terminal_safe import on_one_line
from workers.runtime.broker import BROKER_ERRORS
from workers.runtime.log_context import FIELDS, log_context
from workers.settings import Settings

OURS = "phonefleet"  # the names of our loggers begin so
FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"
TALKATIVE = ("alembic", "kombu", "amqp", "adbutils", "uiautomator2", "urllib3")


class _Text(logging.Formatter):
    """Keeps a message on one line, because it may hold text of apps and customers. A traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        fields = " ".join(f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        return on_one_line(super().formatMessage(record) + (fields and f" [{fields}]"))


class _Json(JsonFormatter):
    """Writes one JSON object a line; a traceback stands in its field `exc_info`."""

    def __init__(self, part: str, host: str) -> None:
        super().__init__(
            ["levelname", "name", "process", "message"],
            rename_fields={"levelname": "level", "name": "logger", "process": "pid"},
            static_fields={"part": part, "host": host},
            timestamp="time",
            json_ensure_ascii=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        data = getattr(record, "data", None)
        if isinstance(data, Mapping) and "traceback" in data:
            # Celery's, also of a ticket that was put down on purpose; that of a defect is in `exc_info`
            record.data = {name: value for name, value in data.items() if name != "traceback"}
        # JSON escapes line breaks and most controls; those that it lets stand could still steer a terminal
        return on_one_line(super().format(record))


class _NoBrokerErrors(logging.Filter):
    """Drops the lines of Celery, kombu and redis-py about a failing broker: workers.runtime.broker logs it once."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(("celery", "kombu", "redis")):
            return True
        cause = record.exc_info[1] if record.exc_info else None
        told = (cause, *record.args) if isinstance(record.args, tuple) else (cause,)
        return not any(isinstance(one, BROKER_ERRORS) for one in told)


class _Context(logging.Filter):
    """Adds what the process works on, and drops lines below the level of the flow that runs."""

    def __init__(self, level: int, flows: Mapping[str, int]) -> None:
        super().__init__()
        self._level, self._flows = level, flows

    def filter(self, record: logging.LogRecord) -> bool:
        context = log_context()
        level = self._flows.get(str(context.get("flow")), self._level) if record.name.startswith(OURS) else self._level
        if record.levelno < level:
            return False
        record.__dict__.update(context)
        return True


def set_up_logging(config: Settings, part: str) -> None:
    """Sends the log to standard error, from the levels of the settings up; `part` names this process in each line."""
    handler = logging.StreamHandler(sys.stderr)
    as_text = config.log_format == "text" or (config.log_format == "auto" and sys.stderr.isatty())
    handler.setFormatter(_Text(FORMAT) if as_text else _Json(part, config.host))
    handler.addFilter(_NoBrokerErrors())
    handler.addFilter(_Context(config.log_level, config.log_flows))
    logging.basicConfig(level=config.log_level, handlers=[handler])
    logging.getLogger(OURS).setLevel(min(config.log_level, *config.log_flows.values(), config.log_level))
    for talkative in TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)
    logging.getLogger("celery.worker.consumer.connection").setLevel(logging.WARNING)  # a line for each connection
