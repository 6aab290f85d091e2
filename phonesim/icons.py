"""The small pictures on buttons, drawn with lines: no image files to carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import ImageDraw

from phonesim.node import Bounds

Icon = Callable[[ImageDraw.ImageDraw, Bounds, str], None]


def _square(bounds: Bounds, part: float) -> tuple[float, float, float]:
    """The middle of a box, and half the side of an icon that fills `part` of it."""
    left, top, right, bottom = bounds
    return (left + right) / 2, (top + bottom) / 2, min(right - left, bottom - top) * part / 2


def heart(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    x, y, half = _square(bounds, 0.7)
    pen.ellipse((x - half, y - half, x + half * 0.08, y + half * 0.25), fill=ink)
    pen.ellipse((x - half * 0.08, y - half, x + half, y + half * 0.25), fill=ink)
    pen.polygon(((x - half * 0.93, y - half * 0.1), (x + half * 0.93, y - half * 0.1), (x, y + half)), fill=ink)


def bubble(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    x, y, half = _square(bounds, 0.75)
    pen.ellipse((x - half, y - half * 0.85, x + half, y + half * 0.7), fill=ink)
    tail = ((x - half * 0.7, y + half * 0.3), (x - half * 0.1, y + half * 0.6), (x - half * 0.8, y + half))
    pen.polygon(tail, fill=ink)


def dots(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    x, y, half = _square(bounds, 0.6)
    for place in (-0.8, 0.0, 0.8):
        dot = x + half * place
        pen.ellipse((dot - half * 0.2, y - half * 0.2, dot + half * 0.2, y + half * 0.2), fill=ink)


def cross(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    x, y, half = _square(bounds, 0.4)
    pen.line((x - half, y - half, x + half, y + half), fill=ink, width=5)
    pen.line((x - half, y + half, x + half, y - half), fill=ink, width=5)


def arrow(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    x, y, half = _square(bounds, 0.4)
    pen.line((x + half * 0.5, y - half, x - half * 0.5, y, x + half * 0.5, y + half), fill=ink, width=6)


def person(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    x, y, half = _square(bounds, 1.0)
    pen.ellipse((x - half, y - half, x + half, y + half), fill=ink)
    pen.ellipse((x - half * 0.35, y - half * 0.55, x + half * 0.35, y + half * 0.1), fill="white")
    pen.pieslice((x - half * 0.65, y + half * 0.15, x + half * 0.65, y + half * 1.4), 180, 360, fill="white")


def play(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    x, y, half = _square(bounds, 0.4)
    pen.polygon(((x - half * 0.7, y - half), (x - half * 0.7, y + half), (x + half, y)), fill=ink)


def tick(pen: ImageDraw.ImageDraw, bounds: Bounds, ink: str) -> None:
    _left, top, right, bottom = bounds
    y, half = (top + bottom) / 2, (bottom - top) * 0.15
    x = right - half * 4
    pen.line((x - half, y, x - half * 0.2, y + half, x + half * 1.4, y - half), fill=ink, width=6)


def scene(pen: ImageDraw.ImageDraw, bounds: Bounds, _ink: str) -> None:
    """Stands for the moving picture: a road at dusk."""
    left, top, right, bottom = bounds
    wide, high = right - left, bottom - top
    for band in range(24):
        shade = f"#{30 + band * 3:02x}{36 + band * 2:02x}{58 + band:02x}"
        pen.rectangle((left, top + high * band // 40, right, top + high * (band + 1) // 40), fill=shade)
    horizon = top + high * 24 // 40
    pen.ellipse((left + wide * 0.62, horizon - wide * 0.2, left + wide * 0.8, horizon - wide * 0.02), fill="#f2b36b")
    ridge = ((0.0, 0.0), (0.2, 0.09), (0.38, 0.03), (0.6, 0.12), (0.85, 0.04), (1.0, 0.07), (1.0, 0.0))
    pen.polygon([(left + wide * x, horizon - high * y) for x, y in ridge], fill="#2a3145")
    pen.rectangle((left, horizon, right, bottom), fill="#171a22")
    road = ((0.48, 0.0), (0.52, 0.0), (0.95, 0.4), (0.05, 0.4))
    pen.polygon([(left + wide * x, horizon + high * y) for x, y in road], fill="#2d3038")
    for stripe in range(5):
        y = horizon + high * 0.4 * (stripe + 0.3) ** 2 / 25
        half = 3 + stripe * 4
        pen.rectangle((left + wide / 2 - half, y, left + wide / 2 + half, y + 14 + stripe * 22), fill="#d9d4c4")


def disc(pen: ImageDraw.ImageDraw, bounds: Bounds, code: int) -> None:
    """Stands for an emoji: faces are yellow and all others have a colour of their own."""
    x, y, half = _square(bounds, 0.9)
    face = 0x1F600 <= code <= 0x1F64F
    fill = "#ffcc33" if face else f"#{code * 7919 % 0x9F + 0x50:02x}{code * 104729 % 0x9F + 0x40:02x}50"
    pen.ellipse((x - half, y - half, x + half, y + half), fill=fill)
    if face:
        for side in (-0.35, 0.35):
            eye = x + half * side
            pen.ellipse((eye - half * 0.12, y - half * 0.4, eye + half * 0.12, y - half * 0.1), fill="#553300")
        mouth = half * (0.3 + code % 4 * 0.12)  # 😀 and 😂 do not smile alike
        pen.chord((x - mouth, y - mouth * 0.4, x + mouth, y + mouth * 1.3), 0, 180, fill="#553300")
        if code == 0x1F602:
            pen.ellipse((x - half, y - half * 0.1, x - half * 0.6, y + half * 0.4), fill="#55aaff")
            pen.ellipse((x + half * 0.6, y - half * 0.1, x + half, y + half * 0.4), fill="#55aaff")


ICONS: Mapping[str, Icon] = MappingProxyType(
    {
        "arrow": arrow,
        "bubble": bubble,
        "cross": cross,
        "dots": dots,
        "heart": heart,
        "person": person,
        "play": play,
        "scene": scene,
        "tick": tick,
    }
)
