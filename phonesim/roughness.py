"""How rough a simulated phone is: what real phones do that a kind one does not, each by name.

All is off by default. `Roughness.rough()` is a shelf of phones as they are; docs/phonesim.md says which
public reports each of them comes from.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

BatteryKind = Literal["right", "absent", "nonsense", "twice", "mixed"]
BATTERIES: tuple[BatteryKind, ...] = ("right", "absent", "nonsense", "twice")


class NotRough(ValueError):
    """An option that there is not, or a value that it does not take; the text says what it takes."""


@dataclass(frozen=True, slots=True)
class Roughness:
    """One phone's habits. Chances are between 0 (never) and 1 (each time)."""

    inertia: float = 1.0  # a list runs on after a swipe, by up to this factor of the finger's way
    inertia_at_rest: bool = False  # it does so even when the finger lay still before it left
    textless_rows: bool = False  # some comments are stickers or pictures alone
    slow_fields: bool = False  # names, ids, counts and moments of a page come later than its frame
    set_text_fails: float = 0.0  # chance that setText answers false and leaves the field as it is
    emoji_refused: bool = False  # input fields take no text with emoji: setText answers false each time
    inject_refused: bool = False  # INJECT_EVENTS is refused: no finger, key or text reaches the screen
    monkey_rotates: bool = False  # `monkey` switches auto-rotate on, and the screen turns to landscape
    battery: BatteryKind = "right"  # what `dumpsys battery` says; mixed: each phone one of the kinds
    service_fails: float = 0.0  # chance that pm, cmd or dumpsys says "Failure calling service …" and nothing else
    emoji: bool = False  # every name, title and comment of the world has emoji; set when the shelf starts

    @classmethod
    def rough(cls) -> Roughness:
        """A shelf as real ones are. INJECT_EVENTS stays allowed: a phone that refuses it can do nothing."""
        return cls(
            inertia=2.0,
            textless_rows=True,
            slow_fields=True,
            set_text_fails=0.2,
            monkey_rotates=True,
            battery="mixed",
            service_fails=0.1,
            emoji=True,
        )

    def with_options(self, options: Mapping[str, Any]) -> Roughness:
        """These habits with some changed. Raises NotRough."""
        return replace(self, **{name: _value(name, value) for name, value in options.items()})

    @classmethod
    def parse(cls, text: str) -> Roughness:
        """From a command line: `inertia=1.6,textless_rows`; an empty text is all of a rough shelf. Raises NotRough."""
        if not text:
            return cls.rough()
        options = {}
        for item in text.split(","):
            name, given, value = item.strip().partition("=")
            options[name] = value if given else True
        return cls().with_options(options)

    def runs_on(self, *, rested: bool) -> float:
        """By how many times the finger's way a list runs on at most; `rested`: the finger lay still before it left."""
        return 0.0 if rested and not self.inertia_at_rest else self.inertia - 1

    def battery_of(self, number: int) -> BatteryKind:
        """What the battery of the shelf's phone of this number says."""
        return BATTERIES[number % len(BATTERIES)] if self.battery == "mixed" else self.battery


def is_sticker(comment_id: str) -> bool:
    """Is this comment of the crowd one without text, on phones with textless rows? One in six is."""
    return zlib.crc32(comment_id.encode()) % 6 == 0


def _value(name: str, value: Any) -> Any:
    kinds = {field.name: type(field.default) for field in fields(Roughness)}
    if name not in kinds:
        raise NotRough(f"there is no roughness {name!r}; there are {', '.join(kinds)}")
    if name == "battery":
        if value not in get_args(BatteryKind):
            raise NotRough(f"battery: {value!r} is none of {', '.join(get_args(BatteryKind))}")
        return value
    if kinds[name] is bool:
        if value not in (True, False, "true", "false"):
            raise NotRough(f"{name}: {value!r} is neither true nor false")
        return value in (True, "true")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise NotRough(f"{name}: {value!r} is no number") from None
    least, most = (1.0, 10.0) if name == "inertia" else (0.0, 1.0)
    if not least <= number <= most:
        raise NotRough(f"{name}: {number:g} is not between {least:g} and {most:g}")
    return number
