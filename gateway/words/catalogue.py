"""The catalogue: every word that people read, in Chinese and English, from gettext's own files.

A key is the English text, or `kind:code` for a code of the ledger, such as `state:ready`. What the ledger and the API
hold stays English; it is said in Chinese where a person reads it. A text with names and numbers in it, such as a
reason with a phone's serial, is found by the key whose `{names}` match it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path

from gateway.words.po_file import read_texts

LOCALE = Path(__file__).parent / "locale"
MOST_MATCHED = 600  # characters of a text that is compared with the patterns
DEEPEST = 6  # texts within texts
MOST_JOINED = 12  # parts of a text of which runs are looked up as one
# Values of these names are phonefleet's own words, and are said in the language too; all others are data: names,
# titles, ids, numbers. A value is also said when the catalogue has `name:value`, as `flow:nurture`.
SPOKEN = frozenset({"example", "fault", "hint", "left", "reason", "remedy", "said", "state", "told", "what", "why"})
# Values of these names are numbers; others may be any text.
NUMBERS = frozenset({
    "bytes", "celsius", "column", "count", "got", "hours", "lines", "looked", "minutes", "number", "percent", "port",
    "rows", "seconds", "size", "skipped", "watched",
})  # fmt: skip
OF_ONE = "one: "  # before the key of a text for a count of 1
CODED = ("code", "flow", "action")  # a text may begin with one of these and a colon
STATES = ("state", "phone")  # the states of phones are words of their own
LEAST_LETTERS = 3  # a form with less of its own would match anything
_COUNTED = re.compile(r"\w+(?= \d+×)")
_NAME = re.compile(r"\{(\w+)\}")
_WITHIN = re.compile(r": \{(?:reason|why)\}\Z")
_CODE = re.compile(r"[a-z]+:(?! )[\w .-]+")
_QUOTED = re.compile(r"""(?<!\w)(["']).*?\1(?!\w)|“.*?”""", re.DOTALL)
_ENDS_OF_CHINESE = re.compile(r"[；：。]")
_ENDS = re.compile(r"[;.] |, for example ")  # of a sentence


@dataclass(frozen=True, eq=False)
class Pattern:
    """A key with names in it: the pieces between the names, and the words for it."""

    key: str
    words: str

    @cached_property
    def pieces(self) -> Sequence[str]:
        """The texts before, between and after the names."""
        return _NAME.split(self.key)[::2]

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        parts = _NAME.split(self.key)
        named: list[str] = []
        for place, part in enumerate(parts):
            if place % 2 == 0:
                named.append(re.escape(part))
            else:
                value = r"[-+\d.,]+" if part in NUMBERS else ".{1,400}?"
                named.append(f"(?P={part})" if part in parts[1:place:2] else f"(?P<{part}>{value})")
        return re.compile("".join(named), re.DOTALL)

    def match(self, text: str) -> Mapping[str, str] | None:
        """Returns the values of the names; None when the text has another form."""
        first, last = self.pieces[0], self.pieces[-1]
        if not text.startswith(first) or not text.endswith(last):
            return None
        at = len(first)
        for piece in self.pieces[1:-1]:
            at = text.find(piece, at + 1)
            if at < 0:
                return None
            at += len(piece)
        found = self._expression.fullmatch(text)
        return None if found is None else found.groupdict()


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The words of one language."""

    language: str
    texts: Mapping[str, str]
    patterns: Mapping[str, Sequence[Pattern]] = field(repr=False)  # by their first word; "": those without one

    def text(self, key: str, /, **values: object) -> str:
        """Returns the words for an English text; the text itself where the language has none.

        A language that says it otherwise of one thing has words for `one: ` and the text, for a `count` of 1.
        """
        found = self.texts.get(key, key)
        if values.get("count") == 1:
            found = self.texts.get(f"{OF_ONE}{key}", found)
        return found.format(**values) if values else found

    def word(self, kind: str, code: object) -> str:
        """Returns the word for a code of the ledger, such as a task's state; the code where there is none."""
        return self.texts.get(f"{kind}:{code}", f"{code}") if code not in (None, "") else ""

    def said(self, text: str | None) -> str:
        """Returns an English text for people in this language, as far as its form is known."""
        if not text or self.language == "en":
            return text or ""
        return _said(self, text, 0)

    def cell(self, heading: str, value: str) -> str:
        """Returns a value of a table or a list of facts: `heading:value`, or else the value as it is."""
        return self.texts.get(f"{heading}:{value}", value)


@lru_cache(4096)
def _said(one: Catalogue, text: str, depth: int) -> str:
    whole = one.texts.get(text)
    if whole is not None:
        return whole
    if f"code:{text}" in one.texts:
        return one.word("code", text)
    code, _, rest = text.partition(": ")
    kind = next((kind for kind in CODED if f"{kind}:{code}" in one.texts), None) if rest else None
    if kind is not None:
        return f"{one.word(kind, code)}：{_said(one, rest, depth)}"
    if len(text) > MOST_MATCHED or depth > DEEPEST:
        return text
    swallowed: tuple[Pattern, Mapping[str, str]] | None = None
    for pattern in (*one.patterns.get(text.partition(" ")[0], ()), *one.patterns.get("", ())):
        found = pattern.match(text)
        if found is None or _is_said(pattern, found):
            continue
        if not any(_swallows(one, name, value) for name, value in found.items()):
            return _filled(one, pattern, found, depth)
        swallowed = swallowed or (pattern, found)
    told = _in_parts(one, text, depth)
    return told if told != text or swallowed is None else _filled(one, *swallowed, depth)


def _is_said(pattern: Pattern, found: Mapping[str, str]) -> bool:
    """True for a text that was said before: of a form that begins with data, this data has a sentence of Chinese."""
    first = next(iter(found.values()), "")
    return not pattern.pieces[0] and _ENDS_OF_CHINESE.search(_QUOTED.sub("", first)) is not None


def _swallows(one: Catalogue, name: str, value: str) -> bool:
    """True for data with a sentence's end in it, and for a state that is none: the form may fit by chance.

    `{basis} until {day}` fits to two sentences, for example. Such a form is taken only when nothing else says the text.
    """
    if name == "state":
        return value not in one.texts and all(f"{kind}:{value}" not in one.texts for kind in STATES)
    return name not in SPOKEN and _ENDS.search(_QUOTED.sub("", value)) is not None


def _filled(one: Catalogue, pattern: Pattern, found: Mapping[str, str], depth: int) -> str:
    return pattern.words.format(**{name: _value(one, name, value, depth) for name, value in found.items()})


def _split(text: str, between: str) -> Sequence[str]:
    """Splits a text, but nothing that is quoted in it, such as a title."""
    masked = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), text)
    at, parts = 0, []
    for part in masked.split(between):
        parts.append(text[at : at + len(part)])
        at += len(part) + len(between)
    return parts


