"""How scripts of stock uiautomator2 usually read a list of comments: element by element, or one dump a screen.

As somebody writes them who knows uiautomator2: elements are looked for inside their row, what is not there is not
waited for, and the pause after a swipe is as long as a part of the list takes to load. The end is a screen that
brings nothing new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import uiautomator2
from lxml import etree
from uiautomator2.exceptions import UiObjectNotFoundError

PACKAGE = "com.phonefleet.practice"
FIELDS = ("comment_author", "comment_text", "comment_likes", "comment_replies", "comment_time")
PAUSE_SECONDS = 0.5  # after a swipe; a part of the list takes as long to load
SWIPE_SECONDS = 0.3
WAIT_SECONDS = 15.0  # for a page
MOST_SCREENS = 400
SET_TEXT_TRIES = 10
TITLE_PART = 12  # characters; the author's page cuts longer titles

Row = tuple[str, ...]  # the values of FIELDS; empty where the screen has none
ReadScreen = Callable[[uiautomator2.Device], Iterable[Row]]


def name(short: str) -> str:
    """Returns the whole resource id."""
    return f"{PACKAGE}:id/{short}"


def open_comments(device: uiautomator2.Device, author_id: str, title: str) -> None:
    """Goes to the video: search, author, video."""
    device.app_start(PACKAGE, stop=True)
    device.set_orientation("natural")  # `monkey`, by which it starts apps, lets the screen of a rough phone turn
    device(resourceId=name("tab_search")).click(timeout=WAIT_SECONDS)
    for _ in range(SET_TEXT_TRIES):  # fields of a rough phone do not always take a text
        if device(resourceId=name("search_input")).set_text(author_id, timeout=WAIT_SECONDS):
            break
    device(resourceId=name("search_button")).click(timeout=WAIT_SECONDS)
    device(resourceId=name("result_id"), textContains=author_id).click(timeout=WAIT_SECONDS)
    part = title[:TITLE_PART]
    device(resourceId=name("item_title"), textStartsWith=part).click(timeout=WAIT_SECONDS)
    device(resourceId=name("video_comment")).wait(timeout=WAIT_SECONDS)


def read_list(device: uiautomator2.Device, read: ReadScreen) -> list[Row]:
    """Opens the comments and reads down until a screen brings nothing new."""
    device(resourceId=name("video_comment")).click(timeout=WAIT_SECONDS)
    device(resourceId=name("comment_item")).wait(timeout=WAIT_SECONDS)
    rows: dict[Row, Row] = {}  # by author and text
    for _ in range(MOST_SCREENS):
        known = len(rows)
        for row in read(device):
            if row[0]:
                rows.setdefault(row[:2], row)
        if len(rows) == known:
            break
        device.swipe(0.5, 0.8, 0.5, 0.4, duration=SWIPE_SECONDS)
        time.sleep(PAUSE_SECONDS)
    return list(rows.values())


def by_element(device: uiautomator2.Device) -> Iterator[Row]:
    """Asks for each value of each row by itself."""
    for item in device(resourceId=name("comment_item")):
        yield tuple(_text(item, field) for field in FIELDS)


def _text(item: uiautomator2.UiObject, field: str) -> str:
    try:
        return str(item.child(resourceId=name(field)).get_text(timeout=0))
    except UiObjectNotFoundError:
        return ""


def by_dump(device: uiautomator2.Device) -> Iterator[Row]:
    """Reads the rows of a screen from one dump of it."""
    root = etree.fromstring(device.dump_hierarchy().encode())
    for item in root.iterfind(f".//node[@resource-id='{name('comment_item')}']"):
        found = {node.get("resource-id"): node.get("text") or "" for node in item.iterfind(".//node")}
        yield tuple(found.get(name(field), "") for field in FIELDS)
