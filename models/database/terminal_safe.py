"""Makes external text safe for screens and logs: control characters become visible, so that no terminal obeys them."""

from __future__ import annotations

# Control characters become Unicode's pictures of them (from U+2400). ISO 6429's upper half and the marks that change
# the direction of text have no pictures.
_SHOWN = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_SHOWN |= dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
_ON_A_SCREEN = {code: shown for code, shown in _SHOWN.items() if chr(code) not in "\n\t"}


def on_screen(text: str) -> str:
    """Returns the text for a terminal; its line breaks stay."""
    return text.translate(_ON_A_SCREEN)


def on_one_line(text: str) -> str:
    """Returns the text for a log, without line breaks: a break could fake a line of the log."""
    return text.translate(_SHOWN)
