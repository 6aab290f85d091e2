"""The collector of garbage, in a process that holds half a million objects of collected tests, and all of them stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# As Python has it, it begins each time that 700 objects are there: an eighth of the CPU time of most tests.
SELDOM = (20_000, 20, 10)


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """Look for no garbage in this block, and seldom after it.

    `gc.freeze` afterwards would spare more, but the zygote's code is tested with `gc.get_objects`, which leaves out
    what is frozen.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.set_threshold(*SELDOM)
        gc.enable()
