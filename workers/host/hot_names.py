"""Names that workers look up, in one place: whoever imports this first has them side by side in memory.

CPython's cache of attributes has 4096 places and counts references in the names it holds. A worker looks up more than
fit, so it writes into thousands of names all day; each lay in a page of its own, among names that no worker needs. A
name that is interned here is taken for every later one of the same letters.

hot_names.txt is learnt from a rehearsal: `python -m benchmarks.hot_names` writes it anew. A name that is missing there
costs memory, and one too many costs sixty bytes once a host.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import resources
from types import CodeType

FILE = "hot_names.txt"

INTERNED = tuple(map(sys.intern, (resources.files(__package__) / FILE).read_text(encoding="ascii").split()))


def names_in(codes: Iterable[CodeType]) -> Iterator[str]:
    """Yields the names by which code finds attributes, and its short texts: many are keys. Names may come again."""
    for code in codes:
        yield from (*code.co_names, *code.co_varnames[: _parameters(code)])
        yield from _texts(code.co_consts)


def _parameters(code: CodeType) -> int:
    return code.co_argcount + code.co_kwonlyargcount


def _texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple | frozenset):
            yield from _texts(value)
        elif isinstance(value, CodeType):
            yield from (value.co_name, value.co_qualname)
