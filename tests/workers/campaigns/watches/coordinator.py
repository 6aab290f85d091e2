"""`python -m tests.workers.campaigns.watches.coordinator FOLDER`: the product's coordinator, by a clock of the test's.

FOLDER/now holds the moment for watches. While FOLDER/hold is there, the coordinator stands still inside the
transaction that plants looks, once their rows are written, and says so in FOLDER/held.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.transactions.insert_many import insert_many
from workers.campaigns.watches import plant_looks as planting
from workers.coordinator import loop

FOLDER = Path(sys.argv[1])
every_janitor = loop.janitors


def now(_session: Session) -> datetime:
    return datetime.fromisoformat((FOLDER / "now").read_text())


def insert_and_hold(session: Session, table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    insert_many(session, table, rows)
    if (FOLDER / "hold").exists():
        (FOLDER / "held").touch()
        threading.Event().wait(120)


def watches_alone(engine: Engine, *rest: Any) -> list[loop.Janitor]:
    """The janitor that plants looks, as it is but more often: rescue and others would only wait for the held ledger."""
    (one,) = [janitor for janitor in every_janitor(engine, *rest) if janitor.name == "watches"]
    one.every = 0.05
    return [one]


for module, name, stand_in in (
    (planting, "insert_many", insert_and_hold),
    (loop, "plant_looks", partial(planting.plant_looks, clock=now)),
    (loop, "janitors", watches_alone),
):
    setattr(module, name, stand_in)
sys.exit(loop.main())
