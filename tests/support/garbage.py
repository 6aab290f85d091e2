"""The collector of garbage does not run while the tests are collected: half a million objects, and all of them stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """Look for no garbage in this block.

    `gc.freeze` afterwards would spare more, but the zygote's code is tested with `gc.get_objects`, which leaves out
    what is frozen.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
