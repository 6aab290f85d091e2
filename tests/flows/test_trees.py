"""Both trees of a page that changed: with whole texts for a terminal, and with none that names a person to be kept."""

from __future__ import annotations

from flows.drift.patch import Change, Patch
from flows.drift.trees import LONGEST_LINE, page_trees, stored_trees
from flows.screen import Screen

APP = "com.own.app"
PATCH = Patch(changes=(Change(page="me", part="name", old=f"{APP}:id/name", new=f"{APP}:id/a1"),))


def screen(name: str, name_id: str = "name") -> Screen:
    """A page with a label that never changes, and a name."""

    def node(which: str, text: str) -> str:
        resource = f"{APP}:id/{which}"
        return f'<node resource-id="{resource}" text="{text}" class="android.widget.TextView" package="{APP}"/>'

    return Screen.parse(f'<hierarchy rotation="0">{node("label", "关注")}{node(name_id, name)}</hierarchy>')


def test_what_changed_has_a_star_on_both_sides() -> None:
    recorded, seen = {"me": [screen("小红"), screen("小明")]}, {"me": [screen("老王 12", "a1")]}
    trees = page_trees(APP, PATCH, recorded, seen)["me"]
    assert trees.before == (" TextView #label “关注”", "*TextView #name “小红”")
    assert trees.now == (" TextView #label “关注”", "*TextView #a1 “老王 12”")


def test_what_is_kept_has_labels_and_of_other_texts_the_form() -> None:
    recorded, seen = {"me": [screen("小红"), screen("小明")]}, {"me": [screen("老王 12", "a1")]}
    stored = stored_trees(APP, PATCH, recorded, seen)
    assert stored == {
        "me": {
            "before": [" TextView #label “关注”", "*TextView #name “h”"],
            "now": [" TextView #label “关注”", "*TextView #a1 “h 0”"],
        }
    }


def test_of_a_single_recorded_screen_no_text_is_kept_whole() -> None:
    stored = stored_trees(APP, PATCH, {"me": [screen("小红")]}, {"me": [screen("小红", "a1")]})
    assert "小红" not in str(stored)
    assert "关注" not in str(stored)


def test_what_a_row_says_is_no_label_even_where_two_screens_show_it() -> None:
    row = f'<node text="小红" class="android.widget.TextView" package="{APP}"/>'
    listed = f'<node resource-id="{APP}:id/name" scrollable="true" package="{APP}">{row}</node>'
    both = [Screen.parse(f'<hierarchy rotation="0">{listed}</hierarchy>') for _ in range(2)]
    stored = stored_trees(APP, PATCH, {"me": both}, {"me": both})
    assert "小红" not in str(stored)


def test_a_page_that_nobody_saw_has_no_tree_and_lines_end() -> None:
    assert page_trees(APP, PATCH, {"me": [screen("a")]}, {}) == {}
    long = page_trees(APP, PATCH, {"me": [screen("a")]}, {"me": [screen("b", "x" * 5000)]})["me"]
    assert max(map(len, long.now)) == LONGEST_LINE