def _in_parts(one: Catalogue, text: str, depth: int) -> str:
    """Says a text sentence by sentence, or as a list, of which every part must be known."""
    for between, said, whole in (("; ", "；", False), (", ", "，", True)):
        parts = _known_runs(one, _split(text, between), between)
        told = [_said(one, part, depth + 1) for part in parts] if len(parts) > 1 else parts
        changed = [before != after for before, after in zip(parts, told, strict=True)]
        if all(changed) if whole else any(changed):
            return said.join(told)
    field, _, rest = text.partition(": ")
    if rest and " " not in field and depth <= DEEPEST:
        told_rest = _said(one, rest, depth + 1)
        return text if told_rest == rest else f"{field}：{told_rest}"
    return text


def _known_runs(one: Catalogue, parts: Sequence[str], between: str) -> Sequence[str]:
    """Joins again the parts that are one text of the catalogue, such as a remedy of two sentences."""
    joined, at = [], 0
    while at < len(parts):
        ends = range(len(parts) if len(parts) <= MOST_JOINED else at + 1, at, -1)
        end = next((end for end in ends if between.join(parts[at:end]) in one.texts), at + 1)
        joined.append(between.join(parts[at:end]))
        at = end
    return joined


def _letters(key: str) -> int:
    return sum(sign.isalpha() for sign in _NAME.sub("", key))


def _value(one: Catalogue, name: str, value: str, depth: int) -> str:
    for kind in STATES if name == "state" else (name,):
        if f"{kind}:{value}" in one.texts:
            return one.word(kind, value)
    if name == "codes":  # each with a number: `cap_reached 3×, no_basis 1×`
        return _COUNTED.sub(lambda found: one.word("code", found[0]), value).replace(", ", "，")
    return _said(one, value, depth + 1) if name in SPOKEN else value


@cache
def catalogue(language: str) -> Catalogue:
    """Returns the catalogue of a language of LANGUAGES."""
    texts = dict(all_texts(language))
    named = [key for key in texts if _NAME.search(key) and not _CODE.fullmatch(key) and _letters(key) >= LEAST_LETTERS]
    # What begins another text comes before it, as `{flow} {id} did not succeed: {reason}`; then the most exact.
    named.sort(key=lambda key: (_WITHIN.search(key) is None, -len(_NAME.sub("", key))))
    by_word: dict[str, list[Pattern]] = {}
    for key in named:
        first, blank, _ = key.partition(" ")
        by_word.setdefault(first if blank and "{" not in first else "", []).append(Pattern(key, texts[key]))
    return Catalogue(language, texts, by_word)


def all_texts(language: str) -> Iterator[tuple[str, str]]:
    """Yields key and words of each message of a language, of all its files."""
    for file in sorted((LOCALE / language).glob("*.po")):
        yield from read_texts(file)
