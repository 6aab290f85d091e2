"""Lays the code that workers run side by side before the zygote forks.

CPython counts references inside a code object and rewrites its bytecode as it runs, so a worker copies the page of each
function that it calls. Import puts the code of thousands of functions that no worker calls between those of the two
thousand that each does: 0.9 MB of code lie in 5.6 MB of pages. A copy of each, made one after the other, fills 1 MB.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType

Codes = dict[int, CodeType]  # by their address


@contextmanager
def noting_code() -> Iterator[Codes]:
    """Inside the block, fills the dictionary with all code that this thread and those that it starts run."""
    found: Codes = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            found[id(frame.f_code)] = frame.f_code

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def lay_side_by_side(ran: Codes) -> None:
    """Gives each function whose code ran a copy of that code. The copies lie in the order in which the code ran.

    Empties `ran`: the room of the old code is free then.
    """
    for code in ran.values():
        _ = code.co_code  # the code keeps this object: made later, it would lie between the copies
    functions: dict[int, list[FunctionType]] = {}
    for one in gc.get_objects():
        if type(one) is FunctionType and id(one.__code__) in ran:
            functions.setdefault(id(one.__code__), []).append(one)
    copies: Codes = {}
    for address, code in ran.items():
        if address in functions:
            copy = _copied(code, ran, copies)
            for function in functions[address]:
                function.__code__ = copy
    ran.clear()


def _copied(code: CodeType, ran: Codes, copies: Codes) -> CodeType:
    """The code inside it that ran, of a lambda or a comprehension, is copied with it."""
    if id(code) not in copies:
        inner = tuple(
            _copied(one, ran, copies) if isinstance(one, CodeType) and id(one) in ran else one for one in code.co_consts
        )
        changed = any(new is not old for new, old in zip(inner, code.co_consts, strict=True))
        copies[id(code)] = code.replace(co_consts=inner) if changed else code.replace()
    return copies[id(code)]
