"""What the ledger must hold of a task that was struck, by the moment: the table that all cells are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.kills.moments import DESK, PHONE, Moment

DONE = ((1, "done"),)
DONE_LATER = ((2, "done"),)
NOT_THEN_DONE = ((1, "not_done"), (2, "done"))


@dataclass(frozen=True, slots=True)
class Expected:
    """The attempts by their outcomes, the actions as (attempt, outcome), the writes that were refused; all in order."""

    attempts: tuple[str, ...]
    actions: tuple[tuple[int, str], ...] = ()
    refused: tuple[str, ...] = ()
    reviewed: bool = False  # a person said what came of the act


@dataclass(frozen=True, slots=True)
class Table:
    """One row for each moment at a phone, and one for each at the desk."""

    phone: Mapping[Moment, Expected]
    desk: Mapping[Moment, Expected]


_ONCE = Expected(("succeeded",), DONE)
GREW = Expected(("delegated",))
GREW_AGAIN = Expected(("lost", "delegated"))
GREW_AGAIN_LATE_REFUSED = Expected(("lost", "delegated"), refused=("HandedBack",))

# Nothing is lost that a living worker holds.
UNHARMED = Table(dict.fromkeys(PHONE, _ONCE), dict.fromkeys(DESK, GREW))


def _table(phone: Mapping[Moment, Expected], desk: Mapping[Moment, Expected]) -> Table:
    """What differs from UNHARMED."""
    return Table({**UNHARMED.phone, **phone}, {**UNHARMED.desk, **desk})


# Before its point of no return an attempt is made again; after it what is in doubt is looked for on the
# app first, and only what is not there is done; what was recorded stays.
_AGAIN = ("lost", "succeeded")
KILLED = _table(
    {
        Moment.CLAIMED: Expected(_AGAIN, DONE_LATER),
        Moment.ACTING: Expected(_AGAIN, DONE_LATER),
        Moment.DECLARED: Expected(_AGAIN, NOT_THEN_DONE),
        Moment.TAPPED: Expected(_AGAIN, DONE),
        Moment.CONCLUDED: Expected(_AGAIN, DONE),
        Moment.OWING: Expected(_AGAIN, DONE),
        Moment.RECORDING: Expected(_AGAIN, DONE),
    },
    {
        Moment.CLAIMED: GREW_AGAIN,
        Moment.RECORDING: GREW_AGAIN,
    },
)

# As killed; but no app shows a report: a person says whether it happened, and only what did not is done.
_REVIEWED = ("lost", "failed", "succeeded")
KILLED_REPORTING = Table(
    {
        **KILLED.phone,
        Moment.DECLARED: Expected(_REVIEWED, ((1, "not_done"), (3, "done")), reviewed=True),
        Moment.TAPPED: Expected(_REVIEWED, DONE, reviewed=True),
    },
    KILLED.desk,
)

# As killed; but they wake when their leases are over, and whatever they then write is refused. What was
# written and not committed, the database itself threw away meanwhile.
FROZEN = _table(
    {
        Moment.CLAIMED: Expected(_AGAIN, DONE_LATER, ("HandedBack",)),
        Moment.ACTING: Expected(_AGAIN, DONE_LATER, ("lease ran out",)),
        Moment.DECLARED: Expected(_AGAIN, NOT_THEN_DONE, ("lease ran out",)),
        Moment.TAPPED: Expected(_AGAIN, DONE, ("lease ran out",)),
        Moment.CONCLUDED: Expected(_AGAIN, DONE, ("Succeeded",)),
        Moment.OWING: Expected(_AGAIN, DONE),
        Moment.RECORDING: Expected(_AGAIN, DONE),
    },
    {
        Moment.CLAIMED: GREW_AGAIN_LATE_REFUSED,
        Moment.RECORDING: GREW_AGAIN,
    },
)

# Asked for its task, a worker gives it back until the tap, and finishes it after that. A desk task is
# short, and is finished.
HANDED_BACK = _table(
    {
        Moment.RECEIVED: Expected(("handed_back", "succeeded"), DONE_LATER),
        Moment.CLAIMED: Expected(("handed_back", "succeeded"), DONE_LATER),
        Moment.ACTING: Expected(("handed_back", "succeeded"), NOT_THEN_DONE),
        Moment.DECLARED: Expected(("handed_back", "succeeded"), NOT_THEN_DONE),
    },
    {},
)

# A commit that nobody confirmed: a claim is given up, a declared action is looked for, and what
# can be found in the ledger is not written again.
ANSWER_LOST = _table(
    {
        Moment.CLAIMED: Expected(_AGAIN, DONE_LATER),
        Moment.DECLARED: Expected(("failed", "succeeded"), NOT_THEN_DONE),
    },
    {Moment.CLAIMED: GREW_AGAIN},
)
