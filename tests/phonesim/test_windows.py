"""The windows around the app, as a real phone's dump has them: decor, system bars, the keyboard."""

from __future__ import annotations

import urllib.error
from typing import Any

import adbutils
import pytest
import uiautomator2
from lxml import etree

from tests.phonesim.conftest import PACKAGE, named
from tests.phonesim.test_stock_uiautomator2 import open_comments
from tests.support.shelf import Shelf

SYSTEM_UI, LATIN = "com.android.systemui", "com.android.inputmethod.latin"
TOP = 1500  # of the keyboard, in pixels


def roots(d: uiautomator2.Device, **options: Any) -> list[etree._Element]:
    """The root node of each window of a dump."""
    return list(etree.fromstring(d.dump_hierarchy(**options).encode()))


def box(node: etree._Element) -> list[int]:
    return [int(number) for number in node.get("bounds", "").replace("][", ",").strip("[]").split(",")]


def one(root: etree._Element, resource_id: str) -> etree._Element:
    found = [node for node in root.iter("node") if node.get("resource-id") == resource_id]
    assert len(found) == 1, resource_id
    return found[0]


def clickable(root: etree._Element) -> list[etree._Element]:
    return [node for node in root.iter("node") if node.get("clickable") == "true"]


def told(root: etree._Element) -> list[tuple[str, str]]:
    """What the nodes of a window say, in their order."""
    words = [(node.get("text", ""), node.get("content-desc", "")) for node in root.iter("node")]
    return [each for each in words if any(each)]


def shown(phone: adbutils.AdbDevice) -> bool:
    return "mInputShown=true" in phone.shell("dumpsys input_method")


def to_search(d: uiautomator2.Device) -> None:
    d(resourceId=named("tab_search")).click()
    assert d(resourceId=named("search_input")).wait(timeout=5)


def test_each_window_has_its_root(d: uiautomator2.Device) -> None:
    app, *over = roots(d)
    assert [window.get("package") for window in over] == [SYSTEM_UI, SYSTEM_UI]
    assert {node.get("package") for node in app.iter("node")} == {PACKAGE}
    content = one(app, "android:id/content")
    assert content.get("class") == "android.widget.FrameLayout"
    assert one(content, named("page_feed")) is not None
    above = [node.get("class") for node in content.iterancestors("node")]
    assert above == ["android.widget.FrameLayout", "android.widget.LinearLayout", "android.widget.FrameLayout"]
    for name in ("statusBarBackground", "navigationBarBackground"):
        assert one(app, f"android:id/{name}").getparent() is app
    assert len(roots(d, root_in_active=True)) == 1


def test_a_compressed_dump_leaves_out_layouts_and_nothing_else(d: uiautomator2.Device) -> None:
    open_comments(d)
    whole, small = roots(d), roots(d, compressed=True)
    assert len(whole) == len(small)
    assert told(whole[0]) == told(small[0])
    assert len(told(whole[0])) > 5
    assert [box(node) for node in clickable(whole[0])] == [box(node) for node in clickable(small[0])]
    assert all(node.get("resource-id") != "android:id/content" for node in small[0].iter("node"))


def test_the_status_bar_tells_time_charge_and_notifications(d: uiautomator2.Device, shelf: Shelf) -> None:
    words = ["微信通知：太棒了", 'a < b & "c" 😀']
    shelf.fault("notifications", words=words)
    bar = next(window for window in roots(d) if window.xpath(f'.//node[@resource-id="{SYSTEM_UI}:id/clock"]'))
    assert one(bar, f"{SYSTEM_UI}:id/clock").get("text", "").replace(":", "").isdigit()
    assert "86" in one(bar, f"{SYSTEM_UI}:id/battery").get("content-desc", "")
    icons = [node.get("content-desc") for node in one(bar, f"{SYSTEM_UI}:id/notification_icon_area")]
    assert icons == [words[0], 'a < b & "c" ..']
    shelf.heal()
    assert "微信通知" not in d.dump_hierarchy()


