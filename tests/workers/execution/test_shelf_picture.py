"""Pictures for the shelf: while somebody watches, between two touches, at most every 30 s, and at no flow's cost."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from flows.phone import PhoneError
from models.fleet.phones import phone_online
from models.fleet.phones_alive import phones_alive
from models.fleet.pictures import picture_of, watch_shelf
from models.transactions.read_write import read
from tests.support.ledger.copied import copied_ledger
from tests.support.phones import Hold
from workers.execution.shelf_picture import EVERY_SECONDS, LOOK_SECONDS, MOST_BYTES, PAUSE_SECONDS, ShelfPictures
from workers.host.shelf_watch import ShelfPictureThread
from workers.runtime.picture_folder import PictureFolder
from workers.settings import read_settings

SERIAL = "SIM0001"


class Screen:
    """A phone's screen, or the trouble with it; counts how often it was asked for."""

    def __init__(self, answer: bytes | PhoneError) -> None:
        self.answer, self.asked = answer, 0

    def quick_screenshot(self) -> bytes:
        self.asked += 1
        if isinstance(self.answer, PhoneError):
            raise self.answer
        return self.answer


def jpeg() -> bytes:
    kept = BytesIO()
    Image.new("RGB", (1080, 2400), "#1f2a30").save(kept, "JPEG")
    return kept.getvalue()


def test_nobody_watches_so_no_phone_is_asked(tmp_path: Path) -> None:
    screen, clock = Screen(jpeg()), [0.0]
    pictures = ShelfPictures(SERIAL, PictureFolder(tmp_path), lambda: clock[0])
    for _ in range(100):
        assert not pictures.take(screen)
        clock[0] += LOOK_SECONDS
    assert screen.asked == 0


def test_a_watched_phone_gives_one_picture_in_thirty_seconds(tmp_path: Path) -> None:
    screen, clock, folder = Screen(jpeg()), [0.0], PictureFolder(tmp_path)
    pictures = ShelfPictures(SERIAL, folder, lambda: clock[0])
    folder.say_watched()
    taken = []
    while clock[0] <= 3 * EVERY_SECONDS:
        taken.append(pictures.take(screen))
        clock[0] += 0.5
    assert (sum(taken), screen.asked) == (4, 4)
    ((picture, _),) = folder.take().values()
    assert len(picture) <= MOST_BYTES
    assert Image.open(BytesIO(picture)).size == (68, 151)


@pytest.mark.parametrize("trouble", [b"no picture", PhoneError("phone_hung", "no answer", sent=True)])
def test_a_phone_that_gives_none_is_asked_once_in_five_minutes(tmp_path: Path, trouble: bytes | PhoneError) -> None:
    screen, clock, folder = Screen(trouble), [0.0], PictureFolder(tmp_path)
    pictures = ShelfPictures(SERIAL, folder, lambda: clock[0])
    folder.say_watched()
    while clock[0] < PAUSE_SECONDS:
        assert not pictures.take(screen)
        clock[0] += EVERY_SECONDS
    assert screen.asked == 1
    screen.answer = jpeg()
    assert pictures.take(screen)


def test_a_look_takes_the_picture_and_the_host_stores_it(tmp_path: Path, hold: Hold) -> None:
    engine = copied_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    phone_online(engine, SERIAL, "x", "test", "SimPhone", "life")
    thread = ShelfPictureThread(read_settings({"PHONEFLEET_VAR": str(tmp_path)}), engine)
    pictures, phone = ShelfPictures(SERIAL, PictureFolder(tmp_path)), hold(60)
    phone.before_look = lambda: pictures.take(phone)

    def shots() -> int:
        return sum(call.method == "takeScreenshot" for call in phone.calls)

    def host_reports() -> None:
        if phones_alive(engine, ["life"]).watched:
            thread.note_watched()
        thread.round()

    host_reports()
    phone.look()
    assert shots() == 0, "nobody watches"
    watch_shelf(engine)
    host_reports()
    pictures = ShelfPictures(SERIAL, PictureFolder(tmp_path))
    phone.look()
    phone.look()
    assert shots() == 1
    assert [call.method for call in phone.calls][-3:] == [
        "takeScreenshot",
        "dumpWindowHierarchy",
        "dumpWindowHierarchy",
    ]
    thread.round()
    stored = read(engine, lambda session: picture_of(session, SERIAL))
    assert stored is not None
    assert Image.open(BytesIO(stored)).size == (68, 151)
    engine.dispose()
