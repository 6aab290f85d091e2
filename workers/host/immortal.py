"""Makes all objects that there are immortal before the zygote forks, where the interpreter knows such objects.

CPython counts references inside the objects, so a worker copies the page of each function and type that it uses. Since
3.12 it leaves the count of an immortal object alone (PEP 683): those pages stay shared. 3.11 has no such objects.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from types import CodeType

# An object begins with its count. An immortal one has a count that no other reaches; None is one of them.
_LEAST_OF_IMMORTALS = 1 << 30
_WORD = 4
_memory = (ctypes.c_uint32 * (sys.maxsize // _WORD)).from_address(0)


def make_immortal() -> int:
    """Makes all objects immortal. Returns how many it made so; 0 where the interpreter counts all of them.

    Nothing that lives now is ever freed again. Call it in a process with one thread.
    """
    immortal = _memory[id(None) // _WORD]
    if not _counts_are_known() or immortal < _LEAST_OF_IMMORTALS:
        return 0
    made = 0
    todo: list[object] = gc.get_objects()
    while todo:
        one = todo.pop()
        place = id(one) // _WORD
        if _memory[place] < _LEAST_OF_IMMORTALS:
            _memory[place] = immortal
            made += 1
            todo += gc.get_referents(one)
            if type(one) is dict:
                todo += one  # it does not tell of keys that are texts
            elif type(one) is CodeType:
                todo += _parts(one)
    return made


def _counts_are_known() -> bool:
    """Tells whether objects are built as this file takes it; those of an interpreter without its lock are not."""
    one = object()
    two = (one, one)
    read = [_memory[id(it) // _WORD] for it in (one, two)]
    told = [sys.getrefcount(it) - 1 for it in (one, two)]
    return sys.byteorder == "little" and read[0] - read[1] == told[0] - told[1] == len(two)


def _parts(code: CodeType) -> tuple[object, ...]:
    """What a code object holds: the garbage collector does not know it."""
    return (
        code.co_code,
        code.co_consts,
        code.co_names,
        code.co_varnames,
        code.co_cellvars,
        code.co_freevars,
        code.co_filename,
        code.co_name,
        code.co_qualname,
        code.co_linetable,
        code.co_exceptiontable,
    )
