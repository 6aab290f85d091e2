"""The result of one check of `phonefleet doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. If it is not `needed`, phonefleet works without it."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True
