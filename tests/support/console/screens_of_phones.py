"""Pictures that look like an app's pages, for consoles without phones: a video, a list of comments, an author."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw
from sqlalchemy import Engine, select

from models.fleet.pictures import keep_pictures
from models.tables import Phone
from models.transactions.read_write import read
from workers.evidence.bundle import FACTS, Bundle, newest_strip
from workers.evidence.film import MOST_BYTES, SIZE, Frame, told
from workers.evidence.location import StorageLocation
from workers.evidence.storage import NotStored, Storage
from workers.execution import shelf_picture
from workers.phone.small_picture import small_picture
from workers.settings import settings

WIDTH, HEIGHT = 360, 800
INK, PAPER, GREY = "#1f2a30", "#f4f4f4", "#d9dcde"


def video(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    """A landscape, the buttons at its side and a title below it."""
    sky, land = chance.choice([("#8fb7d9", "#3d5a45"), ("#e2b07a", "#5b3f36"), ("#4a5f8c", "#20283a")])
    pen.rectangle((0, 0, WIDTH, HEIGHT), fill=sky)
    hills = [(0, HEIGHT), *((x, 430 + chance.randrange(90)) for x in range(0, WIDTH + 60, 60)), (WIDTH, HEIGHT)]
    pen.polygon(hills, fill=land)
    pen.rounded_rectangle((70, 520, 270, 590), 24, fill=chance.choice(["#b33a3a", "#e8e8e8", "#2d5f9a"]))
    for left in (95, 205):
        pen.ellipse((left, 570, left + 40, 610), fill="#111")
    for row in range(4):
        pen.ellipse((308, 360 + row * 70, 342, 394 + row * 70), fill="#ffffff")
    pen.rectangle((16, 690, 220, 704), fill="#ffffff")
    pen.rectangle((16, 716, 280, 726), fill="#ffffff")


def comments(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    """Faces and lines of text."""
    pen.rectangle((0, 0, WIDTH, HEIGHT), fill=PAPER)
    pen.rectangle((0, 0, WIDTH, 64), fill=INK)
    for row in range(8):
        top = 84 + row * 88
        pen.ellipse((20, top, 60, top + 40), fill=chance.choice(["#c98b6b", "#7a9cc6", "#8fb58a", GREY]))
        for line, most in ((4, 150), (26, 250), (46, 220)):
            pen.rectangle((76, top + line, 110 + chance.randrange(40, most), top + line + 10), fill=GREY)


def author(pen: ImageDraw.ImageDraw, chance: Random) -> None:
    """A head, and a grid of videos."""
    pen.rectangle((0, 0, WIDTH, HEIGHT), fill="white")
    pen.rectangle((0, 0, WIDTH, 180), fill="#2d4654")
    pen.ellipse((24, 130, 114, 220), fill="#e8c9a8", outline="white", width=5)
    for place in range(12):
        left, top = place % 3 * 120, 270 + place // 3 * 140
        pen.rectangle((left + 2, top, left + 118, top + 136), fill=f"#{chance.randrange(0x404040, 0xC0C0C0):06x}")


PAGES: tuple[Callable[[ImageDraw.ImageDraw, Random], None], ...] = (video, comments, video, author)


@cache
def screen(number: int) -> bytes:
    """A screenshot, a JPEG of 360 × 800 pixels; each number has its own."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    PAGES[number % len(PAGES)](ImageDraw.Draw(image), Random(number))
    kept = BytesIO()
    image.save(kept, "JPEG", quality=80)
    return kept.getvalue()


def shelf_pictures(engine: Engine) -> None:
    """A picture of each phone that is online."""
    online = select(Phone.serial).where(Phone.state == "online", Phone.paused.is_(False)).order_by(Phone.serial)
    serials = read(engine, lambda session: session.scalars(online).all())
    small = [small_picture(screen(n), shelf_picture.SIZE, shelf_picture.MOST_BYTES)[0] for n in range(24)]
    keep_pictures(engine, {serial: (small[place % 24], 4.0) for place, serial in enumerate(serials)})


def film(bundle: Bundle, steps: Sequence[str], **facts: object) -> None:
    """Stores a strip of these steps beside the evidence of an attempt, with further `facts` in its evidence.json."""
    place = StorageLocation.of(settings().evidence)
    storage, path = Storage(place), place.path(bundle, FACTS)
    frames = []
    for number, step in enumerate(steps):
        picture, size = small_picture(screen((3, 0, 1, 2)[number % 4]), SIZE, MOST_BYTES)
        frames.append(Frame(step, 2.5 * number, picture, size))
    shown, files = told(frames)
    try:
        known = json.loads(storage.get(path))
    except NotStored:
        known = {}
    for name, data in files.items():
        storage.put(place.path(bundle, name), data)
    storage.put(path, json.dumps({**known, **facts, "film": shown}).encode())


def newest_success(bundle: Bundle, flow: str, steps: Sequence[str]) -> None:
    """Stores the strip of an attempt that succeeded as the newest of its flow."""
    film(bundle, steps, succeeded=True, flow=flow)
    place = StorageLocation.of(settings().evidence)
    named = json.dumps({"task_id": bundle.task_id, "attempt": bundle.attempt}).encode()
    Storage(place).put(f"{place.root}/{newest_strip(flow, sandbox=False)}", named)
