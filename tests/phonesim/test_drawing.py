"""The drawn screen is a picture one can read, on any machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from phonesim import drawing
from phonesim.drawing import draw
from tests.phonesim.practice_hand import HEIGHT, WIDTH, Hand, busy_video


@pytest.fixture(params=["with the fonts of this machine", "with no font at all"])
def fonts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "with no font at all":
        monkeypatch.setattr(drawing, "FONT_PLACES", ("/nowhere/font.ttc",))
    drawing.font.cache_clear()
    yield
    drawing.font.cache_clear()


def _picture(hand: Hand, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    return draw(hand.app.render(width, height), width, height)


def _colours(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    part = picture.crop(box)
    found = part.getcolors(maxcolors=part.width * part.height)
    assert found is not None
    return len(found)


SCREENS: dict[str, Callable[[Hand], object]] = {
    "launcher": lambda hand: hand.app.key(3),
    "feed": lambda hand: None,
    "author": lambda hand: hand.app.open_author("xiaopeng"),
    "comments": lambda hand: hand.app.open_comments(busy_video(hand.world)),
    "me": lambda hand: hand.tap("tab_me"),
    "login": lambda hand: setattr(hand.app, "logged_out", True),
    "popup": lambda hand: hand.app.show_popup("更新提示"),
    "crash": lambda hand: hand.app.crash(),
    "toast": lambda hand: hand.app.toast("评论成功"),
}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.usefixtures("fonts")
def test_every_text_leaves_ink_where_its_node_is(screen: str) -> None:
    hand = Hand()
    SCREENS[screen](hand)
    picture = _picture(hand)
    assert (picture.size, picture.mode) == ((WIDTH, HEIGHT), "RGB")
    on_top = hand.app.render(WIDTH, HEIGHT).children[-1]  # what lies below it may be covered
    texts = [node for node in on_top.walk() if node.text.strip() and node.bounds[3] - node.bounds[1] >= 30]
    assert texts
    for node in texts:
        assert _colours(picture, node.bounds) > 1, node.resource_id
    assert _colours(picture, (0, 0, WIDTH, HEIGHT)) > 8


def test_the_feed_is_dark_and_the_comments_are_white() -> None:
    hand = Hand()
    assert sum(_picture(hand).getpixel((5, 2000)) or (255,)) < 200  # type: ignore[arg-type]
    SCREENS["comments"](hand)
    assert _picture(hand).getpixel((540, 560)) == (255, 255, 255)


def test_different_screens_are_different_pictures_and_equal_ones_equal() -> None:
    hand = Hand()
    first = _picture(hand).tobytes()
    assert _picture(hand).tobytes() == first
    hand.up()
    assert _picture(hand).tobytes() != first


def test_a_like_is_seen() -> None:
    hand = Hand()
    box = hand.one("video_like").bounds
    hand.tap("video_like")
    colours = _picture(hand).crop(box).getcolors(maxcolors=20_000)
    assert colours is not None
    assert (0xFE, 0x2C, 0x55) in [colour for _count, colour in colours]


def test_laughing_and_smiling_faces_look_different() -> None:
    hand = Hand()
    pictures = []
    for text in ("😀", "😂"):
        hand.app.toast(text)
        pictures.append(_picture(hand).crop(hand.one("toast").bounds).tobytes())
    assert pictures[0] != pictures[1]


def test_a_row_cut_off_at_the_list_s_edge_does_not_leave_the_list() -> None:
    hand = Hand()
    SCREENS["comments"](hand)
    top = hand.one("comment_list").bounds[1]
    header = (0, top - 12, WIDTH, top)
    hand.up(90)
    assert _colours(_picture(hand), header) == 1


@pytest.mark.parametrize(("width", "height"), [(720, 1600), (1440, 3200)])
def test_other_screens_are_drawn_as_well(width: int, height: int) -> None:
    picture = _picture(Hand(), width, height)
    assert picture.size == (width, height)
    assert _colours(picture, (0, 0, width, height)) > 20
