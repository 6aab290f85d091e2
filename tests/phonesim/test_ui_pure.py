"""Selectors and dumps on hand-made screens, without a phone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from uiautomator2 import Selector

from flows.lossy import dumped
from phonesim.node import Node
from phonesim.uia.hierarchy import dump
from phonesim.uia.selector import BadSelector, find_all

TEXT = "android.widget.TextView"


def screen() -> Node:
    rows = [
        Node("Row", (0, 100 * i, 100, 100 * i + 100), f"app:id/row{i}", children=[Node(TEXT, (0, 0, 1, 1), text=text)])
        for i, text in enumerate(["甲", "乙", "甲"])
    ]
    dialog = Node("Dialog", (0, 0, 50, 50), "android:id/dialog", package="android")
    return Node("Root", (0, 0, 100, 300), package="app", children=[*rows, dialog])


def texts(**conditions: Any) -> list[str]:
    return [found.node.text for found in find_all(screen(), Selector(**conditions))]


def test_conditions_are_joined_by_and() -> None:
    assert texts(className=TEXT) == ["甲", "乙", "甲"]
    assert texts(className=TEXT, text="甲") == ["甲", "甲"]
    assert texts(className=TEXT, text="甲", instance=1) == ["甲"]
    assert texts(className=TEXT, instance=3) == []


def test_patterns_match_the_whole_text() -> None:
    assert [found.index for found in find_all(screen(), Selector(resourceIdMatches=r"app:id/row\d"))] == [0, 1, 2]
    assert find_all(screen(), Selector(resourceIdMatches="row1")) == []
    with pytest.raises(BadSelector, match="PatternSyntaxException"):
        texts(textMatches="(")


def test_unknown_conditions_are_refused() -> None:
    with pytest.raises(BadSelector, match="colour"):
        find_all(screen(), {"colour": "red"})


def test_steps_lead_on_from_what_was_found() -> None:
    row = Selector(resourceId="app:id/row1")
    assert [found.node.text for found in find_all(screen(), row.clone().child(className=TEXT))] == ["乙"]
    siblings = find_all(screen(), row.clone().sibling(className="Row"))
    assert [found.node.resource_id for found in siblings] == ["app:id/row0", "app:id/row1", "app:id/row2"]
    assert len(find_all(screen(), row.clone().sibling(className="Row").child(text="甲"))) == 2


def test_the_dump_has_every_node_at_its_place() -> None:
    root = etree.fromstring(dump(screen(), 50).encode())
    nodes = root.findall(".//node")
    assert len(nodes) == len(list(screen().walk()))
    assert nodes[1].get("bounds") == "[0,0][100,100]"
    assert [node.get("index") for node in root[0]] == ["0", "1", "2", "3"]


def test_the_dump_can_be_cut_short() -> None:
    assert len(etree.fromstring(dump(screen(), 2).encode()).findall(".//node")) == 5
    assert "android:id/dialog" not in dump(screen(), 50, "app")


@given(st.text())
def test_any_text_survives_the_dump(text: str) -> None:
    element = etree.fromstring(dump(Node(TEXT, (0, 0, 1, 1), text=text), 50).encode())[0]
    shown = element.get("text")
    assert shown is not None
    units = [half for character in text for half in (character if character < "\U00010000" else "\ud800\ud800")]
    assert len(shown) == len(units)
    assert all(b in (a, ".") for a, b in zip(units, shown, strict=True))
    assert shown == dumped(text)  # what the flows take a dump for
