"""Screens read from hierarchy dumps as a phone writes them."""

from __future__ import annotations

import pytest

from flows.screen import MOST_BYTES, MOST_DEPTH, Node, Screen, ScreenError

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


def the_node(attributes: str) -> Node:
    """The one node of a dump, with these attributes."""
    node = Screen.parse(f'<hierarchy><node resource-id="r" {attributes}/></hierarchy>').find("r")
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("&#55148;망", "희망"),  # a Hangul syllable, next to the surrogates
        ("&#55295;&#57344;", "\ud7ff\ue000"),
        ("&#x1F600;", "😀"),
        ("&#x1f468;&#x200D;&#x1F469;", "👨‍👩"),
        ("&#xD83D;&#xDE00;", "😀"),
        ("&#55357;&#xde00;", "😀"),
        ("&#128512;!", "😀!"),
        ("&#xD83D;&#65;&#xDE00;", "A"),
        ("&#xDE00;&#xD83D;b", "b"),
        ("&#x0;&#0;&#x1b;&#31;&#xFFFF;&#65534;c", "c"),
        ("&#1114112;&#x110000;&#x7fffffff;&#9999999999;d", "d"),
        ("&#x09;&#10;&#x0D;e", "\t\n\re"),
        ("&#60;&#38;&#x22;", '<&"'),
        ("&amp;#55148;", "&#55148;"),
        ("\x00n\ud83dul\udfffl\x1f", "null"),
    ],
)
def test_character_references_are_read(written: str, read: str) -> None:
    assert the_node(f'text="{written}" bounds="[0,0][1,1]"').text == read


@pytest.mark.parametrize(
    "bounds",
    [
        "", 'bounds=""', 'bounds="broken"', 'bounds="[0,0]"', 'bounds="[0,0][0,0]"', 'bounds="[500,800][100,200]"',
        'bounds="[-40,0][-10,30]"', 'bounds="[5,5][5,90]"', 'bounds="[1e3,0][2,3]"', 'bounds="[٠,٠][٩,٩]"',
        'bounds="[2000,0][2147483647,10]"', 'bounds="[-2147483648,-2147483648][2147483647,0]"',
    ],
)  # fmt: skip
def test_a_node_without_a_place_on_the_screen_is_not_one_to_tap(bounds: str) -> None:
    dump = f'<hierarchy><node bounds="[0,0][1080,2400]"><node resource-id="r" text="t" {bounds}/></node></hierarchy>'
    screen = Screen.parse(dump)
    node = screen.find("r")
    assert node is not None
    assert node.text == "t"
    assert not screen.may_touch(node)


@pytest.mark.parametrize(
    "bounds", ["[-30,-5][50,60]", "[0,0][1080,2400]", "[0,0][1079,2399]", "[1079,2399][1080,2400]"]
)
def test_a_node_with_a_place_is_one_to_tap(bounds: str) -> None:
    dump = f'<hierarchy><node bounds="[0,0][1080,2400]"><node resource-id="r" bounds="{bounds}"/></node></hierarchy>'
    screen = Screen.parse(dump)
    assert screen.may_touch(screen.all("r")[0])


def test_a_deep_screen_is_read_in_the_dumps_order() -> None:
    inner = "".join(f'<node resource-id="r" text="{place}"><node text="{place}.1"/></node>' for place in range(3))
    depth = MOST_DEPTH - 1
    screen = Screen.parse("<hierarchy>" + "<node>" * depth + inner + "</node>" * depth + "</hierarchy>")
    assert [node.text for node in screen.roots[0].walk()][-6:] == ["0", "0.1", "1", "1.1", "2", "2.1"]
    assert screen.roots[0].all("r") == screen.all("r")


@pytest.mark.parametrize("rotation", ["", 'rotation=""', 'rotation="7"', 'rotation="x" width="1080"'])
def test_a_hierarchy_needs_no_rotation(rotation: str) -> None:
    assert Screen.parse(f'<hierarchy {rotation}><node resource-id="r"/></hierarchy>').has("r")


def filled(unit: str, before: str = "<hierarchy>", after: str = "</hierarchy>") -> str:
    """A dump of nearly four million characters, of one thing again and again."""
    return before + unit * ((MOST_BYTES - len(before) - len(after)) // len(unit)) + after


HUGE = filled("x", '<hierarchy><node resource-id="r" text="', '"/></hierarchy>')
ATTRIBUTES = "<hierarchy><node {}/></hierarchy>"


@pytest.mark.parametrize(
    ("dump", "why"),
    [
        ("", "not XML"),
        (filled("<node/>"), "tags, more than"),
        (filled("<node>"), "tags, more than"),
        (filled('<node text="a" bounds="[0,0][1,1]"></node>'), "tags, more than"),
        (filled("<?a?>"), "tags, more than"),
        (filled("&#65;", '<hierarchy><node text="', '"/></hierarchy>'), "character references, more than"),
        (filled("&#x", '<hierarchy><node text="', '"/></hierarchy>'), "character references, more than"),
        (ATTRIBUTES.format(f'text="&#{"1" * 3_900_000};"'), "not XML"),
        (ATTRIBUTES.format(f'bounds="[{"1" * 5000},0][1,1]"'), "where no phone has pixels"),
        (ATTRIBUTES.format(f'bounds="[0,0][1,-{"9" * 11}]"'), "where no phone has pixels"),
        (ATTRIBUTES.format('bounds="[0,0][2147483648,1]"'), "where no phone has pixels"),
        (ATTRIBUTES.format('bounds="[-2147483649,0][1,1]"'), "where no phone has pixels"),
        (ATTRIBUTES.format('text="a" text="b"'), "not XML"),
        (ATTRIBUTES.format('text="&nbsp;"'), "not XML"),
        (ATTRIBUTES.format('text="a<b"'), "not XML"),
        (DUMP[: len(DUMP) // 2], "not XML"),
        (DUMP[:-1], "not XML"),
        (DUMP + "<hierarchy/>", "not XML"),
        ("<hierarchy>" + "<node>" * 5000 + "</node>" * 5000 + "</hierarchy>", "not XML|nested deeper"),
        ('<hierarchy/><!DOCTYPE h [<!ENTITY a "&b;&b;"><!ENTITY b "x">]>', "document type"),
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


def test_what_is_huge_and_yet_a_screen_is_read() -> None:
    node = Screen.parse(HUGE).find("r")
    assert node is not None
    assert set(node.text) == {"x"}
    assert Screen.parse(ATTRIBUTES.format(" ".join(f'a{number}=""' for number in range(200_000)))).roots
