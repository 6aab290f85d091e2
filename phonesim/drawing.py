"""Draws the screen: a Node tree becomes a picture that a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from phonesim.icons import ICONS, disc
from phonesim.node import Bounds, Node
from phonesim.palette import Look, backdrop, look_of

FONT_PLACES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
)
EMOJI_FROM = "\U0001f000"
INVISIBLE = "\u200d\ufe0f"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw(root: Node, width: int, height: int) -> Image.Image:
    """The picture of a screen, `width` × `height` pixels, RGB.

    Draws Chinese with the first font of FONT_PLACES that is there; with none, Pillow's own font
    draws boxes for it, and nothing fails.
    """
    image = Image.new("RGB", (width, height), backdrop(root))
    _draw_tree(image, root, width / 1080, None)
    return image


@lru_cache(maxsize=64)
def font(size: int) -> Font:
    """The font for a text of so many pixels."""
    for place in FONT_PLACES:
        if Path(place).is_file():
            try:
                return ImageFont.truetype(place, size)
            except OSError:  # a broken font file; another may do
                continue
    return ImageFont.load_default(size)


def _draw_tree(image: Image.Image, node: Node, scale: float, edge: Bounds | None) -> None:
    """`edge`: the list that cuts off what it holds."""
    _draw_node(image, node, look_of(node), scale, edge)
    if node.scrollable:
        layer = image.copy()
        for child in node.children:
            _draw_tree(layer, child, scale, node.bounds)
        image.paste(layer.crop(node.bounds), node.bounds)
    else:
        for child in node.children:
            _draw_tree(image, child, scale, edge)


def _draw_node(image: Image.Image, node: Node, look: Look, scale: float, edge: Bounds | None) -> None:
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = node.bounds
    if right <= left or bottom <= top:
        return
    if look.veil:
        shade = Image.new("RGB", (right - left, bottom - top), "black")
        image.paste(Image.blend(image.crop(node.bounds), shade, look.veil), node.bounds)
    if look.fill:
        pen.rounded_rectangle((left, top, right - 1, bottom - 1), round(look.radius * scale), fill=look.fill)
    if node.picture:
        _show(image, node)
    if look.line:
        pen.line((left, bottom - 1, right, bottom - 1), fill=look.line)
    if look.icon:
        ICONS[look.icon](pen, node.bounds, look.ink)
    text = node.text or (node.desc if look.hint else "")
    if text:
        ink = look.ink if node.text else "#9a9a9a"
        pad = round(look.pad * scale)
        _write(pen, (left + pad, top, right - pad, bottom), text, round(look.size * scale), ink, look.centred, edge)


def _show(image: Image.Image, node: Node) -> None:
    """Paint a picture as large as fits into its node."""
    left, top, right, bottom = node.bounds
    fitting = ImageOps.contain(Image.open(BytesIO(node.picture)).convert("RGB"), (right - left, bottom - top))
    image.paste(fitting, ((left + right - fitting.width) // 2, (top + bottom - fitting.height) // 2))


def _write(
    pen: ImageDraw.ImageDraw, box: Bounds, text: str, size: int, ink: str, centred: bool, edge: Bounds | None
) -> None:
    left, top, right, bottom = box
    letters = font(size)
    step = int(size * 1.28)
    lines = list(_lines(text, right - left, letters))
    if edge and top == edge[1]:  # the list cut it off above
        y = bottom - step * len(lines)
    elif edge and bottom == edge[3]:
        y = top
    else:
        lines = lines[: max(1, (bottom - top) // step)]
        y = top + max(0, (bottom - top - step * len(lines)) // 2)
    for line in lines:
        x = left + max(0, int(right - left - _width(line, letters)) // 2) if centred else left
        _write_line(pen, (x, y), line, letters, size, ink)
        y += step


def _write_line(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], line: str, letters: Font, size: int, ink: str
) -> None:
    x, y = at
    run = ""
    for character in line + "\0":  # the mark at the end writes the last run
        if run and (character >= EMOJI_FROM or character == "\0"):
            pen.text((x, y), run, fill=ink, font=letters)
            x += letters.getlength(run)
            run = ""
        if character >= EMOJI_FROM:
            disc(pen, (round(x), round(y + size * 0.15), round(x + size), round(y + size * 1.15)), ord(character))
            x += size
        elif character != "\0":
            run += character


def _lines(text: str, width: int, letters: Font) -> Iterator[str]:
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for character in paragraph:
            if character in INVISIBLE:
                continue
            advance = _advance(character, letters)
            if line and used + advance > width:
                yield line
                line, used = "", 0.0
            line += character
            used += advance
        yield line


def _width(line: str, letters: Font) -> float:
    return sum(_advance(character, letters) for character in line)


@lru_cache(maxsize=8192)
def _advance(character: str, letters: Font) -> float:
    if character >= EMOJI_FROM:
        return float(letters.size) if isinstance(letters, ImageFont.FreeTypeFont) else 12.0
    return letters.getlength(character)
