"""The steps of a recorded flow: what is refused before anything runs, and what its runner never does."""

from __future__ import annotations

import random
from typing import Any

import pytest

from flows.failures import FlowFailure
from flows.lossy import Shown
from flows.phone import Key
from flows.profile import AppProfile, read_profile
from flows.recorded.acting import acting_selector, acting_word
from flows.recorded.judge import judge_plan
from flows.recorded.plan import MOST_STEPS, PlanError, read_plan
from flows.recorded.runner import recorded_flow
from flows.recorded.spec import spec_of
from flows.screen import Node, Screen
from flows.session import Session
from tests.support.memory import MemoryJournal, MemoryWatch

APP = "a.b"
PROFILE = """
package: a.b
pages:
  two: {present: [page_two], selectors: {name: name, more: more}}
  one: {present: [page_one], selectors: {field: field, go: go, send: send_button, list: list, row: row, name: name}}
"""
STEPS = """
heading: 名称
version: "1.0"
parameters:
  word: {kind: text}
steps:
- {do: open, to: one}
- {do: type, page: one, part: field, text: word}
- {do: tap, page: one, part: go, to: two}
- {do: swipe, page: two, until: more, most: 3}
- {do: read, page: two, columns: {name: {part: name, heading: 名称}, count: {part: more, heading: 数, kind: count}}}
"""

AGAIN = "- {do: read, page: two, columns: {name: {part: name, heading: 名称}}}\n"


def profile() -> AppProfile:
    return read_profile(PROFILE, "own.yaml", only_read=True)


def mistakes(text: str) -> list[str]:
    try:
        found = judge_plan(read_plan(text), profile())
    except PlanError as error:
        found = error.mistakes
    return [f"{'.'.join(map(str, one.where))}: {one.reason}" for one in found]


