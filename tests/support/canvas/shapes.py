"""Questions about the shape of a Celery canvas, asked of Celery's own objects and not of the compiler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def is_group(canvas: Any) -> bool:
    """Is it a group itself?"""
    return bool(canvas["task"] == "celery.group")


def flat_members(group: Any) -> list[Any]:
    """The members of a group with the groups among them flattened."""
    nested = (flat_members(member) if is_group(member) else [member] for member in group.tasks)
    return [member for members in nested for member in members]


def ends_in_group(canvas: Any) -> bool:
    """Is the result of this canvas the list of a group?"""
    return is_group(last_of(canvas))


def last_of(canvas: Any) -> Any:
    """The part whose result is the result of the canvas."""
    if canvas["task"] == "celery.chain":
        return last_of(canvas.tasks[-1])
    if canvas["task"] == "celery.chord":
        return last_of(canvas.body)
    return canvas


def goes_wrong_in_celery(canvas: Any) -> bool:
    """Would a worker reverse this canvas or hang in it? The cases that docs/canvas.md names."""
    return any(_members_go_wrong(members) for members in _side_by_side(canvas))


def _members_go_wrong(members: list[Any]) -> bool:
    nested = any(is_group(member) for member in members)
    lists = (last_of(member).tasks for member in members if ends_in_group(member))
    return nested or any(inner["task"] == "celery.chord" or _has_chord_end(inner) for end in lists for inner in end)


def _has_chord_end(canvas: Any) -> bool:
    return bool(canvas["task"] == "celery.chain" and canvas.tasks[-1]["task"] == "celery.chord")


def _side_by_side(canvas: Any) -> Iterator[list[Any]]:
    """Every list of members in a canvas: groups and headers."""
    if canvas["task"] in ("celery.group", "celery.chord"):
        yield list(canvas.tasks)
    if canvas["task"] in ("celery.group", "celery.chord", "celery.chain"):
        for part in canvas.tasks:
            yield from _side_by_side(part)
    if canvas["task"] == "celery.chord":
        yield from _side_by_side(canvas.body)


def unwrapped(result: Any, canvas: Any) -> Any:
    """What a worker gives: there a root group of one member that ends in a group is that group's list."""
    if not is_group(canvas):
        return result
    members = flat_members(canvas)
    return result[0] if len(members) == 1 and ends_in_group(members[0]) else result
