"""`python -m tests.support.clocked_coordinator JANITOR FOLDER`: the product's coordinator, by a clock of the test's.

JANITOR is watches or schedules, and runs alone. FOLDER/now holds the moment for it. While FOLDER/hold is there, the
coordinator stands still inside the transaction that plants, once its rows are written, and says so in FOLDER/held.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.transactions.insert_many import insert_many
from workers.campaigns.schedules import plant_scheduled as scheduling
from workers.campaigns.watches import plant_looks as looking
from workers.coordinator import at_rest, loop
from workers.planting.plant import plant_campaign

JANITOR, FOLDER = sys.argv[1], Path(sys.argv[2])
every_janitor = loop.janitors


def now(_session: Session) -> datetime:
    return datetime.fromisoformat((FOLDER / "now").read_text())


def then_hold(writes: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the function with the pause after it."""

    def work(*args: Any) -> Any:
        written = writes(*args)
        if (FOLDER / "hold").exists():
            (FOLDER / "held").touch()
            threading.Event().wait(120)
        return written

    return work


def one_alone(engine: Engine, *rest: Any) -> list[loop.Janitor]:
    """The janitor as it is, but more often: rescue and others would only wait for the held ledger."""
    (one,) = [janitor for janitor in every_janitor(engine, *rest) if janitor.name == JANITOR]
    one.every = 0.05
    return [one]


STAND_INS: tuple[tuple[Any, str, Any], ...] = (
    (looking, "insert_many", then_hold(insert_many)),
    (scheduling, "plant_campaign", then_hold(plant_campaign)),
    (loop, "plant_looks", partial(looking.plant_looks, clock=now)),
    (loop, "plant_scheduled", partial(scheduling.plant_scheduled, clock=now)),
    (loop, "janitors", one_alone),
    (at_rest, "AS_ALWAYS", frozenset({JANITOR})),  # what is due is asked by the ledger's clock
)
for module, name, stand_in in STAND_INS:
    setattr(module, name, stand_in)
sys.exit(loop.main())
