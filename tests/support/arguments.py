"""Numbers on the command line of a benchmark or of chaos, refused before any server starts."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """Returns an argparse type for whole numbers from `least` on."""

    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if found < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return found

    return number


def within(least: float, most: float) -> Callable[[str], float]:
    """Returns an argparse type for numbers from `least` to `most`; nan is none."""

    def number(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least:g} to {most:g}")
        return found

    return number
