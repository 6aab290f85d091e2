"""Reads the evidence files of failed attempts from the storage of the hosts: in pieces, and a few at once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.problem import ApiProblem, unknown
from models.tables import Attempt, Task
from workers.evidence.bundle import FACTS, RECORDING, SCREENSHOT, STRIP, TREE, Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import NotStored, Storage, StorageError

log = logging.getLogger("phonefleet.gateway")

MEDIA_TYPES: Mapping[str, str] = {
    SCREENSHOT: "image/jpeg",
    TREE: "application/xml",
    FACTS: "application/json",
    RECORDING: "video/mp4",
    **dict.fromkeys(STRIP, "image/webp"),
}
AT_ONCE = 8
THREADS = 16  # for all keys; the storage may be slow, and other requests have threads of their own
PIECE_BYTES = 393_216  # divides by 3, so that the base64 of a piece needs no padding


class EvidenceStore:
    """The storage that PHONEFLEET_EVIDENCE names; gateway and hosts must use the same one.

    `at_once`: how many files one key may fetch at once.
    """

    def __init__(self, setting: str, at_once: int = AT_ONCE) -> None:
        self._place = StorageLocation.of(setting)
        self._storage = Storage(self._place)
        self._at_once = at_once
        self._under_way: Counter[str] = Counter()
        self._threads = CapacityLimiter(THREADS)

    @contextmanager
    def slot(self, key_id: str) -> Iterator[None]:
        """Holds one of the key's downloads. Raises ApiProblem: too_many_requests."""
        if self._under_way[key_id] >= self._at_once:
            detail = f"{self._at_once} files of evidence at once; wait for one of them"
            raise ApiProblem("too_many_requests", detail, headers={"retry-after": "1"})
        self._under_way[key_id] += 1
        try:
            yield
        finally:
            self._under_way[key_id] -= 1
            if not self._under_way[key_id]:
                del self._under_way[key_id]

    async def pieces(self, bundle: Bundle, name: str) -> AsyncIterator[bytes]:
        """Yields one file. Raises ApiProblem: not_found when it is missing or deleted; unavailable."""
        pieces = self._storage.pieces(self._place.path(bundle, name), PIECE_BYTES)
        try:
            while (piece := await run_sync(next, pieces, b"", limiter=self._threads)) != b"":
                yield piece
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
