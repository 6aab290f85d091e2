"""JSON-RPC methods that touch the screen at pixels: taps, presses, swipes, drags."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phonesim.uia.object_calls import click_object, drag_object, long_click_object, swipe_object
from phonesim.uia.permission import may_inject
from phonesim.uia.rpc import INVALID_PARAMS, Call, RpcError

if TYPE_CHECKING:
    from phonesim.device import Device

STEP_SECONDS = 0.005  # UiDevice.swipe: "each step execution is throttled to 5ms per step"
REST_SECONDS = 0.1  # Android's VelocityTracker reckons a finger's speed from its last 100 ms (HORIZON)
LONG_PRESS_SECONDS = 0.4  # ViewConfiguration's long press timeout
TOUCH_SLOP = 24  # pixels a finger may move before a tap becomes a swipe
DOWN, UP, MOVE = 0, 1, 2


async def click(device: Device, x: Any, y: Any = None, duration: int = 0) -> bool:
    """click(x, y), click(x, y, milliseconds) or click(selector)."""
    may_inject(device)
    if isinstance(x, dict):
        return await click_object(device, x)
    if duration / 1000 >= LONG_PRESS_SECONDS:
        await device.long_press(int(x), int(y), duration / 1000)
    else:
        await device.tap(int(x), int(y))
    return True


async def long_click(device: Device, x: Any, y: Any = None) -> bool:
    """longClick(x, y) or longClick(selector)."""
    may_inject(device)
    if isinstance(x, dict):
        return await long_click_object(device, x)
    await device.long_press(int(x), int(y), LONG_PRESS_SECONDS)
    return True


async def swipe(device: Device, *arguments: Any) -> bool:
    """swipe(x1, y1, x2, y2, steps), or of an object: swipe(selector, direction[, percent], steps)."""
    may_inject(device)
    if isinstance(arguments[0], dict):
        return await swipe_object(device, arguments[0], str(arguments[1]), int(arguments[-1]))
    x1, y1, x2, y2, steps = (int(each) for each in arguments)
    await device.swipe(x1, y1, x2, y2, steps * STEP_SECONDS)
    return True


async def swipe_points(device: Device, points: list[float], steps: int) -> bool:
    """swipePoints([x1, y1, x2, y2, …], steps a segment): one finger goes down once, from point to point, and leaves."""
    may_inject(device)
    if len(points) < 4 or len(points) % 2:
        raise RpcError(INVALID_PARAMS, "swipePoints: at least two points are needed")
    pairs = [(int(points[at]), int(points[at + 1])) for at in range(0, len(points), 2)]
    segment = steps * STEP_SECONDS
    still = len(list(itertools.takewhile(lambda point: point == pairs[-1], reversed(pairs)))) - 1
    rested = still * segment >= REST_SECONDS
    await device.swipe(*pairs[0], *pairs[-1], (len(pairs) - 1) * segment, rested=rested)
    return True


async def drag(device: Device, x1: float, y1: float, x2: float, y2: float, steps: int) -> bool:
    may_inject(device)
    await device.swipe(int(x1), int(y1), int(x2), int(y2), steps * STEP_SECONDS)
    return True


async def inject_input_event(device: Device, action: int, x: float, y: float, meta: int = 0) -> bool:
    """One event of a finger; what it was shows when the finger goes up."""
    may_inject(device)
    at = (int(x), int(y))
    if action == DOWN:
        device.finger_down = (*at, time.monotonic())
    elif action == UP and device.finger_down:
        down_x, down_y, since = device.finger_down
        device.finger_down = None
        if max(abs(at[0] - down_x), abs(at[1] - down_y)) > TOUCH_SLOP:
            await device.swipe(down_x, down_y, *at, 0)
        elif time.monotonic() - since >= LONG_PRESS_SECONDS:
            await device.long_press(*at, 0)
        else:
            await device.tap(*at)
    return True


GESTURE_CALLS: Mapping[str, Call] = {
    "click": click,
    "longClick": long_click,
    "swipe": swipe,
    "swipePoints": swipe_points,
    "drag": drag,
    "dragTo": drag_object,
    "injectInputEvent": inject_input_event,
}
