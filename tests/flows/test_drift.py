"""Patches of a profile: proposed for what an update took away, and only when the recorded screens prove them."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

import pytest

from flows.drift.patch import FINGERPRINT, Patch
from flows.drift.propose import propose
from flows.drift.traits import shape_of
from flows.profile import AppProfile, read_profile
from flows.screen import Node, Screen
from phonesim.update import Update
from tests.support.drift import proposed, reader, recorded, run

NUMBERS = "一二三四五六七"
APP = "com.own.reader"
PROFILE = """
package: com.own.reader
pages:
  list:
    present: [page_list, articles]
    selectors: {list: articles, row: article, title: title, date: day, more: more}
  about:
    present: [page_about]
    selectors: {name: who}
"""


def node(
    name: str,
    bounds: tuple[int, int, int, int],
    text: str = "",
    cls: str = "TextView",
    *children: Node,
    tap: bool = False,
) -> Node:
    full = f"{APP}:id/{name}" if name else ""
    return Node(full, text, "", bounds, f"android.widget.{cls}", APP, clickable=tap, children=[*children])


def page(rows: int = 3, *, first: int = 1) -> Screen:
    """A list of articles with a button below it."""
    items = [
        node(
            "article", (0, 200 + 100 * place, 1080, 300 + 100 * place), "", "FrameLayout",
            node("title", (40, 205 + 100 * place, 1040, 250 + 100 * place), "文章的标题之" + NUMBERS[place + first]),
            node("day", (40, 255 + 100 * place, 500, 295 + 100 * place), f"2025-06-{place + 10 + first}"),
            tap=True,
        )
        for place in range(rows)
    ]  # fmt: skip
    articles = node("articles", (0, 200, 1080, 2000), "", "RecyclerView", *items)
    articles.scrollable = True
    more = node("more", (300, 2050, 780, 2150), "更多", "Button", tap=True)
    return Screen([node("page_list", (0, 0, 1080, 2400), "", "FrameLayout", articles, more)])


def about() -> Screen:
    return Screen(
        [node("page_about", (0, 0, 1080, 2400), "", "FrameLayout", node("who", (100, 100, 980, 200), "慢车站"))]
    )


def changed(screen: Screen, names: dict[str, str]) -> Screen:
    """The same screen with other names of ids; an empty one takes the node away."""
    roots = deepcopy(screen.roots)
    for root in roots:
        for each in root.walk():
            each.children = [one for one in each.children if names.get(one.resource_id.rpartition("/")[2]) != ""]
            name = each.resource_id.rpartition("/")[2]
            each.resource_id = f"{APP}:id/{names.get(name, name)}"
    return Screen(roots)


@pytest.fixture
def profile() -> AppProfile:
    return read_profile(PROFILE, "own.yaml", only_read=True)


@pytest.fixture
def before() -> dict[str, list[Screen]]:
    return {"list": [page(), page(4, first=2), page(2)], "about": [about()]}


def replaced(patch: Patch) -> dict[str, str]:
    """Part → the new name."""
    return {one.part: one.new.rpartition("/")[2] for one in patch.changes}


def test_nothing_is_proposed_while_the_profile_holds(profile: AppProfile, before: dict[str, list[Screen]]) -> None:
    assert not propose(profile, before, [page(5), about()])


def test_ids_without_meaning_are_found_by_what_they_select(
    profile: AppProfile, before: dict[str, list[Screen]]
) -> None:
    new = changed(page(5), {"page_list": "a", "articles": "b", "article": "c", "title": "d", "day": "e", "more": "f"})
    assert profile.page_of(new) is None
    patch = propose(profile, before, [new])
    assert replaced(patch) == {"list": "b", "row": "c", "title": "d", "date": "e", "more": "f", FINGERPRINT: "a"}
    mended = patch.applied(profile)
    assert mended.page_of(new) == "list"
    assert len(new.all(mended.pages["list"].selectors["date"])) == 5
    assert mended.pages["about"] == profile.pages["about"]
    assert not patch.unmended


def test_every_change_tells_why_it_is_proposed(profile: AppProfile, before: dict[str, list[Screen]]) -> None:
    (change,) = propose(profile, before, [changed(page(), {"day": "published"})]).changes
    assert (change.page, change.part, change.old) == ("list", "date", f"{APP}:id/day")
    assert change.new == f"{APP}:id/published"
    assert 0.62 < change.score <= 1
    assert change.next_best < change.score
    assert change.screens == 3


def test_what_is_gone_is_not_replaced_by_something_else(profile: AppProfile, before: dict[str, list[Screen]]) -> None:
    """The button left the page, and an unlike label came."""
    new = changed(page(), {"more": ""})
    new.roots[0].children.append(node("hint", (0, 2300, 1080, 2400), "登录后可以收藏并且评论文章"))
    patch = propose(profile, before, [Screen(new.roots)])
    assert not patch
    assert [(one.page, one.part) for one in patch.unmended] == [("list", "more")]


def test_two_that_are_equally_like_it_are_no_candidates(profile: AppProfile, before: dict[str, list[Screen]]) -> None:
    """Where the button was are two, side by side, and nobody can say which."""
    new = changed(page(), {"more": ""})
    new.roots[0].children.append(node("left", (250, 2050, 530, 2150), "早", "Button", tap=True))
    new.roots[0].children.append(node("right", (550, 2050, 830, 2150), "晚", "Button", tap=True))
    patch = propose(profile, before, [Screen(new.roots)])
    assert "more" not in replaced(patch)
    assert [(one.page, one.part) for one in patch.unmended] == [("list", "more")]


def test_ids_that_changed_places_are_noticed(profile: AppProfile, before: dict[str, list[Screen]]) -> None:
    """Both are there, and each selects what the other one did."""
    patch = propose(profile, before, [changed(page(), {"title": "day", "day": "title"})])
    assert replaced(patch) == {"title": "day", "date": "title"}


def test_a_candidate_that_a_recorded_screen_disproves_is_not_proposed(profile: AppProfile) -> None:
    """On the recorded screens title and day are alike in all but their ids: nothing proves which is which now."""

    def twins() -> Screen:
        rows = [
            node(
                "article", (0, 100 * place, 1080, 100 * place + 100), "", "FrameLayout",
                node("title", (40, 100 * place, 540, 100 * place + 50), "甲"),
                node("day", (40, 100 * place, 540, 100 * place + 50), "甲"),
            )
            for place in range(2)
        ]  # fmt: skip
        return Screen(
            [
                node(
                    "page_list",
                    (0, 0, 1080, 2400),
                    "",
                    "FrameLayout",
                    node("articles", (0, 0, 1080, 900), "", "ListView", *rows),
                )
            ]
        )

    patch = propose(profile, {"list": [twins(), twins()]}, [changed(twins(), {"title": "x", "day": "y"})])
    assert not patch
    assert {one.part for one in patch.unmended} == {"title", "date"}


def test_a_fingerprint_that_is_gone_is_made_of_what_is_there(
    profile: AppProfile, before: dict[str, list[Screen]]
) -> None:
    """The page lies in no box of its own any more."""
    old = page()
    new = Screen([node("", (0, 0, 1080, 2400), "", "FrameLayout", *old.roots[0].children)])
    assert profile.page_of(new) is None
    patch = propose(profile, before, [new])
    assert patch.applied(profile).page_of(new) == "list"
    assert patch.applied(profile).pages["list"].selectors == profile.pages["list"].selectors


def test_a_screen_like_no_page_changes_nothing(profile: AppProfile, before: dict[str, list[Screen]]) -> None:
    other = Screen([node("ad", (0, 0, 1080, 2400), "广告", "ImageView", tap=True)])
    assert propose(profile, before, [other]) == Patch()


def test_a_patch_survives_json(profile: AppProfile, before: dict[str, list[Screen]]) -> None:
    patch = propose(profile, before, [changed(page(), {"day": "published"})])
    assert Patch.model_validate_json(patch.model_dump_json()) == patch


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("阅读 1.2万", "h 0"),
        ("2025-06-15 08:30", "0-0-0 0:0"),
        ("微信号：gh_04ab", "h：a0a"),
        ("这一句话比较长一些", "H"),
        ("", ""),
    ],
)
def test_a_shape_has_the_form_of_a_text_and_not_its_content(text: str, shape: str) -> None:
    assert shape_of(text) == shape


@cache
def _recorded() -> dict[str, list[Screen]]:
    return recorded(reader())


@pytest.mark.parametrize("seed", [3, 5, 10, 12])
def test_an_updated_app_is_read_as_before(seed: int) -> None:
    """Every id renamed or a share of them, in three styles; a split page with moved buttons and changed texts."""
    trial, update = reader(), Update(seed)
    broken = run(trial, trial.profile, update)
    assert broken.failures
    patch = proposed(trial, _recorded(), update)
    mended = run(trial, patch.applied(trial.profile), update)
    assert not mended.failures
    assert mended.results == run(trial, trial.profile).results
