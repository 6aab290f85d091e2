"""`phonefleet profile record`: a person walks through an app and names what they see; a profile comes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.drift.rank import fingerprints, rank
from flows.drift.recorded import read_screens, screens_folder
from flows.profile import ProfileError, load_profile, read_profile
from flows.screen import Node, Screen
from models.values.refused import Refused
from phonesim.reader.app import ReaderApp
from scripts.commands.profiles.write_profile import write_profile
from tests.support.app_phone import AppPhone
from tests.support.drift import reader
from tests.support.recorder import Person
from workers.policy.recorder.walk import profile_of, walk
from workers.policy.recorder.walked import Walked

PACKAGE = "com.phonefleet.reader"


def walked(*answers: str) -> tuple[Walked, Person]:
    app = reader().start(None)
    assert isinstance(app, ReaderApp)
    person = Person(*answers)
    return walk(AppPhone(app), Walked(PACKAGE, "1.3.0"), person.ask, person.tell, person.show), person


WALK = (
    "accounts", "<#account_list> list", "<#account_item> row", "<#item_id> id", "tap <#account_item>",
    "account", "<#account_name> name", "<#back_button> back", "<#article_list> list", "back",
    "accounts", "end",
)  # fmt: skip


def test_a_walk_makes_a_profile_that_knows_every_page(tmp_path: Path) -> None:
    found, _ = walked(*WALK)
    text, profile, _ = profile_of(found)
    into = tmp_path / "own.yaml"
    write_profile(found, text, into)
    assert (profile.package, profile.versions) == (PACKAGE, ("1.3.0",))
    assert set(profile.pages) == {"accounts", "account"}
    assert profile.pages["accounts"].selectors["row"] == f"{PACKAGE}:id/account_item"
    assert profile.pages["account"].fallbacks["back"] == ("desc=返回",)
    again = read_profile(into.read_text("utf-8"), "own.yaml", only_read=True)
    assert again == profile
    screens = read_screens(again, screens_folder(str(into)))
    assert {page: len(ones) for page, ones in screens.items()} == {"accounts": 2, "account": 1}
    assert "# on accounts: tap row" in text


def test_what_the_person_chose_is_told_with_how_unique_it_is() -> None:
    _, person = walked("accounts", "<#item_id> id", "end")
    told = [line for line in person.told if line.startswith("item_id:")]
    assert len(told) == 1
    assert re.fullmatch(r"item_id: on 1 of 1 screens, [0-9]+ at once, on 0 of other pages", told[0])


def test_what_is_not_understood_is_told_and_changes_nothing() -> None:
    found, person = walked("a page", "accounts", "999 row", "1", "dance", "tap 999", "end")
    assert found.parts == {"accounts": {}}
    assert found.steps == []
    assert sum("commands:" in line for line in person.told) == 3
    assert sum("write the element's number" in line for line in person.told) == 2


def test_pages_that_nothing_tells_apart_are_refused() -> None:
    found, _ = walked("one", "look", "two", "end")
    with pytest.raises(Refused, match="no ids tell these pages from the others: one, two"):
        profile_of(found)


def own(name: str, desc: str = "", text: str = "") -> Node:
    return Node(f"a.b:id/{name}" if name else "", text, desc, (0, 0, 10, 10), "android.widget.TextView", "a.b")


def page(*nodes: Node) -> Screen:
    return Screen([Node("", "", "", (0, 0, 100, 100), "", "a.b", children=[*nodes])])


def test_selectors_are_ranked_over_all_screens() -> None:
    """An id that other pages have as well comes behind a description that only this page has."""
    chosen = own("icon", desc="返回", text="〈")
    recorded = {
        "one": [page(chosen), page(own("icon", desc="返回", text="<"))],
        "two": [page(own("icon", desc="更多"))],
    }
    ranked = rank(chosen, "one", recorded, "a.b")
    assert [one.selector for one in ranked] == ["desc=返回", "a.b:id/icon", "text=〈"]
    assert [(one.screens, one.most, one.elsewhere) for one in ranked] == [(2, 1, 0), (2, 1, 1), (1, 1, 0)]


def test_a_fingerprint_has_the_fewest_ids_that_no_other_page_has_together() -> None:
    recorded = {
        "one": [page(own("x"), own("y"))],
        "two": [page(own("x"), own("z"))],
        "three": [page(own("y"), own("z"))],
    }
    marks = fingerprints(recorded, "a.b")
    assert {name: {one.rpartition("/")[2] for one in ids} for name, ids in marks.items()} == {
        "one": {"x", "y"}, "two": {"x", "z"}, "three": {"y", "z"},
    }  # fmt: skip


def test_a_fallback_finds_what_the_first_selector_does_not() -> None:
    text = """
package: a.b
pages: {one: {present: [x], selectors: {back: gone}, fallbacks: {back: ["desc=返回", other]}}}
"""
    profile = read_profile(text, "own.yaml", only_read=True)
    screen = profile.own(page(own("x"), own("", desc="返回")))
    selector = profile.pages["one"].selector("back", screen)
    assert selector == "desc=返回"
    found = screen.find(selector)
    assert found is not None
    assert found.desc == "返回"
    assert profile.pages["one"].selector("back", profile.own(page(own("x")))) == "a.b:id/gone"


def test_a_fallback_of_no_part_is_refused() -> None:
    with pytest.raises(ProfileError, match="no part of selectors"):
        read_profile("package: a.b\npages: {one: {present: [x], fallbacks: {back: [y]}}}", "own.yaml", only_read=True)


def test_a_description_of_another_apps_window_is_not_found() -> None:
    other = Node("", "", "返回", (0, 0, 10, 10), "", "com.other")
    screen = page(own("x"), other).of({"a.b"})
    assert not screen.has("desc=返回")
    assert load_profile().page_of(screen) is None
