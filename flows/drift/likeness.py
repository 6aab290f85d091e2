"""How alike two nodes are, and two groups of nodes that one id each selects: 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence

from flows.drift.traits import Trait

MOST_NODES, MOST_EXEMPLARS = 3, 10  # of a group that are compared
CLASS, FLAGS, SHAPE, WORD, DESC, PLACE, INSIDE, AROUND, LISTED, ITEM, NAME = 20, 10, 18, 10, 8, 14, 12, 8, 14, 4, 30
MANY, ONE = 0.25, 0.08  # what a group loses that is many where the known is one; the same in a list, and otherwise
_TEXTS = frozenset({"TextView", "Button", "EditText"})


def likeness(one: Trait, other: Trait, *, named: bool = True) -> float:
    """Returns how alike two nodes are. A likeness of their ids adds to it, and ids that differ take nothing away.

    `named`: whether ids count at all.
    """
    score = (
        CLASS * _class(one.cls, other.cls)
        + FLAGS * ((one.clickable == other.clickable) + (one.scrollable == other.scrollable)) / 2
        + SHAPE * _text(one.shape, other.shape)
        + WORD * (one.word == other.word)
        + DESC * (one.desc == other.desc)
        + PLACE * _place(one, other)
        + INSIDE * _share(one.inside, other.inside)
        + AROUND * ((one.before == other.before) + (one.after == other.after)) / 2
        + LISTED * (one.listed == other.listed)
        + ITEM * (one.item == other.item)
    )
    names = _share(one.words, other.words, empty=0) if named else 0
    whole = CLASS + FLAGS + SHAPE + WORD + DESC + PLACE + INSIDE + AROUND + LISTED + ITEM
    return (score + NAME * names) / (whole + NAME * names)


def group_likeness(
    found: Sequence[Trait], known: Sequence[Trait], *, many: bool, known_many: bool, named: bool = True
) -> float:
    """Returns how well a group of nodes fits the known ones. `many`: a screen shows several of them at once."""
    exemplars = _spread(list(dict.fromkeys(known)), MOST_EXEMPLARS)
    nodes = _spread(found, MOST_NODES)
    if not exemplars or not nodes:
        return 0.0
    mean = sum(max(likeness(node, one, named=named) for one in exemplars) for node in nodes) / len(nodes)
    lost = 0.0
    if many != known_many:
        lost = MANY if many and not nodes[0].listed else ONE
    return max(mean - lost, 0.0)


def _spread(traits: Sequence[Trait], most: int) -> Sequence[Trait]:
    if len(traits) <= most:
        return traits
    return [traits[place * len(traits) // most] for place in range(most)]


def _class(one: str, other: str) -> float:
    if one == other:
        return 1.0
    return 0.5 if one in _TEXTS and other in _TEXTS else 0.0


def _text(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if not one or not other:
        return 0.0
    alike = sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other))
    return 0.3 + 0.6 * alike


def _place(one: Trait, other: Trait) -> float:
    apart = sum(abs(a - b) for a, b in zip(one.place, other.place, strict=True)) / 4
    return max(1 - 2.5 * apart, 0.0)


def _share(one: frozenset[object] | frozenset[str], other: frozenset[object] | frozenset[str], empty: int = 1) -> float:
    together = one | other
    return len(one & other) / len(together) if together else float(empty)
