"""Records what a flow sees and does on a phone, as files: each screen once, and the calls in their order.

A recording is a folder: `recording.json` with the calls, and the screens as hierarchy dumps. Screens have whatever the
app showed, also names of people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from flows.lossy import Shown
from flows.phone import Key, Phone
from flows.screen import Node, Screen

FILE = "recording.json"
MOST_CALLS = 20_000

Call = dict[str, Any]  # "call" names it; the other keys depend on it


@dataclass(slots=True)
class Recording:
    """One run of a flow. `now` is the moment that its session told; `result` or `failure` is how it ended.

    `page`: of evidence, which has one screen and no run, the page that the profile shall find on it, and `parts` the
    names of selectors that must find something there.
    """

    flow: str
    params: dict[str, Any] = field(default_factory=dict)
    account: str = ""
    seed: int = 1
    now: str = "2025-01-01T00:00:00+00:00"
    calls: list[Call] = field(default_factory=list)
    result: dict[str, Any] | None = None
    failure: str = ""  # its code
    page: str = ""
    parts: list[str] = field(default_factory=list)
    screens: dict[str, str] = field(default_factory=dict)  # name → dump

    def add_screen(self, dump: str) -> str:
        """Keeps a dump, once. Returns its name."""
        for name, known in self.screens.items():
            if known == dump:
                return name
        name = f"{len(self.screens) + 1:03}.xml"
        self.screens[name] = dump
        return name

    @property
    def moment(self) -> datetime:
        """Returns the moment of the session."""
        return datetime.fromisoformat(self.now)

    def write(self, folder: Path) -> None:
        """Writes the recording into a folder that does not exist yet. Raises OSError."""
        folder.mkdir(parents=True)
        for name, dump in self.screens.items():
            (folder / name).write_text(dump, encoding="utf-8")
        told = {key: value for key, value in asdict(self).items() if key != "screens"}
        (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_recording(folder: Path) -> Recording:
    """Reads a recording. Raises OSError, and ValueError when the folder has no recording that can be used."""
    try:
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        recording = Recording(**told)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{folder / FILE} is no recording: {error}") from error
    for name in {call["screen"] for call in recording.calls if call.get("call") == "look"}:
        if Path(name).name != name:
            raise ValueError(f"{folder / FILE} names a screen outside its folder: {name}")
        recording.screens[name] = (folder / name).read_text(encoding="utf-8")
    return recording


class RecordingPhone:
    """A phone that keeps every call in a recording. `seen` is told each screen, `touched` each touch in words."""

    def __init__(
        self,
        phone: Phone,
        recording: Recording,
        seen: Callable[[Screen], None] = lambda _: None,
        touched: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._phone = phone
        self._recording = recording
        self._seen = seen
        self._touched = touched

    @property
    def serial(self) -> str:
        return self._phone.serial

    def look(self) -> Screen:
        screen = self._phone.look()
        self._note({"call": "look", "screen": self._recording.add_screen(dump_of(screen))})
        self._seen(screen)
        return screen

    def texts(self, resource_id: str) -> list[Shown]:
        found = self._phone.texts(resource_id)
        kept = [{"text": one.text, "places": sorted(one.places)} for one in found]
        self._note({"call": "texts", "id": resource_id, "texts": kept})
        return found

    def tap(self, node: Node) -> None:
        self._touch({"call": "tap", "id": node.resource_id, "at": [*node.center]}, f"tap {node.resource_id}")
        self._phone.tap(node)

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        self._touch({"call": "swipe", "start": [*start], "end": [*end]}, f"swipe {start} to {end}")
        self._phone.swipe(start, end, seconds)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self._touch({"call": "swipe", "start": [*start], "end": [*end]}, f"swipe {start} to {end}")
        self._phone.drag(start, end)

    def set_text(self, node: Node, text: str) -> None:
        self._touch({"call": "set_text", "id": node.resource_id, "text": text}, f"type into {node.resource_id}")
        self._phone.set_text(node, text)

    def press(self, key: Key) -> None:
        self._touch({"call": "press", "id": key}, f"press {key}")
        self._phone.press(key)

    def screenshot(self) -> bytes:
        return self._phone.screenshot()

    def start_app(self, package: str) -> None:
        self._touch({"call": "start_app", "id": package}, f"start {package}")
        self._phone.start_app(package)

    def stop_app(self, package: str) -> None:
        self._touch({"call": "stop_app", "id": package}, f"stop {package}")
        self._phone.stop_app(package)

    def _touch(self, call: Call, words: str) -> None:
        self._note(call)
        self._touched(words)

    def _note(self, call: Call) -> None:
        if len(self._recording.calls) < MOST_CALLS:
            self._recording.calls.append(call)


def dump_of(screen: Screen) -> str:
    """Returns a dump from which `Screen.parse` makes this screen, with what flows see and nothing else."""
    lines = [f'<hierarchy rotation="{int(screen.on_its_side)}">']
    for root in screen.roots:
        lines.extend(_lines(root, 1))
    return "\n".join([*lines, "</hierarchy>", ""])


def _lines(node: Node, depth: int) -> list[str]:
    left, top, right, bottom = node.bounds
    told: Mapping[str, str] = {
        "resource-id": node.resource_id,
        "text": node.dump_text,
        "content-desc": node.desc,
        "class": node.cls,
        "package": node.package,
        "bounds": f"[{left},{top}][{right},{bottom}]",
        "enabled": "" if node.enabled else "false",
        **{
            name: "true" if on else ""
            for name, on in (
                ("selected", node.selected), ("clickable", node.clickable), ("scrollable", node.scrollable),
            )
        },
    }  # fmt: skip
    shown = " ".join(f"{name}={quoteattr(value, _SIGNS)}" for name, value in told.items() if value)
    indent = " " * depth
    if not node.children:
        return [f"{indent}<node {shown}/>"]
    return [
        f"{indent}<node {shown}>",
        *(line for one in node.children for line in _lines(one, depth + 1)),
        f"{indent}</node>",
    ]


_SIGNS = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}  # which XML would turn into blanks
