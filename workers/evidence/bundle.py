"""The parts of evidence: the case, the pieces, and the summary in the attempt's row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

FACTS = "evidence.json"
SCREENSHOT = "screenshot.jpg"
TREE = "ui.xml"
STRIP = tuple(f"step-{number:02}.webp" for number in range(1, 13))
RECORDING = "recording.mp4"
FILES = (
    *STRIP,
    RECORDING,
    SCREENSHOT,
    TREE,
    FACTS,
)  # in the order of storing: with the last one the bundle is complete
SUMMED_UP = ("host", "collected_at", "seconds", "page", "focus", "network", "battery", "app", "missing")


@dataclass(frozen=True, slots=True)
class Case:
    """The failed attempt: its id, its phone and its failure."""

    task_id: str
    attempt: int
    campaign_id: str
    flow: str
    host: str
    phone: str
    account: str | None
    code: str  # one of flows.failures.CODES
    reason: str
    step: str | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The collected pieces. `facts` is JSON; the screenshot is JPEG bytes, never decoded; the tree is XML text."""

    task_id: str
    attempt: int
    facts: dict[str, Any]
    screenshot: bytes | None
    tree: str | None
    more: Mapping[str, bytes] = field(default_factory=dict)  # further files by their names


@dataclass(frozen=True, slots=True)
class Bundle:
    """The name of one attempt's evidence, in the spool and in the storage."""

    task_id: str
    attempt: int

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9A-Za-z-]{1,36}", self.task_id) or self.attempt < 0:
            raise ValueError(f"{self.task_id!r}, attempt {self.attempt}, cannot name a folder")

    @property
    def path(self) -> str:
        """Returns its folder below the storage's root."""
        return f"{self.task_id}/{self.attempt}"


def newest_strip(flow: str, *, sandbox: bool) -> str:
    """Returns the path, below the storage's root, of the file that names the newest strip of a success of this flow."""
    return f"newest-strips/{hashlib.sha256(f'{sandbox:d} {flow}'.encode()).hexdigest()[:32]}.json"


def summary(facts: Mapping[str, Any], url: str, days: int, *, stored: bool | None, why: str = "") -> dict[str, Any]:
    """Returns the summary for `attempts.evidence`: the link, whether the files are stored, and the main facts.

    `stored` is None while the evidence is not shipped. `until` is when retention (`days`; 0: never) deletes it.
    """
    told: dict[str, Any] = {"url": url, "stored": stored}
    if why:
        told["why"] = why
    if days and "collected_at" in facts:
        told["until"] = (datetime.fromisoformat(facts["collected_at"]) + timedelta(days=days)).isoformat()
    return told | {name: facts[name] for name in SUMMED_UP if facts.get(name)}
