"""A film strip: the pictures of an attempt's steps beside those of one that succeeded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.console.live.attempt import StepPair, Touch
from workers.evidence.bundle import SCREENSHOT, STRIP, Bundle

MOST_SIDE = 10_000  # pixels of a screen


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the screen: its address, the pixels of the screen, and the last touch on it, if it is known."""

    address: str
    width: int
    height: int
    touch: Touch | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One step: its name, whether the attempt failed there, and both pictures; None where there is none."""

    name: str
    failed: bool
    mine: Picture | None
    other: Picture | None


def pictures(facts: Mapping[str, Any], bundle: Bundle) -> dict[str, Picture]:
    """Returns the picture of each step that the facts tell of, by the name of the step."""
    told, found = facts.get("film"), {}
    for one in told if isinstance(told, list) else ():
        match one:
            case {"file": str(name), "step": str(step), "width": int(width), "height": int(height)}:
                if name in STRIP and 0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE:
                    found[step] = Picture(_address(bundle, name), width, height)
    return found


def strip(
    steps: Sequence[StepPair],
    mine: Mapping[str, Picture],
    other: Mapping[str, Picture],
    last: tuple[Bundle, Touch | None] | None,
) -> list[Column]:
    """Returns a column for each step that has a picture, in the order of the steps.

    `last`: the evidence whose screenshot shows where the attempt failed, and the last touch.
    """
    columns = []
    for step in steps:
        own = mine.get(step.name)
        if step.failed and last is not None:
            bundle, touch = last
            size = (touch.width, touch.height) if touch is not None else _size(mine, other)
            own = Picture(_address(bundle, SCREENSHOT), *size, touch)
        if own is not None or step.name in other:
            columns.append(Column(step.name, step.failed, own, other.get(step.name)))
    return columns


def _size(*strips: Mapping[str, Picture]) -> tuple[int, int]:
    """Returns the pixels of a picture, for a screenshot whose own are not known."""
    for pictures_of in strips:
        for one in pictures_of.values():
            return one.width, one.height
    return 1080, 2400


def _address(bundle: Bundle, name: str) -> str:
    return f"/tasks/{bundle.task_id}/attempts/{bundle.attempt}/{name}"
