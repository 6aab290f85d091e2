"""What lies over the app: which taps the keyboard or a bar would take, and whose words are never a page's."""

from __future__ import annotations

import pytest

from flows.covers import cover, keyboard
from flows.profile import load_profile
from flows.screen import MOST_BYTES, Node, Screen

APP, IME, BAR = "com.phonefleet.practice", "com.example.ime", "com.android.systemui"
OWN = {APP, "android"}


def node(bounds: str, inner: str = "", package: str = APP, **more: str) -> str:
    written = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<node package="{package}" bounds="{bounds}"{written}>{inner}</node>'


def screen(*windows: str) -> Screen:
    return Screen.parse(f"<hierarchy>{''.join(windows)}</hierarchy>")


def page(bounds: str) -> str:
    return node("[0,0][1080,2400]", node(bounds, resource_id=f"{APP}:id/button", clickable="true"))


def keys(*bounds: str, area: str = "[0,63][1080,2400]", package: str = IME) -> str:
    inner = "".join(node(each, package=package, content_desc="q", clickable="true") for each in bounds)
    return node(area, node(area, inner, package, resource_id="android:id/inputArea"), package)


def button(seen: Screen) -> Node:
    found = seen.find(f"{APP}:id/button")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("place", "window", "by"),
    [
        ("[0,1300][1080,1400]", keys("[0,1500][100,1700]"), ""),  # above the keys, inside the window
        ("[0,1500][100,1700]", keys("[0,1500][100,1700]"), IME),
        ("[500,1500][700,1700]", keys("[0,1500][100,1700]"), IME),  # between keys
        ("[500,2300][700,2400]", keys("[0,1500][100,1700]"), IME),  # below keys
        ("[0,1300][1080,1600]", keys("[0,1500][100,1700]"), ""),  # the middle alone is tapped
        ("[0,1500][100,1700]", keys(), ""),  # a keyboard that shows nothing
        ("[0,1500][100,1700]", keys("[0,0][1080,2400]"), ""),  # a catch-all as large as the screen tells nothing
        ("[0,1500][100,1700]", keys("[0,1500][100,1700]", package="android.keys"), "android.keys"),
        ("[0,0][1080,60]", node("[0,0][1080,63]", node("[400,0][700,63]", package=BAR, text="12:00"), BAR), BAR),
        ("[0,0][100,60]", node("[0,0][1080,63]", node("[400,0][700,63]", package=BAR, text="12:00"), BAR), ""),
        ("[0,500][100,600]", node("[0,0][1080,2400]", package=BAR), ""),  # a window that takes and tells nothing
        ("[0,500][100,600]", node("[0,480][200,640]", package="com.example.bubble", clickable="true"),
         "com.example.bubble"),
        ("[0,500][100,600]", node("[0,480][200,640]", package="android", clickable="true"), ""),
        ("", node("[0,0][10,10]", package=BAR, text="1"), ""),  # without a place: another refusal's matter
    ],
)  # fmt: skip
def test_what_takes_a_tap(place: str, window: str, by: str) -> None:
    for seen in (screen(page(place), window), screen(window, page(place))):  # whatever the order of windows
        assert cover(seen, button(seen), OWN) == by


def test_a_keyboard_is_told_by_androids_own_ids() -> None:
    assert keyboard(screen(page("[0,0][1,1]"))) is None
    for name in ("inputArea", "candidatesArea"):
        root = keyboard(screen(page("[0,0][1,1]"), keys("[0,1500][100,1700]").replace("inputArea", name)))
        assert root is not None
        assert root.package == IME


@pytest.mark.parametrize("package", [BAR, IME, "com.example.bubble", ""])
def test_only_the_apps_nodes_play_a_part(package: str) -> None:
    profile = load_profile()
    ids = [
        "page_feed",
        "video_author_id",
        "video_title",
        "video_comment",
        "video_like",
        "popup",
        "popup_close",
        "toast",
    ]
    alien = "".join(
        node("[0,0][9,9]", package=package, resource_id=f"{APP}:id/{name}", text="评论成功") for name in ids
    )
    alien += node("[0,0][9,9]", package=package, resource_id="android:id/alertTitle", text="没有响应")
    seen = profile.own(screen(node("[0,0][1080,2400]"), node("[0,0][1080,63]", alien, package)))
    assert profile.page_of(seen) is None
    assert profile.popup_close(seen) is None
    assert profile.toast(seen) == ""
    assert seen.find("android:id/alertTitle") is None
    assert seen.packages == {APP, package}
    assert len(seen.roots) == 2


def test_a_screen_with_all_its_windows_is_far_below_the_bound() -> None:
    most = 300  # keys of a large keyboard
    window = keys(*(f"[{place},1500][{place + 3},1600]" for place in range(most)))
    dump = f"<hierarchy>{page('[0,0][1,1]')}{window}</hierarchy>"
    assert len(dump) < MOST_BYTES / 10
    assert keyboard(Screen.parse(dump)) is not None
