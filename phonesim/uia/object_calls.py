"""JSON-RPC methods about elements that a selector names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phonesim.node import Bounds, Node
from phonesim.uia.permission import may_inject
from phonesim.uia.rpc import SERVER_ERROR, Call, RpcError, not_found
from phonesim.uia.selector import BadSelector, Found, find_all, node_info

if TYPE_CHECKING:
    from phonesim.device import Device

Selector = dict[str, Any]

POLL_SECONDS = 0.05  # how often a waiting call looks again
STEP_SECONDS = 0.005
FLING_STEPS = 5
EDGE = 0.1  # part of a list at either edge that a scroll leaves out


def _find(device: Device, selector: Selector) -> list[Found]:
    try:
        return find_all(device.screen(), selector)
    except BadSelector as error:
        raise RpcError(SERVER_ERROR, str(error)) from error


def _first(device: Device, selector: Selector) -> Node:
    found = _find(device, selector)
    if not found:
        raise not_found(selector)
    return found[0].node


def _centre(bounds: Bounds) -> tuple[int, int]:
    left, top, right, bottom = bounds
    return (left + right) // 2, (top + bottom) // 2


async def exist(device: Device, selector: Selector) -> bool:
    await device.pace.take("query")
    return bool(_find(device, selector))


async def count(device: Device, selector: Selector) -> int:
    await device.pace.take("query")
    return len(_find(device, selector))


async def obj_info(device: Device, selector: Selector) -> dict[str, Any]:
    await device.pace.take("query")
    return node_info(_first(device, selector))


async def obj_info_of_all(device: Device, selector: Selector) -> list[dict[str, Any]]:
    await device.pace.take("query")
    """As `objInfo` of each, but without its id: what is found by an instance's number tells none."""
    return [node_info(found.node) | {"resourceName": None} for found in _find(device, selector)]


async def wait_for_exists(device: Device, selector: Selector, milliseconds: int) -> bool:
    return await _wait(device, selector, milliseconds, wanted=True)


async def wait_until_gone(device: Device, selector: Selector, milliseconds: int) -> bool:
    return await _wait(device, selector, milliseconds, wanted=False)


async def _wait(device: Device, selector: Selector, milliseconds: int, wanted: bool) -> bool:
    deadline = time.monotonic() + milliseconds / 1000
    await device.pace.take("query")
    while True:
        await device.awake.wait()
        if bool(_find(device, selector)) is wanted:
            return True
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)


async def get_text(device: Device, selector: Selector) -> str:
    await device.pace.take("query")
    return _first(device, selector).text


async def set_text(device: Device, selector: Selector, text: str | None) -> bool:
    await device.pace.take("text")
    may_inject(device)
    node = _first(device, selector)
    if device.chance(device.rough.set_text_fails):
        return False
    if device.rough.emoji_refused and any(ord(character) > 0xFFFF for character in text or ""):
        return False
    device.app.set_text(node, text or "")
    return True


async def clear_text_field(device: Device, selector: Selector) -> bool:
    return await set_text(device, selector, "")


async def click_object(device: Device, selector: Selector) -> bool:
    """Called by `click`, which takes pixels or a selector."""
    await device.tap(*_centre(_first(device, selector).bounds))
    return True


async def long_click_object(device: Device, selector: Selector) -> bool:
    """Called by `longClick`, which takes pixels or a selector."""
    await device.long_press(*_centre(_first(device, selector).bounds), 0.5)
    return True


async def swipe_object(device: Device, selector: Selector, direction: str, steps: int) -> bool:
    """Called by `swipe`, which takes pixels or a selector."""
    left, top, right, bottom = _first(device, selector).bounds
    x, y = _centre((left, top, right, bottom))
    ends = {"up": (x, top), "down": (x, bottom - 1), "left": (left, y), "right": (right - 1, y)}
    if direction not in ends:
        raise RpcError(SERVER_ERROR, f"java.lang.IllegalArgumentException: direction {direction}")
    await device.swipe(x, y, *ends[direction], steps * STEP_SECONDS)
    return True


