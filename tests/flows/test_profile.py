"""App profiles as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.profile import ProfileError, load_profile, read_profile
from flows.screen import Node, Screen

PACKAGE = "com.phonefleet.practice"


def screen(*names: str, package: str = PACKAGE) -> Screen:
    """A screen that holds nodes with these ids."""
    nodes = [Node(name if ":" in name else f"{package}:id/{name}", "", "", (0, 0, 1, 1), "", package) for name in names]
    return Screen([Node("", "", "", (0, 0, 1080, 2400), "", package, children=nodes)])


@pytest.mark.parametrize(
    ("names", "page"),
    [
        (("page_search", "search_input", "search_button", "tab_me"), "search"),
        (("page_me", "account_id", "account_name"), "me"),
        (("page_comments", "comments_close", "comment_input", "list_loading"), "comments"),
        (("page_comments", "comments_close", "comment_input"), None),
        (("page_comments_x", "comments_close_x"), None),
        (("page_login",), "login"),
        # a panel over a video is the panel
        (
            ("page_video", "video_author_id", "video_title", "video_comment", "video_like", "page_comments",
             "comments_close", "comment_input", "comment_list"),
            "comments",
        ),
        ((), None),
    ],
)  # fmt: skip
def test_a_page_is_known_by_its_fingerprint(names: tuple[str, ...], page: str | None) -> None:
    assert load_profile().page_of(screen(*names)) == page


def test_bare_names_are_of_the_package_and_full_names_stay() -> None:
    profile = load_profile("practice")
    assert profile.pages["me"].selectors["id"] == f"{PACKAGE}:id/account_id"
    assert profile.overlays.dialog_title == "android:id/alertTitle"


def test_an_operators_own_profile_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "package: com.own\n"
        "pages: {home: {present: [root], absent: [lock]}}\n"
        "overlays: {popup: p, popup_close: c, toast: t}\n"
        "texts: {commented: a, replied: b, send_failed: c, may_not_comment: d, may_not_interact: e,"
        " gone: f, hang: [g]}\n",
        encoding="utf-8",
    )
    profile = load_profile(str(path))
    assert profile.page_of(screen("root", package="com.own")) == "home"
    assert profile.page_of(screen("root", "lock", package="com.own")) is None
    assert profile.knows_version("any")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- 1", "mapping"),
        ("package: [", "own.yaml"),
        ("package: com.own\npages: {}", "at least one page"),
        ("package: com.own\npagess: {}", "pagess"),
        ("package: com.own\npages: {home: {present: []}}", "pages.home.present"),
    ],
)
def test_a_bad_profile_is_refused_with_place_and_reason(text: str, why: str) -> None:
    with pytest.raises(ProfileError, match=why) as refused:
        read_profile(text, "own.yaml")
    assert str(refused.value).startswith("own.yaml")


def test_a_profile_that_is_not_there_is_refused() -> None:
    with pytest.raises(ProfileError, match="no packaged profile 'nothing'"):
        load_profile("nothing")
    with pytest.raises(ProfileError, match=r"gone\.yaml: No such file"):
        load_profile("/nowhere/gone.yaml")


def test_versions_tried_are_named() -> None:
    profile = load_profile()
    assert profile.knows_version("2.4.1")
    assert not profile.knows_version("9.9")