def test_steps_that_follow_one_from_another_are_right() -> None:
    assert mistakes(STEPS) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("part: go", "part: send", "steps.2.part: the tap on send may act: send"),
        ("to: two", "to: one", "steps.2.to: the tap opens no other page"),
        ("- {do: open, to: one}\n", "", "steps.0.do: the first step does not open the app"),
        ("until: more", "until: gone", "steps.3.until: page two of the profile has no part gone"),
        ("page: two, until", "page: one, until", "steps.3.page: it is on page one, and the step before ended on two"),
        ("text: word", "text: other", "steps.1.text: there is no parameter other"),
        ("{kind: text}", "{kind: count}", "steps.1.text: parameter word is a count"),
        ("to: two", "to: three", "steps.2.to: the profile has no page three"),
        ("do: tap", "do: like", "steps.2: "),
        ("most: 3", "most: 100000", "steps.3.most: "),
        ("  word: {kind: text}", "  word: {kind: text}\n  more: {kind: text}", "parameters.more: no step uses it"),
        ("- {do: read", AGAIN + "- {do: read", "steps.5.columns: two columns are called name"),
        ("heading: 名称\nv", "heading: [\nv", "it is no YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, told: str) -> None:
    text = STEPS.replace(old, new, 1)
    assert text != STEPS
    assert any(told in one for one in mistakes(text)), mistakes(text)


def test_steps_have_an_end() -> None:
    many = STEPS + "- {do: swipe, page: two, until: more}\n" * MOST_STEPS
    assert any(one.startswith("steps: ") for one in mistakes(many))


@pytest.mark.parametrize(
    ("node", "word"),
    [
        (Node("a.b:id/x", "点赞", "", (0, 0, 1, 1), "", APP), "点赞"),
        (Node("a.b:id/x", "+ 关注", "", (0, 0, 1, 1), "", APP), "关注"),
        (Node("a.b:id/x", "", "Send", (0, 0, 1, 1), "", APP), "send"),
        (Node("a.b:id/btnLike", "", "", (0, 0, 1, 1), "", APP), "like"),
        (Node("a.b:id/article_item", "关注我们的第十年", "", (0, 0, 1, 1), "", APP), ""),
    ],
)
def test_what_may_act_is_known_by_its_label_or_its_id(node: Node, word: str) -> None:
    assert acting_word(node) == word


def test_a_selector_by_label_is_judged_too() -> None:
    assert acting_selector("text=发送") == "发送"
    assert acting_selector("desc=返回") == ""


class Paper:
    """A phone with two pages of paper; `label` is what the button on the first one says."""

    serial = "PAPER"

    def __init__(self, label: str = "搜索", swipes: int = 2, typed: str | None = None) -> None:
        self.label, self.swipes, self.typed = label, swipes, typed
        self.page, self.text, self.touched = "one", "", list[str]()

    def look(self) -> Screen:
        def node(name: str, text: str = "", y: int = 100) -> Node:
            return Node(f"{APP}:id/{name}", text, "", (0, y, 1000, y + 50), "android.widget.TextView", APP)

        shown = [node(f"page_{self.page}")]
        if self.page == "one":
            shown += [node("field", self.text, 200), node("go", self.label, 300)]
        else:
            shown += [node("name", "城市观察", 200), *([node("more", "阅读 1.2万", 300)] if not self.swipes else [])]
        return Screen([Node("", "", "", (0, 0, 1080, 2400), "", APP, children=shown)])

    def texts(self, resource_id: str) -> list[Shown]:
        return []

    def tap(self, node: Node) -> None:
        self.touched.append(node.resource_id)
        self.page = "two"

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        self.swipes = max(0, self.swipes - 1)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self.swipe(start, end, 0)

    def set_text(self, node: Node, text: str) -> None:
        self.text = text if self.typed is None else self.typed

    def press(self, key: Key) -> None:
        self.page = "one"

    def screenshot(self) -> bytes:
        return b""

    def start_app(self, package: str) -> None:
        self.page = "one"

    def stop_app(self, package: str) -> None:
        self.page = "one"


def run(phone: Paper, steps: str = STEPS) -> Any:
    flow = recorded_flow(spec_of("own_flow", read_plan(steps)))
    session = Session(
        phone=phone, profile=profile(), account_id="", rng=random.Random(1), journal=MemoryJournal(),
        watch=MemoryWatch(), pause=lambda _: None,
    )  # fmt: skip
    given = {name: {"word": "城市", "most": 5}[name] for name in flow.plan.parameters}
    return flow.run(session, flow.params_model.model_validate(given))


def test_the_steps_type_tap_swipe_and_read() -> None:
    phone = Paper()
    result = run(phone)
    assert result.rows == ({"name": "城市观察", "count": 12_000},)
    assert (phone.text, phone.touched) == ("城市", [f"{APP}:id/go"])


def test_a_button_that_says_something_else_now_is_not_tapped() -> None:
    """The recorded button searched; after an update it sends."""
    phone = Paper(label="发送")
    with pytest.raises(FlowFailure, match="may act: 发送") as failed:
        run(phone)
    assert failed.value.code == "flow_error"
    assert phone.touched == []


def test_what_does_not_come_within_its_swipes_is_told() -> None:
    with pytest.raises(FlowFailure, match="more does not come within 3 swipes") as failed:
        run(Paper(swipes=100))
    assert failed.value.code == "row_not_found"


def test_a_field_that_keeps_another_text_is_told() -> None:
    with pytest.raises(FlowFailure) as failed:
        run(Paper(typed="别的"))
    assert failed.value.code == "text_not_set"


LIST = """
heading: 名称
version: "1.0"
parameters:
  most: {kind: count}
steps:
- {do: open, to: one}
- {do: list, page: one, most: most, columns: {name: {part: name, heading: 名称}}}
"""
FIND = "- {do: find, page: one, part: name, equals: word, to: two}\n- {do: read, page: two, columns: "
FIND += "{name: {part: name, heading: 名称}}}\n"


class EmptyList(Paper):
    """A phone with a list that has no rows. `late`: of the first looks none has them, and then one comes."""

    def __init__(self, *, late: int = 0, shown: bool = True) -> None:
        super().__init__()
        self.late, self.shown, self.looks = late, shown, 0

    def look(self) -> Screen:
        self.looks += 1
        row = Node(f"{APP}:id/row", "", "", (0, 200, 1000, 300), "android.view.ViewGroup", APP)
        row.children.append(Node(f"{APP}:id/name", "城市", "", (0, 200, 900, 260), "android.widget.TextView", APP))
        rows = [row] if self.late and self.looks > self.late else []
        area = Node(f"{APP}:id/list", "", "", (0, 100, 1000, 2300), "a.b.RecyclerView", APP, children=rows)
        page = Node(f"{APP}:id/page_one", "", "", (0, 0, 1080, 90), "android.view.View", APP)
        shown = [page, *([area] if self.shown else [])]
        return Screen([Node("", "", "", (0, 0, 1080, 2400), "", APP, children=shown)])


def test_a_list_that_stays_empty_is_a_result_without_rows() -> None:
    result = run(EmptyList(), LIST)
    assert (result.rows, result.got, result.ended, result.gaps) == ((), 0, True, 0)


def test_a_list_whose_rows_come_late_is_read() -> None:
    assert run(EmptyList(late=6), LIST).rows == ({"name": "城市"},)


def test_a_page_without_its_list_did_not_load_it() -> None:
    with pytest.raises(FlowFailure) as failed:
        run(EmptyList(shown=False), LIST)
    assert failed.value.code == "list_not_loaded"


def test_nothing_is_found_in_a_list_that_stays_empty() -> None:
    steps = LIST[: LIST.index("- {do: list")].replace("most: {kind: count}", "word: {kind: text}") + FIND
    with pytest.raises(FlowFailure, match="page one has no rows") as failed:
        run(EmptyList(), steps)
    assert failed.value.code == "row_not_found"
