"""The console goes through a recording again with the terminal's own walk, and makes the same of it."""

from __future__ import annotations

import pytest
import yaml

from flows.screen import Node, Screen
from phonesim.reader.app import ReaderApp
from tests.support.app_phone import AppPhone
from tests.support.drift import reader
from tests.support.recorder import Person
from workers.policy.recorder.go_through import Answer, Reached, go_through
from workers.policy.recorder.steps_text import steps_of
from workers.policy.recorder.touch import Touch
from workers.policy.recorder.typed_steps import TypedSteps
from workers.policy.recorder.walk import WHICH, profile_of, walk
from workers.policy.recorder.walked import Walked

PACKAGE, VERSION = "com.phonefleet.reader", "1.3.0"
PROFILE = (
    "accounts", "<#account_list> list", "<#account_item> row", "<#item_id> id", "look", "accounts",
    "tap <#account_item>", "account", "<#account_name> name", "<#back_button> back", "swipe", "account", "back",
    "accounts", "end",
)  # fmt: skip
FLOW = (
    "accounts", "find <#item_id> account", "account", "read <#account_name> official_account",
    "read <#item_title> title", "read <#item_date> at moment", "back", "accounts", "end",
)  # fmt: skip


def phone() -> AppPhone:
    app = reader().start(None)
    assert isinstance(app, ReaderApp)
    return AppPhone(app)


def carried_out(on: AppPhone, touch: Touch) -> Answer:
    """What the phone shows after a touch, as its worker does it."""
    if touch.do == "start":
        if touch.anew:
            on.stop_app(touch.package)
        on.start_app(touch.package)
    elif touch.do in ("tap", "type"):
        nodes = (node for root in on.look().roots for node in root.walk())
        on.tap(next(node for node in nodes if touch.is_of(node)))
    elif touch.do == "press":
        on.press(touch.key)
    elif touch.do == "swipe":
        on.swipe(touch.begin, touch.end, touch.seconds)
    return Answer(on.look())


def at_the_console(said: tuple[str, ...], *, flow: bool) -> Reached:
    """The same walk, line by line and touch by touch, each time from the beginning."""
    on, lines, answers, left = phone(), list[str](), list[Answer](), list(said)
    for _ in range(200):
        reached = go_through(PACKAGE, VERSION, lines, answers, flow=flow)
        if reached.over:
            return reached
        if reached.owed is not None:
            told = Touch.model_validate_json(reached.owed.model_dump_json(exclude_defaults=True))
            assert told == reached.owed, "it goes through the ledger"
            answers.append(carried_out(on, told))
            continue
        person = Person(left.pop(0))
        person.show(reached.page, reached.screen or Screen([]), reached.elements)
        lines.append(person.ask(reached.question))
    raise AssertionError("it never ends")


@pytest.mark.parametrize(("said", "flow"), [(PROFILE, False), (FLOW, True)])
def test_the_console_makes_the_same_of_a_walk_as_the_terminal(said: tuple[str, ...], flow: bool) -> None:
    person = Person(*said)
    shown = Walked(PACKAGE, VERSION, typed=TypedSteps() if flow else None)
    walk(phone(), shown, person.ask, person.tell, person.show)
    reached = at_the_console(said, flow=flow)
    text, profile, _ = profile_of(shown)
    assert profile_of(reached.walked)[0] == text
    assert reached.walked.steps == shown.steps
    if flow:
        assert steps_of(reached.walked, "x", profile) == steps_of(shown, "x", profile)
        assert {step["do"] for step in yaml.safe_load(steps_of(shown, "x", profile))["steps"]} == {
            "open", "find", "read", "list",
        }  # fmt: skip


def screen(*names: str) -> Screen:
    nodes = [
        Node(f"{PACKAGE}:id/{name}", name, "", (0, 10 * at, 10, 10 * at + 10), "android.widget.TextView", PACKAGE)
        for at, name in enumerate(names)
    ]
    return Screen([Node("", "", "", (0, 0, 100, 200), "", PACKAGE, children=nodes)])


def test_it_stops_at_the_first_touch_that_is_owed_and_at_the_first_question() -> None:
    nothing = go_through(PACKAGE, VERSION, (), (), flow=True)
    assert nothing.owed == Touch(do="start", package=PACKAGE, anew=True)
    assert go_through(PACKAGE, VERSION, (), (), flow=False).owed == Touch(do="start", package=PACKAGE)
    first = Answer(screen("title", "more"))
    asked = go_through(PACKAGE, VERSION, (), [first], flow=False)
    assert (asked.owed, asked.question, asked.page, asked.shown) == (None, WHICH, "", 0)
    named = go_through(PACKAGE, VERSION, ["one"], [first], flow=False)
    assert (named.page, [one.text for one in named.elements], named.shown) == ("one", ["title", "more"], 0)
    tapped = go_through(PACKAGE, VERSION, ["one", "2 more", "tap 2"], [first], flow=False)
    assert tapped.owed == Touch.on("tap", first.screen.all(f"{PACKAGE}:id/more")[0])
    assert tapped.walked.parts["one"].keys() == {"more"}


def test_what_the_last_line_was_answered_is_told_alone() -> None:
    reached = go_through(PACKAGE, VERSION, ["one", "1 title", "99 x"], [Answer(screen("title"))], flow=False)
    assert reached.told == ["write the element's number and the part's name, e.g. 7 title"]
    assert reached.page == "one"


def test_another_screen_of_a_page_is_looked_at_anew() -> None:
    lines, first = ["one", "look", "one"], Answer(screen("title"))
    assert go_through(PACKAGE, VERSION, lines, [first], flow=False).owed == Touch(do="look")
    reached = go_through(PACKAGE, VERSION, lines, [first, Answer(screen("title", "more"))], flow=False)
    assert (reached.page, len(reached.walked.screens["one"]), reached.shown) == ("one", 2, 1)
