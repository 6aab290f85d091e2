"""Puts a YAML reader's errors into words: the line and column of the mistake, the reason and the remedy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from models.values.refused import Problem, Refused, refuse
from workers.campaigns.yaml_slips import Slip, cut_list, cut_off, shown, slip_at, slip_before, too_far_in

FORM = "scripts/standard_day.yaml shows the form"
NO_TYPES = "! means a type in YAML, and a campaign file has none"

# libyaml's messages → the remedy for the file's author
SYNTAX = (
    ("cannot start any token", "{sign} may not begin a value", "put the whole value in quotes"),
    ("mapping values are not allowed", "a colon and a blank stand inside a value", "put the whole value in quotes"),
    ("expected key", "this does not fit what stands before it", "check blanks at its beginning, and its quotes"),
    ("expected '-' indicator", "a list ends here without a dash", "begin each entry with a dash, all as far in"),
    ("unexpected end of stream", "a quote is opened and never closed", "close it with the same sign"),
    ("unexpected document indicator", "a quote is opened and never closed", "close it with the same sign"),
    ("alphabetic or numeric character", "* and & mean references in YAML", "put the value in quotes"),
    ("undefined alias", "* means a reference in YAML, and there is none of that name", "put the value in quotes"),
    ("duplicate anchor", "& means a reference in YAML, and two have this name", "put the value in quotes"),
    ("expected node content", "a list or group is opened and never closed", "close it, or put the value in quotes"),
    (
        "expected ',' or",
        "a list or group opened here does not end, or lacks a comma",
        "close it, put a comma between its entries, and texts with signs in quotes",
    ),
    ("constructor for the tag", NO_TYPES, "put the value in quotes"),
    ("scanning a tag", NO_TYPES, "put the value in quotes"),
    ("undefined tag handle", NO_TYPES, "put the value in quotes"),
    ("another document", "a second document begins here", "one file is one campaign: take the line --- out"),
    ("maximum nesting depth", "groups lie too deep in one another", FORM),
    ("could not find expected ':'", "a field's name has no colon after it", "write name: value"),
    (
        "expected <document start>",
        "this belongs to none of the fields before it",
        "begin each field in the first column, as name: value",
    ),
    ("directive", "% begins an instruction to YAML readers, and a campaign file has none", "take the line out"),
    ("incompatible YAML", "% begins an instruction to YAML readers, and a campaign file has none", "take the line out"),
    ("sequence entries", "a list begins inside a line", "put each entry on a line of its own, or the value in quotes"),
    ("mapping keys are not allowed", "? begins a field's name in YAML", "put the value in quotes"),
    (
        "parsing a quoted scalar",
        "a backslash inside double quotes means another sign",
        "write two backslashes, or use single quotes",
    ),
    ("block scalar", "| and > begin a text of several lines in YAML", "put the value in quotes"),
)
_LIST_UNENDED = ("expected ',' or", "expected node content")


def lines_of(text: str) -> Sequence[str]:
    """Returns the lines as libyaml counts them."""
    return re.split("\r\n|[\r\n\x85\u2028\u2029]", text)


def at(mark: Any) -> str:
    """Returns a mark's place in words: `line 3, column 5`."""
    return _at(mark.line, mark.column)


def _at(line: int, column: int) -> str:
    return f"line {line + 1}, column {column + 1}"


def types_in(events: Iterator[yaml.Event], lines: Sequence[str], source: str) -> Iterator[Problem]:
    """Yields a problem for each value with a YAML type such as `!!int`."""
    for event in events:
        if getattr(event, "tag", None) is None:
            continue
        mark: Any = event.start_mark
        line = lines[mark.line]
        tag = re.search(r"![^\s,\]}]*", line[mark.column :])
        said = shown(tag[0]) if tag else "the !"
        remedy = f"take {said} out, or put a text with it in quotes"
        yield Problem(source, f"{at(mark)}: {NO_TYPES}: {shown(line)}", remedy)


def not_yaml(error: yaml.MarkedYAMLError, source: str, lines: Sequence[str], opened: tuple[int, int] | None) -> Refused:
    """Returns the refusal for a reader's error; `opened`: the innermost list or group in brackets that is open there.

    Places are counted from 0.
    """
    problem = str(error.problem or "")
    mark = error.context_mark if "end of stream" in problem and error.context_mark else error.problem_mark
    if mark is None:
        return refuse(source, f"not YAML: {problem}", FORM)
    line, place = lines[mark.line] if mark.line < len(lines) else "", at(mark)
    sign = line[mark.column : mark.column + 1]
    if sign == "\t" or (not line.strip() and "\t" in line):
        return refuse(source, f"{place}: a tab stands where only blanks may", "write blanks instead of the tab")
    slip = cut_list(lines, opened, mark.line) if opened is not None else _slip(error, problem, mark, lines)
    if slip is not None:
        return refuse(source, f"{_at(slip.line, slip.column)}: {slip.reason}: {shown(lines[slip.line])}", slip.remedy)
    if opened is not None and any(words in problem for words in _LIST_UNENDED):
        line, place = lines[opened[0]], _at(*opened)
    whole = f"{error.context or ''} {problem}"
    for words, reason, remedy in SYNTAX:
        if words in whole:
            return refuse(source, f"{place}: {reason.format(sign=sign)}: {shown(line)}", remedy)
    return refuse(source, f"{place}: not YAML, {problem}: {shown(line)}", FORM)


def _slip(error: yaml.MarkedYAMLError, problem: str, mark: Any, lines: Sequence[str]) -> Slip | None:
    """Returns the slip before the place at which the reader failed, if it is one of those."""
    if "could not find expected ':'" in problem and error.context_mark is not None:
        return slip_at(lines, error.context_mark.line)
    if "mapping values are not allowed" in problem:
        begins = re.fullmatch(r"\s*(?:- )?[^\s:]+", lines[mark.line][: mark.column])
        return (slip_before(lines, mark.line) or too_far_in(lines, mark.line)) if begins else None
    if any(words in problem for words in ("expected key", "expected '-' indicator", "expected <document start>")):
        return cut_off(lines, mark.line) or slip_before(lines, mark.line) or slip_at(lines, mark.line)
    return None
