"""The picture of a phone's number, large and in red, and whether a screenshot shows it. Pure."""

from __future__ import annotations

import math
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 540, 1200
RED, PAPER = "#e00000", "white"
FRAME = 28  # pixels of the red frame
MOST_LINES = 4
LEAST_RED = 0.05  # of a screenshot's pixels: the frame alone has 0.14 of the picture
SMALL = (54, 120)


def number_picture(text: str) -> bytes:
    """Returns a PNG with the text as large as it fits, in red on white with a red frame."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=RED, width=FRAME)
    lines, size = _largest(text)
    pen.multiline_text(
        (WIDTH / 2, HEIGHT / 2), "\n".join(lines), RED, ImageFont.load_default(size), "mm", align="center"
    )
    kept = BytesIO()
    image.quantize(16).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _largest(text: str) -> tuple[list[str], int]:
    """Returns the lines of the text, and the size of its letters in pixels."""
    best: tuple[list[str], int] = ([text], 1)
    for count in range(1, MOST_LINES + 1):
        each = max(1, math.ceil(len(text) / count))
        lines = [text[start : start + each] for start in range(0, len(text), each)]
        wide = max(ImageFont.load_default(100).getlength(line) for line in lines) / 100
        size = int(min((WIDTH - 4 * FRAME) / wide, (HEIGHT - 4 * FRAME) / (1.3 * len(lines))))
        best = max(best, (lines, size), key=lambda one: one[1])
    return best


def shows_number(screenshot: bytes) -> bool:
    """Returns whether enough of a screenshot is of the picture's red."""
    small = Image.open(BytesIO(screenshot)).convert("RGB").resize(SMALL).tobytes()
    pixels = zip(small[::3], small[1::3], small[2::3], strict=True)
    red = sum(r > 160 and g < 60 and b < 60 for r, g, b in pixels)
    return red >= LEAST_RED * SMALL[0] * SMALL[1]
