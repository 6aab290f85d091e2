"""Reads a campaign file's text as strict YAML, with the line and column of every problem. Pure.

YAML keeps the last of two fields with the same name, and drops the text after a `#`. Both would silently change an
operator's day, so both are reported. YAML reads `yes` as true, `12:30` as 750 and `007` as 7. Here every value is text,
except whole numbers, true, false and null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml

from flows.yaml_references import TOO_MANY, inner_nodes, references_add_too_much
from models.values.refused import Problem, Refused, refuse
from workers.campaigns.yaml_lost import lost_comments
from workers.campaigns.yaml_slips import Slip, slip_before, slip_in
from workers.campaigns.yaml_syntax import FORM, at, lines_of, not_yaml, types_in

MOST_DEPTH = 12  # a campaign file needs 4
WHOLE = "campaign file"  # the field of a problem of the whole file


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
        return at(node.start_mark)

    def slip(self, loc: Sequence[int | str]) -> Slip | None:
        """Returns the slip in a field that YAML takes for a name or a text, though its author meant more: `comments:2`.

        None for a value in the line of its name, which the author meant as a value.
        """
        node = self._root
        for place, part in enumerate(loc):
            found = _child(node, part)
            if found is None:
                return None
            key, node = found
            if place < len(loc) - 1:
                continue
            if isinstance(key, yaml.ScalarNode) and not key.style and (slip := slip_in(key.value)):
                return slip
            begins = key is not node and node.start_mark.line > key.start_mark.line
            return slip_in(node.value) if begins and isinstance(node, yaml.ScalarNode) and not node.style else None
        return None


def read_yaml(text: str, source: str) -> Written:
    """Reads the file's fields. Raises Refused, with line and column, when it cannot."""
    loader = _Loader(text)
    lines = lines_of(text)
    try:
        if "!" in text and (types := [*types_in(yaml.parse(text, Loader=_Loader), lines, source)]):
            raise Refused(types)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise _no_fields(lines, source)
        problems = [*_structure(root)]
        if any(problem.field == WHOLE for problem in problems):
            raise Refused(problems)
        problems += lost_comments(_walk(root), lines)
        return Written(loader.construct_document(root), root, tuple(problems))
    except yaml.MarkedYAMLError as error:
        raise not_yaml(error, source, lines, _opened(text)) from error
    except yaml.reader.ReaderError as error:
        raise refuse(source, f"character {error.position} is a control character", "take it out") from error
    finally:
        loader.dispose()


def _no_fields(lines: Sequence[str], source: str) -> Refused:
    slip = slip_before(lines, len(lines))
    if slip is None:
        return refuse(source, "holds no fields", FORM)
    reason = f"holds no fields; line {slip.line + 1}, column {slip.column + 1}: {slip.reason}"
    return refuse(source, reason, slip.remedy)


def _opened(text: str) -> tuple[int, int] | None:
    """Returns the place of the innermost list or group in brackets that is open where the reader fails."""
    opened: list[yaml.Event] = []
    with suppress(yaml.MarkedYAMLError):
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                opened.pop()
    if not opened or not getattr(opened[-1], "flow_style", False):
        return None
    mark: Any = opened[-1].start_mark
    return mark.line, mark.column


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
    whole = _holding_itself(root)
    if whole is not None:
        reason = f"{at(whole.start_mark)}: a reference (*) stands inside what it refers to, which begins here"
        yield Problem(WHOLE, reason, "write the values out")
        return
    if references_add_too_much(root):
        yield Problem(WHOLE, TOO_MANY, "write fewer values, or several files")
        return
    for node, way in _walk(root):
        if len(way) > MOST_DEPTH:
            yield Problem(WHOLE, f"{at(node.start_mark)}: groups lie too deep in one another", FORM)
            return
        if isinstance(node, yaml.MappingNode):
            yield from _names(node, way)


def _names(node: yaml.MappingNode, way: tuple[str, ...]) -> Iterator[Problem]:
    first: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        where = at(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            yield Problem(WHOLE, f"{where}: a field's name must be one word", FORM)
        elif key.value in first:
            before = at(first[key.value].start_mark)
            reason = f"{where}: stands here a second time, the first time at {before}"
            yield Problem(".".join((*way, key.value)), reason, "keep one of the two")
        else:
            first[key.value] = key


def _holding_itself(root: yaml.Node) -> yaml.Node | None:
    """Returns a list or group that has itself inside, if there is one."""
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
            return node
        if id(node) in done or isinstance(node, yaml.ScalarNode):
            continue
        above.add(id(node))
        left.append((node, True))
        left += [(one, False) for one in inner_nodes(node)]
    return None
