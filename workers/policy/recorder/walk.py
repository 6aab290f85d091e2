"""Walks a person through the pages of an app, and makes a profile of the elements that they choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from flows.drift.rank import Ranked, fingerprints, rank
from flows.phone import Phone
from flows.profile import AppProfile, read_profile
from flows.screen import BY_DESC, BY_TEXT, Node, Screen
from models.values.refused import refuse
from workers.policy.recorder.verbs import COMMANDS as STEPS
from workers.policy.recorder.verbs import VERBS, Ask, Tell, Verbs
from workers.policy.recorder.walked import Walked

MOST_TURNS = 500
MOST_SHOWN = 60  # elements of a screen
LONGEST = 30  # characters of a text that is shown
SWIPE_SECONDS = 0.6
COMMANDS = "commands: NUMBER PART names an element; tap NUMBER; back; swipe; look; end"
WHICH = "which page is this? (empty: look again, end: end)"
Show = Callable[[str, Screen, Sequence[Node]], None]  # the page, its screen, the elements that have numbers


@dataclass(frozen=True, slots=True)
class _Here:
    """The screen that a person looks at; `verbs`: for the steps of a flow, if one is recorded."""

    page: str
    screen: Screen
    elements: Sequence[Node]
    verbs: Verbs | None


def walk(
    phone: Phone,
    walked: Walked,
    ask: Ask,
    tell: Tell,
    show: Show,
) -> Walked:
    """Asks for the page's name and what to do, again and again, until the person ends.

    `ask` returns what they type; it and `tell` get English words. `show` gets the elements of each screen that is kept.
    Returns what they showed: `walked`, which begins empty.
    """
    package = walked.package
    if walked.typed is not None:
        phone.stop_app(package)
        tell(STEPS)
    phone.start_app(package)
    tell(COMMANDS)
    for _ in range(MOST_TURNS):
        page = _named(ask(WHICH).strip(), tell)
        if page == "end" or (page and not _at(phone, walked, page, ask, tell, show)):
            break
    return walked


def _at(phone: Phone, walked: Walked, page: str, ask: Ask, tell: Tell, show: Show) -> bool:
    """Keeps the screen and asks what to do on it, until it may be another one. Returns False at the person's end."""
    screen = phone.look()
    walked.add(page, screen, phone.screenshot())
    elements = elements_of(screen, walked.package)
    show(page, screen, elements)
    verbs = None if walked.typed is None else Verbs(phone, walked, walked.typed, page, screen, elements)
    here = _Here(page, screen, elements, verbs)
    for _ in range(MOST_TURNS):
        verb, _, rest = ask(f"{page}>").strip().partition(" ")
        if verb == "end":
            return False
        if verb == "look":
            return True
        if verbs is not None and verb in VERBS:
            if verbs.do(verb, rest, ask, tell):
                return True
        elif verb.isdigit():
            _choose(walked, page, _element(elements, verb), rest.strip(), tell)
        elif verb in ("tap", "back", "swipe"):
            if _touch(phone, walked, here, verb, rest, tell):
                return True
        else:
            tell(COMMANDS)
    return False


def elements_of(screen: Screen, package: str) -> list[Node]:
    """Returns the app's nodes that a selector can find, in the dump's order."""
    nodes = (node for root in screen.roots for node in root.walk() if node.package == package)
    return [node for node in nodes if node.resource_id.startswith(f"{package}:") or node.text or node.desc][:MOST_SHOWN]