def test_a_finger_on_a_field_opens_the_keyboard_and_text_does_not(
    d: uiautomator2.Device, phone: adbutils.AdbDevice
) -> None:
    to_search(d)
    d(resourceId=named("search_input")).set_text("小鹏")
    assert not shown(phone)
    assert len(roots(d)) == 3
    d(resourceId=named("search_input")).click()
    assert shown(phone)
    keyboard = roots(d)[-1]
    assert {node.get("package") for node in keyboard.iter("node")} == {LATIN}
    assert box(one(keyboard, "android:id/inputArea"))[1] < TOP  # the window is higher than what it covers
    window = phone.shell("dumpsys window")
    assert f"imeLayeringTarget in display# 0 Window{{5f1c2a9 u0 {PACKAGE}" in window
    assert "mInputMethodWindow=Window{5f1c2a3 u0 InputMethod}" in window
    assert f"mCurrentFocus=Window{{5f1c2a9 u0 {PACKAGE}" in window


def test_the_keyboard_takes_the_fingers_on_it(d: uiautomator2.Device) -> None:
    to_search(d)
    d(resourceId=named("search_input")).click()
    tab = d(resourceId=named("tab_me"))
    d.click(*tab.center())
    d.long_click(*tab.center())
    d.swipe(500, 2000, 500, 1600)
    assert d(resourceId=named("page_search")).exists
    d(resourceId=named("search_input")).set_text("")
    keys = {node.get("content-desc"): box(node) for node in clickable(roots(d)[-1])}
    for sign in ("o", "k", "k", "删除"):
        left, top, right, bottom = keys[sign]
        assert top >= TOP
        d.click((left + right) // 2, (top + bottom) // 2)
    assert d(resourceId=named("search_input")).get_text() == "ok"


def test_a_finger_on_the_status_bar_does_not_reach_the_app(d: uiautomator2.Device) -> None:
    open_comments(d)
    d.click(500, 30)
    assert d(resourceId=named("page_comments")).exists
    d.click(500, 300)
    assert d(resourceId=named("page_feed")).exists


def test_back_closes_the_keyboard_first(d: uiautomator2.Device, phone: adbutils.AdbDevice) -> None:
    open_comments(d)
    d(resourceId=named("comment_input")).click()
    assert shown(phone)
    d.press("back")
    assert not shown(phone)
    assert d(resourceId=named("page_comments")).exists
    assert d(resourceId=named("comment_input")).info["focused"]
    d.press("back")
    assert d(resourceId=named("page_feed")).exists


def test_the_input_bar_goes_above_the_keyboard_and_comes_back(d: uiautomator2.Device) -> None:
    open_comments(d)
    field = d(resourceId=named("comment_input"))
    before, listed = field.info["bounds"], d(resourceId=named("comment_list")).info["bounds"]
    field.click()
    assert field.info["bounds"]["bottom"] <= TOP
    assert d(resourceId=named("comment_list")).info["bounds"]["bottom"] < field.info["bounds"]["top"]
    field.set_text("你好")
    d(resourceId=named("comment_send")).click()
    assert d(resourceId=named("comment_text")).get_text() == "你好"
    assert (field.info["bounds"], d(resourceId=named("comment_list")).info["bounds"]) == (before, listed)


@pytest.mark.parametrize("leave", ["home", "other_page", "stop", "dialog", "locked"])
def test_the_keyboard_goes_with_its_page(
    d: uiautomator2.Device, phone: adbutils.AdbDevice, shelf: Shelf, leave: str
) -> None:
    to_search(d)
    d(resourceId=named("search_input")).set_text("xiaopeng")
    d(resourceId=named("search_input")).click()
    assert shown(phone)
    if leave == "home":
        d.press("home")
    elif leave == "other_page":
        d(resourceId=named("search_button")).click()
        d(resourceId=named("search_input")).click()
        d(resourceId=named("result_item")).click()
    elif leave == "stop":
        d.app_stop(PACKAGE)
    else:
        shelf.fault({"dialog": "system_dialog", "locked": "screen_locked"}[leave])
    assert not shown(phone)
    assert LATIN not in d.dump_hierarchy()


def test_the_keyboard_of_uiautomator2_is_a_line(d: uiautomator2.Device, phone: adbutils.AdbDevice) -> None:
    to_search(d)
    d(resourceId=named("search_input")).click()
    d.send_keys("小鹏", clear=True)
    assert d(resourceId=named("search_input")).get_text() == "小鹏"
    if "AdbKeyboard" in phone.shell("settings get secure default_input_method"):
        assert {node.get("package") for node in roots(d)[-1].iter("node")} == {"com.github.uiautomator"}


@pytest.mark.parametrize(
    "options", [{"fault": "keyboard", "candidates": "你好"}, {"fault": "notifications", "words": [1]}]
)
def test_words_must_be_texts(shelf: Shelf, options: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError):
        shelf.post("/faults", phone="SIM0001", **options)
