"""Desk tasks for the tests of the ledger, in one process (drive.py) and in workers that get real tickets."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.canvas.tasks import digest, refuse_to_work
from workers.desk import Desk
from workers.execution.register import desk_task


@desk_task
def work(_desk: Desk, *args: Any, **kwargs: Any) -> str:
    """A text that depends on every argument."""
    return digest(*args, **kwargs)


@desk_task
def note(_desk: Desk, *args: Any, **kwargs: Any) -> str:
    """The same, as an errback."""
    return digest(*args, **kwargs)


@desk_task
def fail(_desk: Desk, *_args: Any, **_kwargs: Any) -> None:
    """Fail for good."""
    refuse_to_work()


@desk_task
def echo(_desk: Desk, *args: Any) -> list[Any]:
    """The arguments as a list."""
    return list(args)


@desk_task
def hand_on(_desk: Desk, value: Any) -> Any:
    """The argument itself."""
    return value


@desk_task
def leave(_desk: Desk, how: str) -> None:
    """Raise what is no Exception, as a module does that parses arguments or cancels what it waits for."""
    raise {"exit": SystemExit(2), "interrupt": KeyboardInterrupt(), "cancel": asyncio.CancelledError()}[how]
