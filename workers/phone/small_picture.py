"""Makes a small picture of a phone's screenshot. Pure.

A JPEG is decoded at an eighth or a quarter of its size, so that a screenshot never lies in memory whole.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image

MOST_SIDE = 10_000  # pixels of a screenshot
QUALITIES = (60, 40, 20, 5)


class NoPicture(ValueError):
    """What the phone gave is no screenshot that can be made small; the message has the reason."""


def small_picture(screenshot: bytes, size: tuple[int, int], most: int) -> tuple[bytes, tuple[int, int]]:
    """Returns a WebP of at most `most` bytes that fits into `size` pixels, and the size of the screenshot in pixels.

    Raises NoPicture.
    """
    try:
        opened = Image.open(BytesIO(screenshot), formats=("JPEG",))
        whole = opened.size
        if max(whole) > MOST_SIDE:
            raise NoPicture(f"the screenshot has {whole[0]} × {whole[1]} pixels")
        small = _fitting(whole, size)
        opened.draft("RGB", small)
        image = opened.convert("RGB").resize(small, Image.Resampling.BICUBIC, reducing_gap=2.0)
        for quality in QUALITIES:
            kept = BytesIO()
            image.save(kept, "WEBP", quality=quality)
            if kept.tell() <= most:
                return kept.getvalue(), whole
    except NoPicture:
        raise
    except Exception as error:  # Pillow raises errors of every kind for damaged files
        raise NoPicture(f"the screenshot cannot be read: {type(error).__name__}: {error}"[:300]) from error
    raise NoPicture(f"the small picture has more than {most} bytes")


def _fitting(whole: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Returns the size of the small picture: in the shape of the screenshot, and never larger than it."""
    scale = min(size[0] / whole[0], size[1] / whole[1], 1.0)
    return max(1, round(whole[0] * scale)), max(1, round(whole[1] * scale))


def warm_up_pictures() -> None:
    """Loads what a first picture loads: before the fork, all workers share it."""
    kept = BytesIO()
    Image.new("RGB", (16, 16)).save(kept, "JPEG")
    small_picture(kept.getvalue(), (8, 8), 1000)
