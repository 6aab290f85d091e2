"""What a person types to make a step of a recorded flow: read, find, type, until."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flows.drift.rank import rank
from flows.phone import Phone
from flows.recorded.acting import acting_word
from flows.screen import Node, Screen
from workers.policy.recorder.typed_steps import KINDS, NAME, TypedSteps, list_around, name_for
from workers.policy.recorder.walked import Walked

Ask = Callable[[str], str]
Tell = Callable[[str], None]
WRITTEN = "what is written there now?"
VERBS = ("read", "find", "type", "until")
COMMANDS = (
    "steps of the flow: read NUMBER COLUMN [id|count|moment]; find NUMBER PARAMETER; type NUMBER PARAMETER;"
    " until NUMBER; tap NUMBER; back"
)


class Verbs:
    """Makes steps of what is typed about one screen."""

    def __init__(
        self, phone: Phone, walked: Walked, steps: TypedSteps, page: str, screen: Screen, elements: Sequence[Node]
    ) -> None:
        self._phone = phone
        self._walked = walked
        self._steps = steps
        self._page = page
        self._screen = screen
        self._elements = elements

    def do(self, verb: str, rest: str, ask: Ask, tell: Tell) -> bool:
        """Adds the step. Returns whether the phone may show another page now."""
        number, _, words = rest.strip().partition(" ")
        node = self._element(number)
        name, _, kind = words.strip().partition(" ")
        if node is None or not node.resource_id.startswith(f"{self._walked.package}:"):
            tell("write the number of an element that has an id, e.g. read 7 title")
            return False
        if verb == "until":
            self._steps.swipe(self._page, self.part(node))
            return False
        if not NAME.fullmatch(name) or (kind and kind not in KINDS):
            tell("a name has small letters, digits and _; a kind is text, id, count or moment")
            return False
        if verb == "read":
            self._read(node, name, kind or "text", tell)
            return False
        if verb == "type":
            value = ask(WRITTEN).strip()
            self._steps.type(self._page, self.part(node), name, value)
            self._phone.set_text(node, value)
            return False
        return self._find(node, name, tell)

    def tap(self, node: Node, tell: Tell) -> bool:
        """Adds a tap, unless it may act. Returns whether to tap."""
        word = acting_word(node)
        if word:
            tell(f"not tapped: it may act ({word}), and a recorded flow only reads")
            return False
        if not rank(node, self._page, self._walked.screens, self._walked.package):
            tell("nothing finds this element: it has no id, no description and no short text")
            return False
        self._steps.touch("tap", self._page, part=self.part(node))
        return True

    def part(self, node: Node, name: str = "") -> str:
        """Returns the element's part on this page, and gives it one if it has none."""
        parts = self._walked.parts[self._page]
        known = next((part for part, one in parts.items() if _same(one, node)), "")
        if known and not name:
            return known
        name = name or name_for(node, parts)
        parts[name] = node
        return name

    def _read(self, node: Node, name: str, kind: str, tell: Tell) -> None:
        if self._steps.names(name):
            tell(f"there is a column {name} already")
            return
        around = list_around(self._screen, node, self._walked.package)
        if around is not None:
            self._list(*around)
        self._steps.read(self._page, self.part(node, name), kind, listed=around is not None)
        if around is not None:
            tell(f"column {name}: of every row of the list")
        else:
            tell(f"column {name}: of the page")

    def _find(self, node: Node, name: str, tell: Tell) -> bool:
        around = list_around(self._screen, node, self._walked.package)
        if around is None:
            tell("this element is in no row of a list: open it with tap")
            return False
        row = around[1]
        word = acting_word(row)
        if word or not row.has_place:
            tell(f"not tapped: it may act ({word}), and a recorded flow only reads")
            return False
        self._list(*around)
        self._steps.find(self._page, self.part(node), name, node.text)
        self._phone.tap(row)
        return True

    def _list(self, area: Node, row: Node) -> None:
        self._walked.parts[self._page] |= {"list": area, "row": row}

    def _element(self, number: str) -> Node | None:
        place = int(number) if number.isdecimal() and len(number) < 4 else 0
        return self._elements[place - 1] if 0 < place <= len(self._elements) else None


def _same(one: Node, other: Node) -> bool:
    if one.resource_id or other.resource_id:
        return one.resource_id == other.resource_id
    return (one.desc, one.text) == (other.desc, other.text)
