"""One simulated phone: what it is, what it holds, and the finger that touches its screen."""

from __future__ import annotations

import asyncio
import io
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from PIL import Image

from phonesim.adb.reverse import Reverses
from phonesim.device_parts import BOOT_ID, CALLS, FREE_KILOBYTES, SETTINGS, Battery, CallTime, properties
from phonesim.files import Files
from phonesim.node import Node, clickable_at
from phonesim.pace import Pace
from phonesim.practice.app import PracticeApp
from phonesim.practice.keyguard import build_keyguard
from phonesim.reader.app import ReaderApp
from phonesim.reader.articles import Articles
from phonesim.roughness import Roughness
from phonesim.two_apps import TwoApps
from phonesim.uia.process import UiProcess
from phonesim.windows.bars import STATUS, navigation_bar, status_bar
from phonesim.windows.decor import decorated
from phonesim.windows.gallery import build_gallery
from phonesim.windows.keyboard import DEFAULT_IME, DELETE, ENTER, SPACE
from phonesim.windows.stack import Windows, stack
from phonesim.world.formats import CHINA

Draw = Callable[[Node, int, int], Image.Image]
Moment = Literal["next_tap", "after_tap"]

WIDTH, HEIGHT = 1080, 2400
KEY_BACK, KEY_POWER, KEY_ENTER, KEY_DELETE, KEY_SLEEP, KEY_WAKEUP = 4, 26, 66, 67, 223, 224

# one at a time: PIL's fonts are shared and not made for threads
_painter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="painter")


