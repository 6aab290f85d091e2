"""Reads a campaign file's text as strict YAML, with the line and column of every problem. Pure.

YAML keeps the last of two fields with the same name, and drops the text after a `#`. Both would silently change an
operator's day, so both are reported. YAML reads `yes` as true, `12:30` as 750 and `007` as 7. Here every value is text,
except whole numbers, true, false and null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from models.values.refused import Problem, Refused, refuse

FORM = "scripts/standard_day.yaml shows the form"
MOST_DEPTH = 12  # a campaign file needs 4
WHOLE = "campaign file"  # the field of a problem of the whole file
MOST_WRITTEN = 40  # characters shown of a wrong value

# libyaml's messages → the remedy for the file's author
_SYNTAX = (
    ("cannot start any token", "{sign} may not begin a value", "put the whole value in quotes"),
    ("mapping values are not allowed", "a colon and a blank stand inside a value", "put the whole value in quotes"),
    ("expected key", "this does not fit what stands before it", "check blanks at its beginning, and its quotes"),
    ("expected '-' indicator", "a list ends here without a dash", "begin each entry with a dash, all as far in"),
    ("unexpected end of stream", "a quote is opened and never closed", "close it with the same sign"),
    ("alphabetic or numeric character", "* and & mean references in YAML", "put the value in quotes"),
    ("undefined alias", "* means a reference in YAML, and there is none of that name", "put the value in quotes"),
    ("expected node content", "a list or group is opened and never closed", "close it, or put the value in quotes"),
    ("constructor for the tag", "! means a type in YAML, and a campaign file has none", "put the value in quotes"),
    ("another document", "a second document begins here", "one file is one campaign: take the line --- out"),
    ("maximum nesting depth", "groups lie too deep in one another", FORM),
    ("could not find expected ':'", "a field's name has no colon after it", "write name: value"),
)


class _Loader(yaml.CSafeLoader):
    """A YAML loader for which every value is text, except whole numbers, true, false and null."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML copies it when the first resolver is added


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]{0,18})$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])


@dataclass(frozen=True, slots=True)
class Written:
    """A campaign file's fields with their places in the text."""

    data: Any
    _root: yaml.Node
    problems: tuple[Problem, ...] = ()  # parts that YAML would silently change

    def spot(self, loc: Sequence[int | str], *, key: bool = False) -> str:
        """Returns `line 3, column 5` of a field (`key`: of its name), or of the part that should contain it."""
        node = self._root
        for place, part in enumerate(loc):
            found = _child(node, part)
            if found is None:
                break
            node = found[0] if key and place == len(loc) - 1 else found[1]
        return _at(node.start_mark)


def read_yaml(text: str, source: str) -> Written:
    """Reads the file's fields. Raises Refused, with line and column, when it cannot."""
    loader = _Loader(text)
    lines = text.split("\n")
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise refuse(source, "holds no fields", FORM)
        problems = [*_structure(root)]
        if any(problem.field == WHOLE for problem in problems):
            raise Refused(problems)
        problems += _lost_comments(root, lines)
        return Written(loader.construct_document(root), root, tuple(problems))
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, source, lines) from error
    except yaml.reader.ReaderError as error:
        raise refuse(source, f"character {error.position} is a control character", "take it out") from error
    finally:
        loader.dispose()


def _not_yaml(error: yaml.MarkedYAMLError, source: str, lines: Sequence[str]) -> Refused:
    problem = str(error.problem or "")
    mark = error.context_mark if "end of stream" in problem and error.context_mark else error.problem_mark
    if mark is None:
        return refuse(source, f"not YAML: {problem}", FORM)
    line = lines[mark.line] if mark.line < len(lines) else ""
    sign = line[mark.column : mark.column + 1]
    if sign == "\t" or (not line.strip() and "\t" in line):
        return refuse(source, f"{_at(mark)}: a tab stands where only blanks may", "write blanks instead of the tab")
    for words, reason, remedy in _SYNTAX:
        if words in problem:
            return refuse(source, f"{_at(mark)}: {reason.format(sign=sign)}: {_shown(line)}", remedy)
    return refuse(source, f"{_at(mark)}: not YAML, {problem}: {_shown(line)}", FORM)


def _shown(line: str) -> str:
    text = line.strip()
    return text if len(text) <= MOST_WRITTEN else text[: MOST_WRITTEN - 1] + "…"


def _at(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _child(node: yaml.Node, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """Returns a field's name and value nodes, or twice the entry of a list."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    return None


def _walk(root: yaml.Node) -> Iterator[tuple[yaml.Node, tuple[str, ...]]]:
    """Yields each node once with its path, even if several aliases refer to it; nothing below MOST_DEPTH."""
    seen: set[int] = set()
    left: list[tuple[yaml.Node, tuple[str, ...]]] = [(root, ())]
    while left:
        node, way = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node, way
        if len(way) > MOST_DEPTH:
            continue
        if isinstance(node, yaml.MappingNode):
            left += [(value, (*way, str(key.value))) for key, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            left += [(value, (*way, str(place))) for place, value in reversed(list(enumerate(node.value)))]


def _structure(root: yaml.Node) -> Iterator[Problem]:
    """Yields the problems of duplicate or invalid names, of references to themselves, and of too deep nesting."""
    if _holds_itself(root):
        yield Problem(WHOLE, "a reference (*) stands inside what it refers to", "write the values out")
        return
    for node, way in _walk(root):
        if len(way) > MOST_DEPTH:
            yield Problem(WHOLE, f"{_at(node.start_mark)}: groups lie too deep in one another", FORM)
            return
        if isinstance(node, yaml.MappingNode):
            yield from _names(node, way)


def _names(node: yaml.MappingNode, way: tuple[str, ...]) -> Iterator[Problem]:
    first: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        where = _at(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            yield Problem(WHOLE, f"{where}: a field's name must be one word", FORM)
        elif key.value in first:
            before = _at(first[key.value].start_mark)
            reason = f"{where}: stands here a second time, the first time at {before}"
            yield Problem(".".join((*way, key.value)), reason, "keep one of the two")
        else:
            first[key.value] = key


def _holds_itself(root: yaml.Node) -> bool:
    done: set[int] = set()
    above: set[int] = set()
    left: list[tuple[yaml.Node, bool]] = [(root, False)]
    while left:
        node, leaving = left.pop()
        if leaving:
            above.discard(id(node))
            done.add(id(node))
            continue
        if id(node) in above:
            return True
        if id(node) in done or isinstance(node, yaml.ScalarNode):
            continue
        above.add(id(node))
        left.append((node, True))
        inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        left += [(one, False) for one in inner]
    return False


def _lost_comments(root: yaml.Node, lines: Sequence[str]) -> Iterator[Problem]:
    """Yields a problem for each unquoted text that a `#` follows: YAML drops the rest, for example a hashtag.

    A `#` with a blank after it is a remark, otherwise a hashtag. After one of the operator's texts neither is allowed.
    """
    for node, way in _walk(root):
        plain = isinstance(node, yaml.ScalarNode) and not node.style and node.tag.endswith(":str")
        if not plain or node.end_mark.line >= len(lines):
            continue
        rest = lines[node.end_mark.line][node.end_mark.column :].strip()
        in_texts = any(name.endswith("texts") for name in way)
        if rest.startswith("#") and (in_texts or rest[1:2].strip(" #-=")):
            whole = _shown(f"{node.value} {rest}")
            reason = f"{_at(node.end_mark)}: YAML drops what follows a #, so {_shown(rest)!r} would be lost"
            yield Problem(
                ".".join(way), reason, f'put the text in quotes, "{whole}"; a remark goes on a line of its own'
            )
