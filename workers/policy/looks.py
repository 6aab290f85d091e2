"""Whom to ask next who is logged in: of the phones of one host only so many at once. Decides without I/O.

A host that serves hundreds of phones has all of them asked after an outage of the coordinator. Each look computes on
the host, and writes into the ledger: all at once took so long that neither renewed a lease meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

AT_ONCE = 50  # phones of one host
EXPIRES = 3.0  # seconds after which a message that no worker took is void, and another is sent
GIVES_WAY = 10.0  # seconds after which a phone that did not tell lets others be asked before it is asked again


@dataclass(slots=True)
class _Asked:
    """Since when a phone is being asked, and when it was sent the last message."""

    since: float
    sent: float = -inf


class Looks:
    """Remembers who is being asked. Whoever leads next begins anew: a phone is then asked twice at most."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def due(self, waiting: Mapping[str, str], now: float) -> list[str]:
        """Returns the serials that are to be sent a message now. `waiting`: the host of each phone to be asked."""
        self._asked = {serial: asked for serial, asked in self._asked.items() if serial in waiting}
        hosts: dict[str, list[str]] = {}
        for serial, host in waiting.items():
            hosts.setdefault(host, []).append(serial)
        return [serial for serials in hosts.values() for serial in self._of_host(serials, now)]

    def _of_host(self, serials: list[str], now: float) -> list[str]:
        being = [one for one in serials if one in self._asked and now - self._asked[one].since < GIVES_WAY]
        others = sorted(set(serials).difference(being), key=self._longest_ago)[: max(0, AT_ONCE - len(being))]
        for serial in others:
            self._asked[serial] = _Asked(now, self._asked[serial].sent if serial in self._asked else -inf)
        due = [serial for serial in (*being, *others) if now - self._asked[serial].sent >= EXPIRES]
        for serial in due:
            self._asked[serial].sent = now
        return due

    def _longest_ago(self, serial: str) -> tuple[float, str]:
        asked = self._asked.get(serial)
        return (-inf if asked is None else asked.since), serial
