"""Checks a span of time that a list, an export or a replay is asked for."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationInfo


def not_before_since(until: datetime, info: ValidationInfo) -> datetime:
    """Returns the end of a span whose begin is the field `since` above it. Raises ValueError when it ends before."""
    since = info.data.get("since")
    if since is not None and until < since:
        raise ValueError("it is before since")
    return until
