"""Evidence as a worker would hand it over, without a phone."""

from __future__ import annotations

import uuid
from typing import Any

from workers.evidence.bundle import Case, Evidence

JPEG = b"\xff\xd8\xff not a real picture \xff\xd9"
TREE = '<hierarchy rotation="0"/>'
COLLECTED_AT = "2025-03-01T08:00:00.000+00:00"


def case(**changed: Any) -> Case:
    """A failed attempt at a task of its own."""
    given: dict[str, Any] = {
        "task_id": str(uuid.uuid4()),
        "attempt": 2,
        "campaign_id": str(uuid.uuid4()),
        "flow": "collect_titles",
        "host": "shelf",
        "phone": "SIM0001",
        "account": "acc0001",
        "code": "page_drift",
        "reason": "no page of the profile fits the screen",
        "step": "search",
    }
    return Case(**(given | changed))


def evidence(task_id: str | None = None, attempt: int = 1) -> Evidence:
    """Evidence with all three files."""
    name = task_id or str(uuid.uuid4())
    facts = {"task_id": name, "attempt": attempt, "collected_at": COLLECTED_AT, "host": "shelf", "page": "feed"}
    return Evidence(name, attempt, facts, JPEG, TREE)
