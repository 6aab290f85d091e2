"""A screenshot becomes a small picture of a bounded size, whatever the phone gives."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest
from PIL import Image

from workers.phone.small_picture import MOST_SIDE, NoPicture, small_picture


def screenshot(width: int, height: int, kind: str = "JPEG", *, noise: bool = False) -> bytes:
    image = Image.new("RGB", (width, height), "#0b625b")
    if noise:  # a small picture of it keeps its contrast: squares of 24 pixels
        squares = Image.frombytes(
            "RGB", (width // 24, height // 24), Random(1).randbytes(width // 24 * (height // 24) * 3)
        )
        image = squares.resize((width, height), Image.Resampling.NEAREST)
    kept = BytesIO()
    image.save(kept, kind)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((1080, 2400), (90, 200)),
        ((720, 1600), (90, 200)),
        ((2400, 1080), (90, 40)),
        ((1440, 3200), (90, 200)),
        ((60, 100), (60, 100)),
        ((1, 4000), (1, 200)),
    ],
)
def test_it_fits_and_keeps_its_shape(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    picture, whole = small_picture(screenshot(*size), (90, 200), 3000)
    assert (Image.open(BytesIO(picture)).size, whole) == (wanted, size)
    assert Image.open(BytesIO(picture)).format == "WEBP"


def test_a_busy_screen_costs_quality_and_never_more_bytes() -> None:
    busy = screenshot(1080, 2400, noise=True)
    fine, _ = small_picture(busy, (90, 200), 20_000)
    coarse, _ = small_picture(busy, (90, 200), len(fine) - 1)
    assert len(coarse) < len(fine)
    with pytest.raises(NoPicture, match="more than 100 bytes"):
        small_picture(busy, (90, 200), 100)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\xff\xd8\xff",
        b"<svg onload='alert(1)'/>",
        screenshot(50, 50)[:300],
        screenshot(1080, 2400, "PNG"),
        screenshot(50, 50, "GIF"),
        screenshot(MOST_SIDE + 1, 1),
    ],
)
def test_what_is_no_screenshot_is_refused(given: bytes) -> None:
    with pytest.raises(NoPicture):
        small_picture(given, (90, 200), 3000)
