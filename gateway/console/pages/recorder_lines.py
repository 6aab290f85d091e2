"""What a person clicks in the recorder, in the lines that the terminal's recorder understands. Checks each."""

from __future__ import annotations

from flows.recorded.acting import acting_word
from flows.screen import Node
from gateway.console.view import Form
from models.fleet.recordings import MOST_LINE
from models.values.refused import refuse
from workers.policy.recorder.go_through import Reached
from workers.policy.recorder.touch import Touch
from workers.policy.recorder.typed_steps import KINDS

RESERVED, MOST_NAME = "end", 40
ON_A_PAGE = ("part", "tap", "read", "find", "type", "until", "back", "swipe", "again")


def asked_again(do: str, reached: Reached, *, trouble: bool) -> Touch | None:
    """Returns the touch that a person asks for anew: after trouble, or another look at a screen that has no name yet.

    None where they ask for something else. Raises Refused.
    """
    if do == "retry" and trouble and reached.owed is not None:
        return reached.owed
    if do == "look" and reached.owed is not None and trouble:
        return Touch(do="look")  # what the phone shows now is taken for what came of the touch
    if do == "look" and reached.owed is None and not reached.page and not trouble:
        return Touch(do="look", replaces=True)
    if do in ("retry", "look") or trouble:
        raise refuse("act", f"{do!r} may not be done now", "use the buttons of the page")
    return None


def lines_of(do: str, form: Form, reached: Reached) -> list[str]:
    """Returns the lines of one click. Raises Refused."""
    if do == "page" and not reached.page:
        return [_name(form, "page")]
    if do not in ON_A_PAGE or not reached.page:
        raise refuse("act", f"{do!r} may not be done now", "use the buttons of the page")
    if do in ("back", "swipe"):
        return [do]
    if do == "again":
        return ["look", reached.page]
    number, node = _element(form, reached)
    if do == "tap":
        word = acting_word(node)
        if word:
            raise refuse("element", f"not tapped: it may act ({word})", "the recorder only reads; write acts in Python")
        return [f"tap {number}"]
    if do == "until":
        return [f"until {number}"]
    name = _name(form, "name")
    if do == "part":
        return [f"{number} {name}"]
    kind = form.text("kind", 10) if do == "read" else ""
    if kind and kind not in KINDS:
        raise refuse("kind", f"{kind!r} is none", "text, id, count or moment")
    return [f"{do} {number} {name} {kind}".rstrip()]


def value_of(form: Form) -> str:
    """Returns the text that a field of the app shall get. Raises Refused."""
    text = " ".join(form.text("value", MOST_LINE + 1).split())
    if not text or len(text) > MOST_LINE:
        raise refuse("value", f"it has {len(text)} characters", f"write 1 to {MOST_LINE}")
    return text


def _name(form: Form, field: str) -> str:
    name = form.text("name", 60)
    fits = name.isidentifier() and name.isascii() and len(name) <= MOST_NAME
    if not fits or (field == "page" and name == RESERVED):
        remedy = "take up to 40 of a-z, 0-9 and _, a letter first; end is no page"
        raise refuse(field, f"{name!r} is no name of a page, a part or a column", remedy)
    return name


def _element(form: Form, reached: Reached) -> tuple[int, Node]:
    given = form.text("number", 4)
    number = int(given) if given.isascii() and given.isdecimal() else 0
    if not 0 < number <= len(reached.elements):
        raise refuse("element", f"there is no element {given}", "click one on the picture")
    return number, reached.elements[number - 1]