async def drag_object(device: Device, selector: Selector, *arguments: Any) -> bool:
    """dragTo(selector, x, y, steps) or dragTo(selector, selector, steps)."""
    may_inject(device)
    start = _centre(_first(device, selector).bounds)
    if isinstance(arguments[0], dict):
        end = _centre(_first(device, arguments[0]).bounds)
    else:
        end = (int(arguments[0]), int(arguments[1]))
    await device.swipe(*start, *end, int(arguments[-1]) * STEP_SECONDS)
    return True


async def _scroll(device: Device, selector: Selector, vertical: bool, steps: int, forward: bool) -> bool:
    """Scroll by most of a list's length; True when that moved anything."""
    may_inject(device)
    node = _first(device, selector)
    left, top, right, bottom = node.bounds
    x, y = _centre(node.bounds)
    low, high = (top, bottom) if vertical else (left, right)
    margin = int((high - low) * EDGE)
    start, end = (high - margin, low + margin) if forward else (low + margin, high - margin)
    line = (x, start, x, end) if vertical else (start, y, end, y)
    before = device.screen()
    await device.swipe(*line, steps * STEP_SECONDS)
    return device.screen() != before


async def scroll_forward(device: Device, selector: Selector, vertical: bool = True, steps: int = 55) -> bool:
    return await _scroll(device, selector, vertical, steps, forward=True)


async def scroll_backward(device: Device, selector: Selector, vertical: bool = True, steps: int = 55) -> bool:
    return await _scroll(device, selector, vertical, steps, forward=False)


async def scroll_to_end(
    device: Device, selector: Selector, vertical: bool = True, max_swipes: int = 500, steps: int = FLING_STEPS
) -> bool:
    return await _scroll_on(device, selector, vertical, max_swipes, steps, forward=True)


async def scroll_to_beginning(
    device: Device, selector: Selector, vertical: bool = True, max_swipes: int = 500, steps: int = FLING_STEPS
) -> bool:
    return await _scroll_on(device, selector, vertical, max_swipes, steps, forward=False)


async def _scroll_on(
    device: Device, selector: Selector, vertical: bool, max_swipes: int, steps: int, forward: bool
) -> bool:
    for _ in range(max_swipes):
        if not await _scroll(device, selector, vertical, steps, forward):
            return True
    return False


async def scroll_to(device: Device, selector: Selector, target: Selector, vertical: bool = True) -> bool:
    """Scroll forward until the target shows; False when the list ends before."""
    for _ in range(500):
        if _find(device, target):
            return True
        if not await _scroll(device, selector, vertical, 55, forward=True):
            return bool(_find(device, target))
    return False


async def fling_forward(device: Device, selector: Selector, vertical: bool = True) -> bool:
    return await _scroll(device, selector, vertical, FLING_STEPS, forward=True)


async def fling_backward(device: Device, selector: Selector, vertical: bool = True) -> bool:
    return await _scroll(device, selector, vertical, FLING_STEPS, forward=False)


OBJECT_CALLS: Mapping[str, Call] = {
    "exist": exist,
    "count": count,
    "objInfo": obj_info,
    "objInfoOfAllInstances": obj_info_of_all,
    "waitForExists": wait_for_exists,
    "waitUntilGone": wait_until_gone,
    "getText": get_text,
    "setText": set_text,
    "clearTextField": clear_text_field,
    "scrollForward": scroll_forward,
    "scrollBackward": scroll_backward,
    "scrollToEnd": scroll_to_end,
    "scrollToBeginning": scroll_to_beginning,
    "scrollTo": scroll_to,
    "flingForward": fling_forward,
    "flingBackward": fling_backward,
    "flingToEnd": scroll_to_end,
    "flingToBeginning": scroll_to_beginning,
}
