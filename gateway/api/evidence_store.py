"""Reads the evidence files of failed attempts from the storage of the hosts."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.problem import ApiProblem, unknown
from models.tables import Attempt, Task
from workers.evidence.bundle import FACTS, SCREENSHOT, TREE, Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import NotStored, Storage, StorageError

log = logging.getLogger("phonefleet.gateway")

MEDIA_TYPES: Mapping[str, str] = {SCREENSHOT: "image/jpeg", TREE: "application/xml", FACTS: "application/json"}


class EvidenceStore:
    """The storage that PHONEFLEET_EVIDENCE names; gateway and hosts must use the same one."""

    def __init__(self, setting: str) -> None:
        self._place = StorageLocation.of(setting)
        self._storage = Storage(self._place)

    def read(self, bundle: Bundle, name: str) -> bytes:
        """Reads one file. Raises ApiProblem: not_found when it is missing or deleted; unavailable."""
        try:
            return self._storage.get(self._place.path(bundle, name))
        except NotStored:
            raise unknown("evidence: it may still be on its way, or older than it is kept") from None
        except StorageError as error:
            log.warning("the evidence's storage does not answer: %s", error)
            detail = "the storage of evidence does not answer; try again in a moment"
            raise ApiProblem("unavailable", detail, headers={"retry-after": "30"}) from None


def bundle_of(session: Session, task: Task, number: int, name: str) -> Bundle:
    """Returns the location of an attempt's evidence. Raises ApiProblem (not_found)."""
    if name not in MEDIA_TYPES:
        raise ApiProblem("not_found", f"evidence has the files {', '.join(MEDIA_TYPES)}")
    attempt = session.scalars(select(Attempt).where(Attempt.task_id == task.id, Attempt.number == number)).one_or_none()
    if attempt is None or not isinstance(attempt.evidence, dict):
        raise unknown("evidence")
    return Bundle(task.id, number)
