"""Compares this process's time zone with the fleet's when the process starts."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from models.database.engine import FLEET, connect
from models.responsible_use.operator_zone import agree_on_zone
from workers.settings import Settings

log = logging.getLogger("phonefleet.zone")


def agree_with_fleet(config: Settings) -> None:
    """Records this process's time zone as the fleet's if there is none yet. Raises Refused if there is another one.

    A ledger that is away is no reason not to start: an action is declared by the fleet's zone, whatever the process's.
    """
    engine = connect(config.database_url, FLEET)
    try:
        agree_on_zone(engine, config.timezone.key)
    except SQLAlchemyError as error:
        log.warning("the time zone was not compared with the fleet's: %s", getattr(error, "orig", error))
    finally:
        engine.dispose()  # before any fork
