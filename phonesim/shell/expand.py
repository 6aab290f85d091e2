"""What a word of a shell line stands for: variables, the output of commands, fields and file names."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from phonesim.files import Files
from phonesim.shell.tree import Lines, Text, Variable, Word

Run = Callable[[Lines], Awaitable[str]]
_PATTERN = re.compile(r"[*?\[]")
_BLANK = re.compile(r"[ \t\n]+")


class Expander:
    """Expands words with the variables of one shell; `run` gives what a list prints."""

    def __init__(self, variables: Mapping[str, str], files: Files, cwd: str, run: Run) -> None:
        self._variables = variables
        self._files = files
        self._cwd = cwd
        self._run = run

    async def one(self, word: Word) -> str:
        """The word as a single text, as after `=` and `>`."""
        return "".join([value for value, _ in await self._values(word)])

    async def fields(self, words: Sequence[Word]) -> list[str]:
        """The words as arguments: unquoted expansions fall into fields, unquoted patterns become file names."""
        found: list[str] = []
        for word in words:
            for pieces in _split(await self._values(word), word):
                found += self._names(pieces)
        return found

    async def _values(self, word: Word) -> list[tuple[str, bool]]:
        """Each part's text, and whether it is quoted."""
        values = []
        for part in word:
            if isinstance(part, Text):
                values.append((part.value, part.quoted))
            elif isinstance(part, Variable):
                values.append((self._value(part), part.quoted))
            else:
                values.append(((await self._run(part.body)).rstrip("\n"), part.quoted))
        return values

    def _value(self, part: Variable) -> str:
        value = self._variables.get(part.name)
        there = value is not None and (value != "" or not part.operator.startswith(":"))
        if part.operator.endswith("-"):
            return value if there and value is not None else part.rest
        if part.operator.endswith("+"):
            return part.rest if there else ""
        return value or ""

    def _names(self, pieces: list[tuple[str, bool]]) -> list[str]:
        text = "".join(value for value, _ in pieces)
        if not any(not quoted and _PATTERN.search(value) for value, quoted in pieces):
            return [text]
        pattern = "".join(re.escape(value) if quoted else _pattern(value) for value, quoted in pieces)
        base = "" if text.startswith("/") else self._cwd.rstrip("/") + "/"
        matching = re.compile(re.escape(base) + pattern)
        names = [path[len(base) :] for path in self._files.paths() if matching.fullmatch(path)]
        return sorted(names) or [text]


def _pattern(value: str) -> str:
    """A shell pattern as a regular expression in which nothing but a slash matches a slash."""
    made = {"*": "[^/]*", "?": "[^/]"}
    pieces = re.findall(r"\[[^\[\]/]+\]|.", value, re.DOTALL)
    return "".join(each.replace("[!", "[^") if len(each) > 1 else made.get(each, re.escape(each)) for each in pieces)


def _split(values: list[tuple[str, bool]], word: Word) -> list[list[tuple[str, bool]]]:
    """Fields of a word. What an unquoted expansion brings is cut at blanks; what was written is not."""
    fields: list[list[tuple[str, bool]]] = [[]]
    begun = False
    for part, (value, quoted) in zip(word, values, strict=True):
        if quoted or isinstance(part, Text):
            fields[-1].append((value, quoted))
            begun = True
            continue
        first, *others = _BLANK.split(value)
        if first:
            fields[-1].append((first, False))
            begun = True
        for each in others:
            if begun:
                fields.append([])
            begun = bool(each)
            if each:
                fields[-1].append((each, False))
    return [field for field in fields if field] if begun or fields[0] else []
