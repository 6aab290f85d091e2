"""Ranks selectors for an element that a person chose, and finds fingerprints, over all recorded screens. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from flows.screen import BY_DESC, BY_TEXT, Node, Screen

MOST_TEXT = 20  # characters of a text that may serve as a selector
MOST_MARKS = 3  # ids of a fingerprint


@dataclass(frozen=True, slots=True)
class Ranked:
    """A selector of an element. `screens`: of its page's, on how many it selects something; `most`: how many nodes at
    once; `elsewhere`: on how many screens of other pages it selects something.
    """

    selector: str
    screens: int
    most: int
    elsewhere: int


def rank(node: Node, page: str, recorded: Mapping[str, Sequence[Screen]], package: str) -> list[Ranked]:
    """Returns the selectors of a node of this page, the best first: on most of its screens, alone, and nowhere else.

    Ids go before descriptions and these before texts where all else is equal: a text is the first to change.
    """
    found = []
    for selector in _selectors(node, package):
        here = [len(screen.all(selector)) for screen in recorded[page]]
        others = (screen for name, screens in recorded.items() if name != page for screen in screens)
        found.append(
            Ranked(selector, sum(map(bool, here)), max(here, default=0), sum(screen.has(selector) for screen in others))
        )
    return sorted(found, key=lambda one: (-one.screens, one.most, one.elsewhere))


def fingerprints(recorded: Mapping[str, Sequence[Screen]], package: str) -> dict[str, tuple[str, ...]]:
    """Returns by page the fewest ids that all its screens have and no screen of another page has together.

    A page that nothing tells from another is left out.
    """
    marks: dict[str, tuple[str, ...]] = {}
    for page, screens in recorded.items():
        others = [_ids(screen, package) for name, ones in recorded.items() if name != page for screen in ones]
        constant = set.intersection(*(_ids(screen, package) for screen in screens)) if screens else set()
        ranked = sorted(constant, key=lambda one: (sum(one in ids for ids in others), one))
        choices = (chosen for count in range(1, MOST_MARKS + 1) for chosen in combinations(ranked, count))
        fitting = (chosen for chosen in choices if not any(ids.issuperset(chosen) for ids in others))
        chosen = next(fitting, None)
        if chosen is not None:
            marks[page] = chosen
    return marks


def _selectors(node: Node, package: str) -> list[str]:
    found = [node.resource_id] if node.resource_id.startswith(f"{package}:") else []
    found += [f"{BY_DESC}{node.desc}"] if node.desc else []
    return found + ([f"{BY_TEXT}{node.dump_text}"] if 0 < len(node.dump_text) <= MOST_TEXT else [])


def _ids(screen: Screen, package: str) -> set[str]:
    nodes = (node for root in screen.roots for node in root.walk() if node.package == package)
    return {node.resource_id for node in nodes if node.resource_id.startswith(f"{package}:")}
