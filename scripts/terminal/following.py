"""Follows a campaign to its end: with a live table in a terminal, with plain lines elsewhere."""

from __future__ import annotations

import time
from dataclasses import replace

from rich.console import Console, Group
from rich.live import Live

from scripts.terminal.progress_table import progress_table
from scripts.terminal.show import plain, say
from scripts.terminal.standstill import standstill
from scripts.terminal.words import INTERRUPTED
from workers.planting.handle import Handle, NotEnded

_LINE_EVERY = 5.0  # seconds between plain lines


def follow(handle: Handle, console: Console, timeout: float) -> str:
    """Shows a campaign until it ends. Returns its outcome. Raises NotEnded after `timeout` seconds."""
    began = time.monotonic()
    if not console.is_terminal:
        return _follow_in_lines(handle, console, timeout)
    last = handle.progress()
    with Live(progress_table(last, 0.0), console=console, refresh_per_second=4) as live:
        while last.outcome is None:
            for last in handle.follow(timeout - (time.monotonic() - began)):
                table = progress_table(last, time.monotonic() - began)
                live.update(table if last.why is None else Group(table, plain(standstill(last.why))))
    return last.outcome


def _follow_in_lines(handle: Handle, console: Console, timeout: float) -> str:
    began, said, why = time.monotonic(), -_LINE_EVERY, ""
    for progress in handle.follow(timeout):
        seconds = time.monotonic() - began
        if progress.outcome is not None or seconds - said >= _LINE_EVERY:
            said = seconds
            say(console, f"{seconds:6.1f} s  {replace(progress, why=None)}")
        before, why = why, "" if progress.why is None else standstill(progress.why)
        if why not in ("", before):
            say(console, why)
        if progress.outcome is not None:
            return progress.outcome
    raise NotEnded(f"campaign {handle.id} has not ended")


def follow_to_the_end(handle: Handle, console: Console, timeout: float) -> int:
    """Follows a campaign and prints its outcome. Returns 0 when it succeeded, 130 after Ctrl-C, else 1."""
    try:
        outcome = follow(handle, console, timeout)
    except KeyboardInterrupt:
        say(console, f"not followed any more; it goes on: phonefleet status {handle.id[:8]}")
        return INTERRUPTED
    except NotEnded:
        say(console, f"not ended after {timeout:g} s; it goes on: phonefleet status {handle.id[:8]}")
        return 1
    if outcome == "succeeded":
        say(console, f"campaign {handle.id}: {outcome}")
        return 0
    say(console, f"campaign {handle.id}: {outcome}; why, and what to do: phonefleet status {handle.id[:8]}")
    return 1
