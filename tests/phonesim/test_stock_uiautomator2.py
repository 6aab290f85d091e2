"""The stock, unmodified uiautomator2 on a simulated phone: everything of it that people use."""

from __future__ import annotations

import re

import pytest
import uiautomator2
from PIL import Image

from tests.phonesim.conftest import PACKAGE, named
from tests.support.poll import wait_until
from tests.support.shelf import Shelf

LAUNCHER = "com.android.launcher3"


def open_comments(d: uiautomator2.Device) -> None:
    d(resourceId=named("video_comment")).click()
    assert d(resourceId=named("comment_item")).wait(timeout=5)


def test_tells_what_it_is(d: uiautomator2.Device) -> None:
    assert d.info["currentPackageName"] == PACKAGE
    assert (d.info["displayWidth"], d.info["displayHeight"]) == d.window_size() == (1080, 2400)
    assert d.device_info["serial"] == "SIM0001"
    assert d.device_info["sdk"] == 34
    assert re.fullmatch(r"192\.168\.\d+\.\d+", d.wlan_ip or "")


def test_starts_and_stops_the_app(d: uiautomator2.Device) -> None:
    assert d.app_current()["package"] == PACKAGE
    assert d.app_wait(PACKAGE, timeout=5, front=True) > 0
    assert d.app_info(PACKAGE)["versionName"]
    assert PACKAGE in d.app_list("-3")
    d.app_stop(PACKAGE)
    assert d.app_current()["package"] == LAUNCHER
    assert PACKAGE not in d.app_list_running()
    d.app_start(PACKAGE, ".MainActivity", wait=True)
    assert d.wait_activity(".MainActivity", timeout=5)


def test_an_unknown_app_is_refused(d: uiautomator2.Device) -> None:
    with pytest.raises(uiautomator2.exceptions.AppNotFoundError):
        d.app_info("com.example.absent")


def test_session_notices_that_the_app_died(d: uiautomator2.Device) -> None:
    session = d.session(PACKAGE)
    assert session(resourceId=named("page_feed")).exists
    d.app_stop(PACKAGE)
    with pytest.raises(uiautomator2.exceptions.SessionBrokenError):
        session(resourceId=named("page_feed")).click(timeout=1)


def test_selectors(d: uiautomator2.Device) -> None:
    tab = d(resourceId=named("tab_search"))
    assert tab.exists
    text = tab.get_text()
    assert tab.info["text"] == text
    for alike in (
        d(text=text),
        d(textContains=text[1:]),
        d(textStartsWith=text[:1]),
        d(textMatches=f"^{text}$"),
        d(className=tab.info["className"], text=text),
        d(resourceIdMatches=".*/tab_search"),
        d(packageName=PACKAGE, text=text),
    ):
        assert alike.info["resourceName"] == named("tab_search")
    assert not d(text="no such text").exists
    assert d(text="no such text").count == 0
    with pytest.raises(uiautomator2.exceptions.UiObjectNotFoundError):
        d(text="no such text").get_text(timeout=0.1)


def test_children_siblings_and_instances(d: uiautomator2.Device) -> None:
    open_comments(d)
    rows = d(resourceId=named("comment_item"))
    assert rows.count >= 3
    texts = d(resourceId=named("comment_list")).child(resourceId=named("comment_text"))
    assert [each.get_text() for each in texts] == [info["text"] for info in texts.info_list()]
    second = d(resourceId=named("comment_text"), instance=1)
    assert second.get_text() == texts[1].get_text()
    sibling = d(resourceId=named("tab_home")).sibling(resourceId=named("tab_me"))
    d.press("back")
    assert sibling.exists


def test_waits(d: uiautomator2.Device) -> None:
    comments = d(resourceId=named("page_comments"))
    assert not comments.wait(timeout=0.1)
    d(resourceId=named("video_comment")).click()
    assert comments.wait(timeout=5)
    d(resourceId=named("comments_close")).click()
    assert comments.wait_gone(timeout=5)


def test_xpath(d: uiautomator2.Device) -> None:
    d.xpath(f'//*[@resource-id="{named("tab_me")}"]').click()
    assert d.xpath(f"@{named('page_me')}").wait(timeout=5)
    assert d.xpath("我").exists
    assert len(d.xpath(f'//*[@package="{PACKAGE}"]').all()) > 3
    assert not d.xpath("no such text").exists


def test_types_text(d: uiautomator2.Device) -> None:
    d(resourceId=named("tab_search")).click()
    field = d(resourceId=named("search_input"))
    field.set_text("小鹏 😀 <&>")
    assert field.get_text() == "小鹏 😀 <&>"
    field.clear_text()
    assert field.get_text() == ""
    field.click()
    d.send_keys("一")
    d.send_keys("二")
    assert field.get_text() == "一二"
    d.send_keys("三", clear=True)
    assert field.get_text() == "三"


def test_types_through_the_input_method(d: uiautomator2.Device) -> None:
    d.set_input_ime()
    try:
        assert d.current_ime() == "com.github.uiautomator/.AdbKeyboard"
        d(resourceId=named("tab_search")).click()
        d(resourceId=named("search_input")).click()
        d.send_keys("陈震", clear=True)
        assert d(resourceId=named("search_input")).get_text() == "陈震"
        d.clear_text()
        assert d(resourceId=named("search_input")).get_text() == ""
    finally:
        d.app_uninstall("com.github.uiautomator")
    assert not d.is_input_ime_installed()


