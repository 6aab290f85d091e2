"""Prunes evidence: it shows people's screens, and is deleted when its retention is over."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta

from workers.evidence.bundle import FILES
from workers.evidence.storage import Storage

MOST_A_RUN = 5000  # bundles; the next run continues

# Only what phonefleet itself stored: the bucket may hold other things.
_OURS = re.compile(rf"([0-9A-Za-z-]{{1,36}}/\d{{1,9}})/({'|'.join(map(re.escape, FILES))})")


def prune(storage: Storage, days: int, now: datetime) -> int:
    """Deletes bundles whose newest file is older than `days` at `now`; with 0 days, none. Returns the number deleted.

    Raises StorageError; bundles deleted before the error stay deleted.
    """
    if not days:
        return 0
    written: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for path, moment in storage.files():
        if match := _OURS.fullmatch(path):
            written[match[1]].append((path, moment))
    oldest = now - timedelta(days=days)
    old = [files for files in written.values() if max(moment for _, moment in files) < oldest]
    for files in old[:MOST_A_RUN]:
        for path, _ in files:
            storage.remove(f"{storage.place.root}/{path}")
    return len(old[:MOST_A_RUN])