def profile_of(walked: Walked) -> tuple[str, AppProfile, Mapping[str, Sequence[Ranked]]]:
    """Returns the profile's YAML, the profile, and each part's selectors as they were ranked. Raises Refused."""
    marks = fingerprints(walked.screens, walked.package)
    without = sorted(walked.screens.keys() - marks.keys())
    if without or not marks:
        reason = f"no ids tell these pages from the others: {', '.join(without) or 'none was recorded'}"
        raise refuse("PAGE", reason, "record more pages, or name screens of one page alike")
    ranked: dict[str, Sequence[Ranked]] = {}
    pages: dict[str, Any] = {}
    for page in sorted(marks, key=lambda one: -len(marks[one])):  # what is told by more may lie over another page
        selectors: dict[str, str] = {}
        fallbacks: dict[str, list[str]] = {}
        for part, node in walked.parts[page].items():
            found = rank(node, page, walked.screens, walked.package)
            if walked.typed is not None and (page, part) in walked.typed.by_id:
                found = [one for one in found if one.selector == node.resource_id]  # its text is what is read
            ranked[f"{page}.{part}"] = found
            selectors[part] = short(found[0].selector, walked.package)
            others = [short(one.selector, walked.package) for one in found[1:] if one.most == found[0].most]
            if others:
                fallbacks[part] = others
        pages[page] = {"present": [short(one, walked.package) for one in marks[page]], "selectors": selectors}
        pages[page] |= {"fallbacks": fallbacks} if fallbacks else {}
    data = {"package": walked.package, "versions": [walked.version], "pages": pages}
    text = "".join(f"# {line}\n" for line in ("How the pages were reached:", *walked.steps))
    text += yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120)
    profile = read_profile(text, "the recorded profile", only_read=True)
    for page, screens in walked.screens.items():
        for number, screen in enumerate(screens, 1):
            found_page = profile.page_of(profile.own(screen))
            if found_page != page:
                reason = f"screen {number} of page {page} reads as {found_page or 'no page'}"
                raise refuse("PAGE", reason, "record more pages, or name screens of one page alike")
    return text, profile, ranked


def _named(page: str, tell: Tell) -> str:
    if page and not page.isidentifier():
        tell("a page's name has letters, digits and _")
        return ""
    return page


def _element(elements: Sequence[Node], number: str) -> Node | None:
    place = int(number) if number.isdecimal() and len(number) < 4 else 0
    return elements[place - 1] if 0 < place <= len(elements) else None


def _choose(walked: Walked, page: str, node: Node | None, part: str, tell: Tell) -> None:
    if node is None or not part.isidentifier():
        tell("write the element's number and the part's name, e.g. 7 title")
        return
    found = rank(node, page, walked.screens, walked.package)
    if not found:
        tell("nothing finds this element: it has no id, no description and no short text")
        return
    walked.parts[page][part] = node
    for one in found:
        tell(
            f"{short(one.selector, walked.package)}: on {one.screens} of {len(walked.screens[page])} screens,"
            f" {one.most} at once, on {one.elsewhere} of other pages"
        )


def _touch(phone: Phone, walked: Walked, here: _Here, verb: str, rest: str, tell: Tell) -> bool:
    """Does what the person asked for. Returns whether the screen may be another one now."""
    page = here.page
    if verb == "tap":
        node = _element(here.elements, rest.strip())
        if node is None or not node.has_place:
            tell(COMMANDS)
            return False
        if here.verbs is not None and not here.verbs.tap(node, tell):
            return False
        phone.tap(node)
        walked.steps.append(f"on {page}: tap {_part_of(walked, page, node)}")
    elif verb == "back":
        phone.press("back")
        if walked.typed is not None:
            walked.typed.touch("back", page)
        walked.steps.append(f"on {page}: back")
    else:
        width, height = here.screen.size
        phone.swipe((width // 2, height * 3 // 4), (width // 2, height // 3), SWIPE_SECONDS)
        walked.steps.append(f"on {page}: swipe")
    return True


def _part_of(walked: Walked, page: str, node: Node) -> str:
    named = (part for part, one in walked.parts[page].items() if one.resource_id == node.resource_id)
    return next(named, node.resource_id.rpartition("/")[2] or " ".join((node.desc or node.text).split())[:LONGEST])


def short(selector: str, package: str) -> str:
    """Returns a selector without the package of its id."""
    return selector if selector.startswith((BY_DESC, BY_TEXT)) else selector.removeprefix(f"{package}:id/")


def words_of(node: Node) -> str:
    """Returns an element in one line: its class, its id, its text."""
    text = " ".join((node.text or node.desc).split())[:LONGEST]
    name = node.resource_id.rpartition("/")[2]
    return " ".join(one for one in (node.cls.rpartition(".")[2], name and f"#{name}", text and f"“{text}”") if one)