def test_swipes_drags_and_scrolls(d: uiautomator2.Device) -> None:
    title = d(resourceId=named("video_title")).get_text()
    d.swipe(540, 1900, 540, 500)
    assert d(resourceId=named("video_title")).get_text() != title
    d.drag(540, 500, 540, 1900)
    assert d(resourceId=named("video_title")).get_text() == title
    d.swipe_ext("up")
    d.swipe_ext("down")
    assert d(resourceId=named("video_title")).get_text() == title


def test_scrolls_a_list_to_its_end_and_back(d: uiautomator2.Device) -> None:
    d(resourceId=named("video_author")).click()
    first = d(resourceId=named("item_title")).get_text(timeout=5)
    videos = d(scrollable=True)
    assert videos.scroll()
    assert d(resourceId=named("item_title")).get_text() != first
    assert videos.scroll.to(resourceId=named("list_end"))
    videos.fling.toBeginning()
    assert d(resourceId=named("item_title")).get_text() == first


def test_keys(d: uiautomator2.Device) -> None:
    open_comments(d)
    d.press("back")
    assert d(resourceId=named("page_comments")).wait_gone(timeout=5)
    d.press(3)
    assert d.app_current()["package"] == LAUNCHER
    d.screen_off()
    assert not d.info["screenOn"]
    d.screen_on()
    assert d.info["screenOn"]


def test_long_press_opens_the_menu_of_a_comment(d: uiautomator2.Device) -> None:
    open_comments(d)
    d(resourceId=named("comment_text")).long_click()
    assert d(resourceId=named("page_menu")).wait(timeout=5)


def test_touch_events(d: uiautomator2.Device) -> None:
    x, y = d(resourceId=named("tab_me")).center()

    def touched() -> bool:
        d.touch.down(x, y).up(x, y)
        return bool(d(resourceId=named("page_me")).exists)

    wait_until(touched, 20, "a finger that went up within 0.4 s: one that rests longer is no tap")


def test_a_tap_changes_the_world(d: uiautomator2.Device, shelf: Shelf) -> None:
    before = len(shelf.truth())
    open_comments(d)
    d(resourceId=named("comment_input")).set_text("第一")
    d(resourceId=named("comment_send")).click()
    assert d.toast.get_message(wait_timeout=5) == "评论成功"
    written = shelf.truth()[before:]
    assert [(line["kind"], line["text"], line["phone"]) for line in written] == [("comment", "第一", "SIM0001")]
    assert d(resourceId=named("comment_text")).get_text() == "第一"


def test_screenshot_is_a_drawn_picture(d: uiautomator2.Device) -> None:
    feed = d.screenshot()
    assert isinstance(feed, Image.Image)
    assert feed.size == (1080, 2400)
    assert len(feed.resize((108, 240)).getcolors(maxcolors=108 * 240) or []) > 20
    d(resourceId=named("tab_me")).click()
    assert d.screenshot().tobytes() != feed.tobytes()
    assert d.adb_device.screenshot(error_ok=False).size == (1080, 2400)


def test_dump_options(d: uiautomator2.Device, shelf: Shelf) -> None:
    assert d.dump_hierarchy(max_depth=1).count("<node ") == 3  # the app, the status bar, the navigation bar
    assert d.dump_hierarchy(pretty=True).count("\n") > 5
    shelf.fault("system_dialog")
    assert 'package="android"' in d.dump_hierarchy()
    assert 'package="android"' not in d.dump_hierarchy(root_in_active=True)


def test_clipboard_and_toast(d: uiautomator2.Device) -> None:
    d.clipboard = "剪贴板"
    assert d.clipboard == "剪贴板"
    d.toast.reset()
    assert d.toast.get_message(wait_timeout=0) is None
    d.toast.show("你好")
    assert d.last_toast == "你好"


def test_shell_with_exit_code(d: uiautomator2.Device) -> None:
    assert d.shell("echo a; false").exit_code == 1
    assert d.shell(["echo", "a b", "$HOME"]).output == "a b $HOME\n"


def test_the_ui_server_can_be_restarted(d: uiautomator2.Device, shelf: Shelf) -> None:
    pid = d.shell("pidof app_process").output
    d.reset_uiautomator()
    assert d.info["sdkInt"] == 34
    assert d.shell("pidof app_process").output != pid
    shelf.fault("kill_ui_server")
    wait_until(lambda: not shelf.get("/phones")[0]["ui_server"], 5, "the UI server to be gone")
    assert d.info["sdkInt"] == 34  # uiautomator2 starts it again


def test_a_second_ui_server_is_refused(d: uiautomator2.Device) -> None:
    command = "CLASSPATH=/data/local/tmp/u2.jar app_process / com.wetest.uia2.Main -p 9009"
    assert "already registered" in d.shell(command).output


def test_what_is_not_simulated_says_so(d: uiautomator2.Device) -> None:
    with pytest.raises(uiautomator2.exceptions.RPCUnknownError, match="no such method"):
        d(scrollable=True).child_by_text("x")
    with pytest.raises(uiautomator2.exceptions.RPCUnknownError, match="no such method"):
        d(resourceId=named("page_feed")).pinch_in()


def test_no_text_was_traversed(d: uiautomator2.Device) -> None:
    assert d.last_traversed_text is None
    d.clear_traversed_text()
