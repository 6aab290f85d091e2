"""Pairs the ids that an update took away with the ids that it brought, each with the one that it alone fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows.drift.likeness import group_likeness
from flows.drift.traits import Trait, traits_of
from flows.screen import Screen

ENOUGH = 0.62  # likeness from which a candidate is one
MARGIN = 0.03  # by which it must be better than the next


@dataclass(slots=True)
class Group:
    """The nodes that one id selects over some screens. `many`: a screen shows several of them at once."""

    traits: list[Trait] = field(default_factory=list)
    many: bool = False
    screens: int = 0  # that show it


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new id for an old one: how well it fits, and how well the next best does."""

    old: str
    new: str
    score: float
    next_best: float


Groups = Mapping[str, Group]


def groups_of(screens: Sequence[Screen], package: str) -> dict[str, Group]:
    """Returns the groups of these screens, by id."""
    return gathered([traits_of(screen, package) for screen in screens])


def gathered(screens: Sequence[Mapping[str, Sequence[Trait]]]) -> dict[str, Group]:
    """Returns the groups of screens whose traits are known, by id."""
    groups: dict[str, Group] = {}
    for screen in screens:
        for selector, traits in screen.items():
            group = groups.setdefault(selector, Group())
            group.traits.extend(traits)
            group.many = group.many or len(traits) > 1
            group.screens += 1
    return groups


def pair(lost: Groups, strangers: Groups) -> dict[str, Candidate]:
    """Returns the candidate of each lost id that has one. `strangers`: the ids that were not there before.

    The best pair is taken first. A pair whose second best is as good waits until that one is taken by another.
    """
    scores = {
        (old, new): group_likeness(found.traits, known.traits, many=found.many, known_many=known.many)
        for old, known in lost.items()
        for new, found in strangers.items()
    }
    left_old, left_new = set(lost), set(strangers)
    pairs: dict[str, Candidate] = {}
    for _ in range(len(lost)):
        best = max(
            (one for old in left_old for one in [_best(old, left_old, left_new, scores)] if one is not None),
            key=lambda one: (one.score, one.old),
            default=None,
        )
        if best is None:
            break
        pairs[best.old] = best
        left_old.discard(best.old)
        left_new.discard(best.new)
    return pairs


def _best(
    old: str, left_old: set[str], left_new: set[str], scores: Mapping[tuple[str, str], float]
) -> Candidate | None:
    """Returns the new id that fits best, if both fit each other better than any other that is left."""
    ranked = sorted(left_new, key=lambda new: (-scores[old, new], new))
    if not ranked or scores[old, ranked[0]] < ENOUGH:
        return None
    new = ranked[0]
    score = scores[old, new]
    next_new = scores[old, ranked[1]] if len(ranked) > 1 else 0.0
    next_old = max((scores[other, new] for other in left_old if other != old), default=0.0)
    if score - max(next_new, next_old) < MARGIN:
        return None
    return Candidate(old, new, round(score, 3), round(max(next_new, next_old), 3))