class Device(TwoApps):
    """One phone. Everything runs on the event loop; drawing alone happens in a thread."""

    def __init__(self, serial: str, number: int, app: PracticeApp, pace: Pace, draw: Draw, articles: Articles) -> None:
        """`number` tells the phones of one shelf apart: it makes the address in the Wi-Fi network."""
        self.serial = serial
        self.number = number
        self.ip = f"192.168.{number // 250}.{number % 250 + 2}"
        super().__init__(app, ReaderApp(articles, app), pace)
        self.home_account = app.account_id  # who is logged in when nothing is wrong
        self.files = Files()
        self.files.place(BOOT_ID, f"{uuid.uuid4()}\n".encode(), 0o444)
        self.battery = Battery()
        self.landscape = False  # the screen is turned, and fingers meet it turned
        self.screen_on = True
        self.locked = False  # the keyguard shows, and takes every finger and key
        self.clipboard: str | None = None
        self.settings = {"secure default_input_method": DEFAULT_IME, **SETTINGS}
        self.app.keyboard.ime = lambda: self.settings["secure default_input_method"]
        self.notifications: list[str] = []  # words of those that the status bar shows
        self.properties = properties(serial)
        self.reverses = Reverses()
        self.ui: UiProcess | None = None
        self.calls = 0  # to its UI server, answered or not
        self.ran: deque[CallTime] = deque(maxlen=CALLS)
        self.awake = asyncio.Event()
        self.awake.set()
        self.finger_down: tuple[int, int, float] | None = None  # where and since when (monotonic)
        self.on_moment: Callable[[Moment, str], None] | None = None
        self._draw = draw

    @property
    def rough(self) -> Roughness:
        """The phone's habits."""
        return self.app.rough

    def roughen(self, rough: Roughness) -> None:
        """Give the phone these habits."""
        self.app.rough = rough
        self.battery = Battery(kind=rough.battery_of(self.number))

    def chance(self, of: float) -> bool:
        """Does something of this chance happen now? Drawn from the phone's own seed."""
        return of > 0 and self.app.rng.random() < of

    @contextmanager
    def timed(self, call: str) -> Iterator[None]:
        """Remember when the call that runs inside the block began and ended."""
        took = CallTime(call, time.time())
        self.ran.append(took)
        try:
            yield
        finally:
            took.ended = time.time()

    # the screen

    def screen(self) -> Node:
        """The window in front, and what lies over it as a dialog: where selectors look, and keys go."""
        if self.locked:
            return build_keyguard(*self.size)
        if self.apps.gallery is not None:
            return build_gallery(self.apps.gallery, *self.size)
        return decorated(self.front.render(*self.size))

    def windows(self) -> Windows:
        """All windows as they are now."""
        clock = datetime.fromtimestamp(self.app.world.now(), CHINA).strftime("%H:%M")
        bars = [status_bar(self.size[0], clock, self.battery.level, self.notifications), navigation_bar(*self.size)]
        keyboard = self.app.keyboard.window(*self.size) if self.keyboard_open else None
        return stack(self.screen(), keyboard, [] if self.locked else bars)

    @property
    def keyboard_open(self) -> bool:
        """Is the keyboard on the screen?"""
        return self.front is self.app and self.app.keyboard_open and not self.locked and self.apps.gallery is None

    def _over_app(self, x: int, y: int) -> bool:
        """Does another window than the app's take a finger there?"""
        if self.locked or self.apps.gallery is not None or (y < STATUS and not self.app.dialog_open):
            return True
        return self.keyboard_open and self.app.keyboard.pressed(*self.size, x, y) is not None

    def _press(self, x: int, y: int) -> None:
        """A finger taps: the app takes it, or a key of the keyboard, which types."""
        if not self._over_app(x, y):
            self.front.tap(x, y)
            return
        pressed = self.app.keyboard.pressed(*self.size, x, y) if self.keyboard_open else None
        if pressed == DELETE:
            self.type_text("", replace=False, erase=1)
        elif pressed == ENTER:
            self.app.key(KEY_ENTER)
        elif pressed:
            self.type_text(" " if pressed == SPACE else pressed, replace=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the screen as it stands, in pixels."""
        return (HEIGHT, WIDTH) if self.landscape else (WIDTH, HEIGHT)

    @property
    def auto_rotate(self) -> bool:
        """May the screen turn by itself?"""
        return self.settings["system accelerometer_rotation"] == "1"

    def turn(self, *, landscape: bool) -> None:
        """The screen stands upright or on its side."""
        self.landscape = landscape

    def allow_rotation(self, allowed: bool) -> None:
        """Switch auto-rotate; off, the screen goes back to where the user set it, upright."""
        self.settings["system accelerometer_rotation"] = "1" if allowed else "0"
        if not allowed:
            self.landscape = self.settings["system user_rotation"] in ("1", "3")

    def focused_input(self) -> Node | None:
        """The input field that has the focus, if any."""
        return next((node for node in self.screen().walk() if node.focused and node.cls.endswith("EditText")), None)

    async def picture(self, image_format: Literal["JPEG", "PNG"], quality: int = 80) -> bytes:
        """The screen as an encoded picture."""
        root = self.windows().picture()
        return await asyncio.get_running_loop().run_in_executor(_painter, self._encode, root, image_format, quality)

    async def pixels(self) -> bytes:
        """The screen as raw RGBA."""
        root = self.windows().picture()
        draw = lambda: self._draw(root, *self.size).convert("RGBA").tobytes()  # noqa: E731
        return await asyncio.get_running_loop().run_in_executor(_painter, draw)

    def _encode(self, root: Node, image_format: str, quality: int) -> bytes:
        buffer = io.BytesIO()
        options = {"quality": quality} if image_format == "JPEG" else {"compress_level": 1}
        self._draw(root, *self.size).convert("RGB").save(buffer, image_format, **options)
        return buffer.getvalue()

    # the finger

    async def tap(self, x: int, y: int) -> None:
        """Tap a pixel. A fault may strike before the tap takes effect, or between that and the answer."""
        await self._touch(x, y, lambda: self._press(x, y), self.pace.real["tap"])

    async def long_press(self, x: int, y: int, real_seconds: float) -> None:
        """Rest a finger on a pixel for that long on a real phone."""
        await self._touch(x, y, lambda: None if self._over_app(x, y) else self.front.long_press(x, y), real_seconds)

    async def swipe(self, x1: int, y1: int, x2: int, y2: int, real_seconds: float, *, rested: bool = False) -> None:
        """Drag a finger, taking that long on a real phone; `rested`: it lies still at the end before it leaves."""
        await self._take(real_seconds)
        if not self._over_app(x1, y1):
            self.front.swipe(x1, y1, x2, y2, rested=rested)

    async def key(self, code: int) -> None:
        """Press an Android key."""
        await self._take(self.pace.real["key"])
        if code == KEY_DELETE:
            self.type_text("", replace=False, erase=1)
        elif code == KEY_POWER:
            self.screen_on = not self.screen_on
        elif code in (KEY_SLEEP, KEY_WAKEUP):
            self.screen_on = code == KEY_WAKEUP
        elif not self.locked and not self.apps.leaves_gallery(code):
            self.front.key(code)

    def type_text(self, text: str, replace: bool, erase: int = 0) -> bool:
        """Type into the focused input field; False when there is none."""
        node = self.focused_input()
        if node is None:
            return False
        kept = "" if replace else node.text[: len(node.text) - erase]
        self.app.set_text(node, kept + text)
        return True

    async def _touch(self, x: int, y: int, act: Callable[[], None], real_seconds: float) -> None:
        target = self._resource_at(x, y) if self.on_moment else ""
        if self.on_moment:
            self.on_moment("next_tap", target)
            await asyncio.sleep(0)  # where the fault killed the process that carries this out, it ends here
        await self._take(real_seconds)
        act()
        if self.on_moment:
            self.on_moment("after_tap", target)
            await self.awake.wait()

    async def _take(self, real_seconds: float) -> None:
        """Let time go by; a phone that hangs meanwhile goes on when it wakes."""
        await self.pace.sleep(real_seconds)
        await self.awake.wait()

    def _resource_at(self, x: int, y: int) -> str:
        """The clickable node under a pixel, when the app takes a finger there."""
        return "" if self._over_app(x, y) else clickable_at(self.screen(), x, y)

    @property
    def free_kilobytes(self) -> int:
        """How much room is left on /data."""
        return 0 if self.files.full else FREE_KILOBYTES

    @property
    def network(self) -> bool:
        """Is the phone in its Wi-Fi network?"""
        return not self.app.network_down

    def set_network(self, up: bool) -> None:
        """Join or leave the Wi-Fi network."""
        self.app.network_down = not up
