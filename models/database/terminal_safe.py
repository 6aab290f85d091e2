"""Text of others where people read it: on a screen, in a log. What would steer a terminal is shown, not obeyed."""

from __future__ import annotations

# Controls as the pictures that Unicode has for them (U+2400 on); those of ISO 6429's upper half, and the marks
# that turn the direction of what follows, have none.
_SHOWN = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_SHOWN |= dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
_ON_A_SCREEN = {code: shown for code, shown in _SHOWN.items() if chr(code) not in "\n\t"}


def on_screen(text: str) -> str:
    """The text for a terminal; it keeps its lines."""
    return text.translate(_ON_A_SCREEN)


def on_one_line(text: str) -> str:
    """The text for a log: a line break would look like a line of the log's own."""
    return text.translate(_SHOWN)
