"""The picture of a canvas: a box for each flow, in columns by what it waits for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.console.drawing.bars import Slice, bar

WIDTH, HEIGHT, ACROSS, DOWN, EDGE = 190, 62, 70, 18, 8


@dataclass(frozen=True, slots=True)
class Box:
    """One flow: where its box is, and its tasks by state."""

    flow: str
    x: int
    y: int
    total: int
    ended: int
    slices: Sequence[Slice]


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, and the curves between them as SVG paths."""

    width: int
    height: int
    boxes: Sequence[Box]
    curves: Sequence[str]


def picture(
    flows: Mapping[str, Mapping[str, int]], follows: Collection[tuple[str, str]], ended: Collection[str]
) -> Picture:
    """Draws the flows of a campaign; `follows`: pairs of a flow and one that comes after it."""
    pairs = sorted({(a, b) for a, b in follows if a != b and a in flows and b in flows})
    depth = _depths(sorted(flows), pairs)
    columns: dict[int, list[str]] = {}
    for flow in sorted(flows, key=lambda one: (depth[one], one)):
        columns.setdefault(depth[flow], []).append(flow)
    boxes = {}
    for column, names in columns.items():
        for row, flow in enumerate(names):
            states = flows[flow]
            done = sum(count for state, count in states.items() if state in ended)
            x, y = EDGE + column * (WIDTH + ACROSS), EDGE + row * (HEIGHT + DOWN)
            boxes[flow] = Box(flow, x, y, sum(states.values()), done, bar(states))
    curves = [_curve(boxes[a], boxes[b]) for a, b in pairs if depth[a] < depth[b]]
    width = 2 * EDGE + len(columns) * WIDTH + max(0, len(columns) - 1) * ACROSS
    tallest = max((len(names) for names in columns.values()), default=1)
    return Picture(width, 2 * EDGE + tallest * HEIGHT + (tallest - 1) * DOWN, list(boxes.values()), curves)


def _depths(flows: Sequence[str], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Returns each flow's column: the longest way to it. A circle of flows ends after as many rounds as there are."""
    depth = dict.fromkeys(flows, 0)
    for _ in range(len(flows)):
        moved = False
        for before, after in pairs:
            if depth[after] <= depth[before] < len(flows) - 1:
                depth[after], moved = depth[before] + 1, True
        if not moved:
            break
    used = {level: place for place, level in enumerate(sorted(set(depth.values())))}
    return {flow: used[level] for flow, level in depth.items()}


def _curve(before: Box, after: Box) -> str:
    x1, y1 = before.x + WIDTH, before.y + HEIGHT // 2
    x2, y2 = after.x, after.y + HEIGHT // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
