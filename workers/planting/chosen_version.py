"""The version of its flow's package with which a task is planted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChosenVersion:
    """The version of a task, and the phone on which a trial runs it; None: its own pins hold."""

    version: str
    trial_phone: str | None = None
