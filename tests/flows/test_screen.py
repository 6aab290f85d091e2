"""Screens read from hierarchy dumps as a phone writes them."""

from __future__ import annotations

import pytest

from flows.screen import MOST_BYTES, Screen, ScreenError

HEAD = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\r\n"
DUMP = (
    HEAD
    + """<hierarchy rotation="0">
<node index="0" text="" resource-id="" class="android.widget.FrameLayout" package="com.app" content-desc=""
 enabled="true" clickable="false" scrollable="false" selected="false" bounds="[0,0][1080,2400]">
<node index="0" text="行1&#10;行2 &amp; 😀" resource-id="com.app:id/title" class="android.widget.TextView"
 package="com.app" content-desc="标题" enabled="true" clickable="true" scrollable="false" selected="true"
 bounds="[10,20][110,220]" />
<node index="1" text="b" resource-id="com.app:id/row" class="a.V" package="com.app" content-desc=""
 enabled="false" bounds="[0,-5][1,2]" />
<node index="2" text="c" resource-id="com.app:id/row" class="a.V" package="com.app" content-desc="" bounds="broken" />
</node>
<node index="1" text="x" resource-id="android:id/alertTitle" class="a.V" package="android" content-desc=""
 bounds="[0,0][1,1]" />
</hierarchy>"""
)


def test_a_node_has_what_the_dump_says() -> None:
    title = Screen.parse(DUMP).find("com.app:id/title")
    assert title is not None
    assert (title.text, title.desc) == ("行1\n行2 & 😀", "标题")
    assert (title.enabled, title.selected, title.clickable, title.scrollable) == (True, True, True, False)
    assert (title.bounds, title.center, title.height) == ((10, 20, 110, 220), (60, 120), 200)
    assert title.cls == "android.widget.TextView"


def test_nodes_are_found_by_id_in_the_dumps_order() -> None:
    screen = Screen.parse(DUMP)
    assert [row.text for row in screen.all("com.app:id/row")] == ["b", "c"]
    assert screen.roots[0].all("com.app:id/row") == screen.all("com.app:id/row")
    assert not screen.all("com.app:id/row")[0].enabled
    assert screen.all("com.app:id/row")[1].bounds == (0, 0, 0, 0)
    assert screen.find("com.app:id/none") is None
    assert screen.roots[0].find("android:id/alertTitle") is None


def test_all_windows_are_on_the_screen() -> None:
    screen = Screen.parse(DUMP)
    assert screen.packages == {"com.app", "android"}
    assert screen.has("android:id/alertTitle")
    assert screen.size == (1080, 2400)


def test_an_empty_hierarchy_is_an_empty_screen() -> None:
    screen = Screen.parse(HEAD + '<hierarchy rotation="0" />')
    assert (screen.roots, screen.size, screen.packages) == ([], (0, 0), frozenset())


def test_emoji_written_as_surrogates_and_control_characters_are_mended() -> None:
    dump = (
        '<hierarchy><node text="a&#55357;&#56832;b&#0;\x01c&#55357;" resource-id="r" bounds="[0,0][1,1]"/></hierarchy>'
    )
    node = Screen.parse(dump).find("r")
    assert node is not None
    assert node.text == "a😀bc"


@pytest.mark.parametrize(
    ("dump", "why"),
    [
        ("", "not XML"),
        ("<hierarchy><node></hierarchy>", "not XML"),
        ("<html/>", "root is <html>"),
        ("<hierarchy>" + " " * MOST_BYTES + "</hierarchy>", "more than"),
        ("<hierarchy>" + "<node>" * 150 + "</node>" * 150 + "</hierarchy>", "nested deeper"),
        ('<!DOCTYPE h [<!ENTITY a "b">]><hierarchy><node text="&a;"/></hierarchy>', "document type"),
        ('<!DOCTYPE h SYSTEM "file:///etc/passwd"><hierarchy/>', "document type"),
    ],
)
def test_what_is_no_screen_is_refused(dump: str, why: str) -> None:
    with pytest.raises(ScreenError, match=why):
        Screen.parse(dump)
