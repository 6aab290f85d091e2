"""Runs work once in plain Python, and hands it to tenacity only when that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tenacity import Retrying

T = TypeVar("T")


def retried(policy: Callable[[], Retrying], work: Callable[[], T]) -> T:
    """Returns what `work` returns; when it raises, the policy decides as if it had run the first try itself.

    Nearly every try succeeds. Tenacity's code, run once, costs a forked worker 0.3 MB of pages that it no longer
    shares, so a worker that fails at nothing never runs it.
    """
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the policy judges it, and raises it again where it shall pass
        failed = [error]

    def again() -> T:
        if failed:
            raise failed.pop()
        return work()

    return policy()(again)
