"""Parses the network and the focused window from Android's `dumpsys`. Pure."""

from __future__ import annotations

import re
from typing import Any

from workers.phone.readings import Unreadable

MOST_LINE = 300  # characters kept of a line: a network agent's line has thousands

_ACTIVE = re.compile(r"Active default network: (\w+)")
_TRANSPORTS = re.compile(r"Transports: ([A-Z_|]+)")
# "u0" is the user; a dialog's window has a title instead of package/activity, then the focused app tells
_FOCUS = (
    re.compile(r"mCurrentFocus=Window\{\S+ \S+ (?P<package>[\w.]+)/(?P<activity>[\w.$]+)\}"),
    re.compile(r"mFocusedApp=.*?(?P<package>[\w.]+)/(?P<activity>[\w.$]+)"),
)
_WINDOW = re.compile(r"mCurrentFocus=(.*)")


def read_network(output: str) -> dict[str, Any]:
    """Parses the default network from `dumpsys connectivity`: its number or None, its transports, and whether Android
    reached the Internet through it. Raises Unreadable."""
    active = _ACTIVE.search(output)
    if active is None:
        raise Unreadable("dumpsys connectivity names no default network")
    if not active[1].isdigit():
        return {"active": None, "transports": [], "validated": False, "line": ""}
    agents = (line.strip() for line in output.splitlines() if f"network{{{active[1]}}}" in line)
    line = next((line for line in agents if "Transports:" in line), "")
    transports = _TRANSPORTS.search(line)
    return {
        "active": int(active[1]),
        "transports": transports[1].split("|") if transports else [],
        "validated": "VALIDATED" in re.split(r"[\s&]+", line),
        "line": line[:MOST_LINE],
    }


def read_focus(output: str) -> dict[str, str]:
    """Parses the package, activity and window in front from `dumpsys window`. Raises Unreadable."""
    window = _WINDOW.search(output)
    for pattern in _FOCUS:
        found = pattern.search(output)
        if found is not None:
            return {**found.groupdict(), "window": window[1].strip()[:MOST_LINE] if window else ""}
    raise Unreadable("dumpsys window names no focused window")
