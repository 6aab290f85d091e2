"""A real or a simulated phone as flows use it; this code cannot distinguish them."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar, Self

from uiautomator2.exceptions import UiObjectNotFoundError

from flows.lossy import Shown
from flows.phone import Key, PhoneError
from flows.screen import Node, Screen, ScreenError
from workers.phone.device import Call, FleetDevice
from workers.phone.readings import Battery, Unreadable, read_battery
from workers.phone.shown import read_shown

STEPS_A_SECOND = 200  # UiDevice.swipe takes steps of 5 ms
DRAG_STEPS = 24  # of each third; the last one rests for 120 ms, for Android reckons a finger's speed from its last 100
DEPTH = 50  # uiautomator2's own default for a dump
PLAIN_TEXT = "1"  # every field takes it; it is never sent
SET_TEXT_TRIES = 4
SERVICE_TRIES, SERVICE_PAUSE = 5, 0.3  # seconds; a service that restarts is back within a second
TURN_TRIES = 2
QUICK_SECONDS, QUICK_QUALITY = 2.0, 40  # of a picture that nobody waits for
PICTURE = "/sdcard/Download/phonefleet-number.png"  # where galleries may read
_VERSION = re.compile(r"versionName=(\S+)")
LAUNCHER, NO_ACTIVITY = "android.intent.category.LAUNCHER", "No activity found"


class U2Phone:
    """Implements flows.phone.Phone with uiautomator2. One per phone and process; not for several threads.

    Every method raises PhoneError.
    """

    _open: ClassVar[set[str]] = set()

    def __init__(self, device: FleetDevice, address: str, serial: str) -> None:
        self._device = device
        self._address = address
        self._serial = serial
        self._last: Screen | None = None
        self.before_look: Callable[[], object] | None = None  # called between a touch and the next look

    @classmethod
    def connect(cls, address: str, serial: str, adb_port: int, remaining: Callable[[], float]) -> Self:
        """Connects to the phone that adb knows by `address`, and starts a UI server for this connection.

        Ends a server that runs there already, because queued calls of its former user could still run in it.
        `remaining` returns the seconds that the task has left; no call takes longer. Raises PhoneError, and
        RuntimeError when this process is connected to the phone already.
        """
        if address in cls._open:
            raise RuntimeError(f"this process holds phone {address} already; close() it first")
        phone = cls(FleetDevice(address, adb_port, remaining), address, serial)
        try:
            phone.restart_ui_server()
        except BaseException:
            phone._device.release()
            raise
        cls._open.add(address)
        return phone

    def close(self) -> None:
        """Closes the connection. The phone's UI server ends."""
        self._device.release()
        self._open.discard(self._address)

    @property
    def serial(self) -> str:
        """Returns the phone's own serial (ro.serialno)."""
        return self._serial

    @property
    def calls(self) -> deque[Call]:
        """Returns the last 50 calls, for evidence."""
        return self._device.calls

    def look(self) -> Screen:
        """Returns the whole screen, from one hierarchy dump."""
        if self.before_look is not None:
            self.before_look()
        screen = self._dump()
        for _ in range(TURN_TRIES):
            if not screen.on_its_side:
                break
            self._device.jsonrpc.setOrientation("natural")  # profiles are written for portrait screens
            screen = self._dump()
        self._last = screen
        return screen

    def _dump(self) -> Screen:
        dump = self._device.jsonrpc.dumpWindowHierarchy(False, DEPTH)
        try:
            return Screen.parse(dump if isinstance(dump, str) else "")
        except ScreenError as error:
            raise PhoneError("ui_server_lost", f"cannot read the screen: {error}", sent=True) from error

    def texts(self, resource_id: str) -> list[Shown]:
        """Returns the present nodes of one id with their whole texts, in one call: as JSON, not from a dump."""
        selector = self._device(resourceId=resource_id).selector
        answer = self._device.jsonrpc.objInfoOfAllInstances(selector)
        return [shown for each in answer if (shown := read_shown(each))] if isinstance(answer, list) else []

    def tap(self, node: Node) -> None:
        """Taps the middle of a node. Never sent twice, and not sent for a node off the screen."""
        name = node.resource_id or node.cls or "a node"
        if not node.has_place:
            raise PhoneError("page_not_reached", f"{name} has no place on the screen", sent=False)
        self._refuse_beside(node.center, name)
        self._device.jsonrpc.click(*node.center)

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        """Drags a finger from start to end (pixels). Never sent twice, and not sent for a start off the screen."""
        self._refuse_beside(start, "the finger's start")
        self._device.jsonrpc.swipe(*start, *end, max(2, int(seconds * STEPS_A_SECOND)))

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """As `swipe`, but the finger lies still at the end before it leaves: Android then does not let a list run on.

        One finger goes from point to point, each part in as many steps; UiDevice's own `drag` is another gesture, which
        begins with a long press.
        """
        self._refuse_beside(start, "the finger's start")
        middle = ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        self._device.jsonrpc.swipePoints([*start, *middle, *end, *end], DRAG_STEPS)

    def set_text(self, node: Node, text: str) -> None:
        """Replaces the text of an input field; tries again when the field did not take it.

        Raises PhoneError('text_refused') when the field takes a plain text, and 'text_not_set' when it takes none.
        """
        field = {"resourceId": node.resource_id, "packageName": node.package, "instance": self._instance(node)}
        selector = self._device(**field).selector
        call = self._device.jsonrpc
        try:
            for _ in range(SET_TEXT_TRIES):
                if call.setText(selector, text) is not False or call.getText(selector) == text:
                    return
                call.click(selector)  # the focus, which some fields want before they take anything
                call.clearTextField(selector)
            takes_another = call.setText(selector, PLAIN_TEXT) is not False
            call.clearTextField(selector)
        except UiObjectNotFoundError as error:
            raise PhoneError("page_not_reached", f"no input field {node.resource_id}", sent=False) from error
        if takes_another:
            reason = f"{node.resource_id} took another text, and not this one, {SET_TEXT_TRIES} times in a row"
            raise PhoneError("text_refused", reason, sent=False)
        reason = f"{node.resource_id} took no text, {SET_TEXT_TRIES} times in a row"
        raise PhoneError("text_not_set", reason, sent=False)

    def press(self, key: Key) -> None:
        """Presses a key. Never sent twice."""
        self._device.jsonrpc.pressKey(key)

    def screenshot(self) -> bytes:
        """Returns the screen's picture as JPEG bytes."""
        return self._picture(self._device.jsonrpc.takeScreenshot(1, 80))

    def quick_screenshot(self) -> bytes:
        """Returns the screen's picture as JPEG bytes, of a low quality and within 2 s."""
        return self._picture(self._device.jsonrpc_call("takeScreenshot", [1, QUICK_QUALITY], QUICK_SECONDS))

    def _picture(self, picture: object) -> bytes:
        try:
            if not isinstance(picture, str):
                raise TypeError("no text")
            return base64.b64decode(picture, validate=True)
        except (TypeError, binascii.Error) as error:
            raise PhoneError("ui_server_lost", "the phone gave no picture", sent=True) from error

    def show_picture(self, png: bytes) -> None:
        """Wakes the screen, and shows a picture in the phone's own gallery. Raises PhoneError.

        A phone with several galleries may show its question which one to use instead: look at a screenshot.
        """
        self._device.push(png, PICTURE)
        self._device.shell(["input", "keyevent", "KEYCODE_WAKEUP"])
        view = ["am", "start", "-a", "android.intent.action.VIEW", "-d", f"file://{PICTURE}", "-t", "image/png"]
        said = self._ask_service(view, lambda out: "Starting:" in out)
        if "Error" in said:
            raise PhoneError("page_not_reached", f"no app shows a picture: {said.strip()[-200:]}", sent=True)

    def put_picture_away(self) -> None:
        """Leaves the picture for the home screen, and deletes it. Raises PhoneError."""
        self.press("home")
        self._device.shell(["rm", "-f", PICTURE])

    def start_app(self, package: str) -> None:
        """Brings the app to the foreground, at its first page. Raises PhoneError('app_missing').

        Starts it by its activity's name, because the usual `monkey` command switches auto-rotate on.
        """
        said = self._ask_service(
            ["am", "start", "-n", self._launcher_activity(package)], lambda out: "Starting:" in out
        )
        if "Error" in said:
            raise PhoneError("page_not_reached", f"{package} cannot be started: {said.strip()[-200:]}", sent=True)

    def stop_app(self, package: str) -> None:
        """Force-stops the app."""
        self._device.shell(["am", "force-stop", package])

    def restart_ui_server(self) -> None:
        """Ends the UI server with all its queued calls, and starts another one."""
        self._device.stop_uiautomator(wait=True)
        self._device.start_uiautomator()

    def battery(self) -> Battery:
        """Returns charge and temperature."""
        try:
            return read_battery(self._device.shell("dumpsys battery").output)
        except Unreadable as error:
            raise PhoneError("phone_hung", str(error), sent=True) from error

    def app_version(self, package: str) -> str | None:
        """Returns the version name of an app; None when it is not installed."""
        match = _VERSION.search(self._device.shell(["dumpsys", "package", package]).output)
        return match[1] if match else None

    def _launcher_activity(self, package: str) -> str:
        """Returns `PACKAGE/ACTIVITY` of the app's icon. Raises PhoneError('app_missing')."""
        question = ["cmd", "package", "resolve-activity", "--brief", "-c", LAUNCHER, package]
        said = self._ask_service(question, lambda out: f"{package}/" in out or NO_ACTIVITY in out)
        if NO_ACTIVITY in said:
            raise PhoneError("app_missing", f"{package} cannot be started: it has no icon here", sent=True)
        return next(line.strip() for line in said.splitlines() if line.strip().startswith(f"{package}/"))

    def _ask_service(self, command: list[str], answers: Callable[[str], bool]) -> str:
        """Returns the output of an Android command; runs it again while its service fails. Raises PhoneError."""
        said = ""
        for turn in range(SERVICE_TRIES):
            if turn:
                time.sleep(SERVICE_PAUSE)
            said = str(self._device.shell(command).output)
            if answers(said):
                return said
        reason = f"{' '.join(command[:3])} says {said.strip()[:200]!r}, {SERVICE_TRIES} times in a row"
        raise PhoneError("phone_hung", reason, sent=True)

    def _refuse_beside(self, point: tuple[int, int], what: str) -> None:
        """Raises PhoneError unless the pixel is on the screen of the last look."""
        if self._last is not None and not self._last.has_pixel(point):
            raise PhoneError("page_not_reached", f"{what} at {point} lies beside the screen", sent=False)

    def _instance(self, node: Node) -> int:
        """Returns the node's index among the nodes of its package and id, on the screen of the last look."""
        same = self._last.of({node.package}).all(node.resource_id) if self._last is not None else []
        return next((place for place, other in enumerate(same) if other is node), 0)
