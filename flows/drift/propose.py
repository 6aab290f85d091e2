"""Proposes a patch: for each id that an update took from a page, the one that now selects what it selected.

A candidate is proposed only if it is proven: with the lost ids hidden, the same comparison selects on every recorded
screen exactly what the old selector selected there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flows.drift.fingerprint import fingerprint
from flows.drift.likeness import group_likeness
from flows.drift.pair import Candidate, Group, Groups, gathered, groups_of, pair
from flows.drift.patch import FINGERPRINT, Change, Patch, Unmended, renamed
from flows.drift.traits import Trait, traits_of
from flows.profile import AppProfile, PageProfile
from flows.screen import Screen

MOST_SCREENS = 12  # recorded ones of a page that are compared
SURE = 0.6  # of a page's parts that must be found on a screen of which the profile knows no page
ALIKE, FAR = 0.85, 0.1  # likeness from which an id is trusted; by which another must be better to say it went astray
CLEAR = 0.05  # by which a page must be better than the next

NOTHING = Patch()

Screens = Mapping[str, Sequence[Screen]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a page's screens show: the pairs that are proven, on how many screens, and why others are not.

    `lost`: the ids that must be there and are not. What is in the rows of a list need not be there: it counts only
    while rows show something that is not known.
    """

    pairs: Mapping[str, Candidate]
    screens: Mapping[str, int]
    why_not: Mapping[str, str]
    lost: frozenset[str]


def propose(profile: AppProfile, recorded: Screens, seen: Sequence[Screen], so_far: Patch = NOTHING) -> Patch:
    """Returns the patch for the screens seen after an update; an empty one when nothing changed or nothing is proven.

    `recorded`: by page, screens on which the profile's selectors worked. `so_far`: a patch by which some of the seen
    screens are known as pages already.
    """
    by_page = labelled(so_far.applied(profile), recorded, seen)
    found = {
        page: _look(profile, page, _some(recorded[page]), screens)
        for page, screens in by_page.items()
        if page in recorded
    }
    everywhere = {old: one for each in found.values() for old, one in each.pairs.items()}
    pages: dict[str, PageProfile] = {}
    changes: list[Change] = []
    unmended: list[Unmended] = []
    for page, each in found.items():
        ids = _of_page(profile.pages[page], each, everywhere, by_page[page])
        marks = fingerprint(profile, page, ids, recorded, by_page[page])
        unmended.extend(_unmended(profile, page, each, ids, recorded[page], known=marks is not None))
        if marks is None:
            continue
        patched = renamed(profile.pages[page], {old: one.new for old, one in ids.items()}, marks.drop, marks.add)
        if patched != profile.pages[page]:
            pages[page] = patched
            changes.extend(_changes(page, profile.pages[page], ids, each.screens))
            changes.extend(Change(page=page, part=FINGERPRINT, old=old, new="") for old in marks.drop)
            changes.extend(Change(page=page, part=FINGERPRINT, old="", new=patched_id) for patched_id in marks.new)
    return Patch(pages=pages, changes=tuple(changes), unmended=tuple(unmended))


def labelled(profile: AppProfile, recorded: Screens, seen: Sequence[Screen]) -> dict[str, list[Screen]]:
    """Returns the seen screens by page: as the profile knows them, or else as the page that they resemble most."""
    by_page: dict[str, list[Screen]] = {}
    known: dict[str, _Known] = {}
    for screen in seen:
        page = profile.page_of(profile.own(screen))
        if page is None and profile.package in screen.packages:
            known = known or {name: _Known.of(profile, some) for name, some in recorded.items() if some}
            page = _resembled(known, groups_of([screen], profile.package))
        if page is not None:
            by_page.setdefault(page, []).append(screen)
    return by_page


@dataclass(frozen=True, slots=True)
class _Known:
    """The groups of a page's recorded screens, and the ids of those that every screen shows."""

    groups: Groups
    constant: frozenset[str]

    @classmethod
    def of(cls, profile: AppProfile, screens: Sequence[Screen]) -> _Known:
        some = _some(screens)
        groups = groups_of(some, profile.package)
        return cls(groups, frozenset(name for name, one in groups.items() if one.screens == len(some)))


def _resembled(known: Mapping[str, _Known], shown: Groups) -> str | None:
    """Returns the page whose constant parts are on this screen, under whatever ids; None when that is not clear."""
    ranked = sorted(((_resemblance(one, shown), page) for page, one in known.items()), reverse=True)
    if not ranked or ranked[0][0] < SURE or (len(ranked) > 1 and ranked[0][0] - ranked[1][0] < CLEAR):
        return None
    return ranked[0][1]


def _resemblance(known: _Known, shown: Groups) -> float:
    """Returns how much a screen is like a page, 0 to 1: of what it shows the page's share, and the other way round."""
    if not known.constant or not shown:
        return 0.0
    fits = {name: _fit(shown[name], group) for name, group in known.groups.items() if name in shown}
    lost = {name: group for name, group in known.groups.items() if name not in shown}
    strangers = {name: group for name, group in shown.items() if name not in known.groups}
    fits |= {old: one.score for old, one in pair(lost, strangers).items()}
    of_screen = sum(fits.values()) / len(shown)
    of_page = sum(fit for name, fit in fits.items() if name in known.constant) / len(known.constant)
    return math.sqrt(of_screen * of_page)


def _some(screens: Sequence[Screen]) -> Sequence[Screen]:
    """Returns some of the screens, spread over all."""
    most = min(len(screens), MOST_SCREENS)
    return [screens[place * len(screens) // most] for place in range(most)]


def _look(profile: AppProfile, page: str, recorded: Sequence[Screen], seen: Sequence[Screen]) -> _Found:
    """Compares a page's recorded screens with those seen now."""
    before = [traits_of(screen, profile.package) for screen in recorded]
    known, now = gathered(before), groups_of(seen, profile.package)
    used = ids_of(profile.pages[page])
    astray = _astray({name: one for name, one in known.items() if name in used and name in now}, now)
    lost = {name: group for name, group in known.items() if name not in now or name in astray}
    strangers = {name: one for name, one in now.items() if (name not in known and name not in used) or name in astray}
    pairs = {old: one for old, one in pair(lost, strangers).items() if one.new != old}
    wrong = _disproved(before, pairs)
    why_not = {old: "what is like it on a recorded screen is something else" for old in pairs if old in wrong}
    for old in used & lost.keys() - pairs.keys():
        why_not[old] = "nothing on the page is like it" if old not in astray else "it selects something else now"
    proven = {old: one for old, one in pairs.items() if old not in wrong and old in used}
    unknown = any(one.traits[0].listed for new, one in strangers.items() if new not in {p.new for p in pairs.values()})
    must = {old for old in lost.keys() & used if unknown or not known[old].traits[0].listed}
    return _Found(proven, {old: known[old].screens for old in proven}, why_not, frozenset(must))


def _astray(known: Groups, now: Groups) -> set[str]:
    """Returns the ids that select something else now: what another of them selected before."""
    astray: set[str] = set()
    for name in known:
        own = _fit(now[name], known[name], named=False)
        if own < ALIKE and any(
            _fit(now[name], one, named=False) > own + FAR for other, one in known.items() if other != name
        ):
            astray.add(name)
    return astray


def _fit(shown: Group, known: Group, *, named: bool = True) -> float:
    return group_likeness(shown.traits, known.traits, many=shown.many, known_many=known.many, named=named)


def _disproved(before: Sequence[Mapping[str, Sequence[Trait]]], pairs: Mapping[str, Candidate]) -> set[str]:
    """Returns the old ids that are not found again on a recorded screen whose ids are hidden.

    Each screen is compared with the other recorded ones; with itself only for what no other shows.
    """
    wrong: set[str] = set()
    for place, screen in enumerate(before):
        hidden = {
            f"?{number}": [replace(one, selector="", words=frozenset()) for one in screen[old]]
            for number, old in enumerate(pairs)
            if old in screen
        }
        others = gathered([one for other, one in enumerate(before) if other != place])
        whole = gathered(before)
        known = {old: others.get(old, whole[old]) for old in pairs if old in whole}
        again = pair(known, gathered([hidden]))
        for number, old in enumerate(pairs):
            named = f"?{number}" if old in screen else None
            if (again[old].new if old in again else None) != named:
                wrong.add(old)
    return wrong


def ids_of(page: PageProfile) -> frozenset[str]:
    """Returns every id that a page's profile names."""
    return frozenset([*page.present, *page.absent, *page.any_of, *page.selectors.values()])


def _of_page(
    page: PageProfile, found: _Found, everywhere: Mapping[str, Candidate], seen: Sequence[Screen]
) -> dict[str, Candidate]:
    """Returns the new ids of a page: its own, and those of other pages for what this page does not show now."""
    ids = dict(found.pairs)
    for old in ids_of(page) - ids.keys():
        other = everywhere.get(old)
        if other is not None and not any(screen.has(old) for screen in seen):
            ids[old] = other
    return ids


def _changes(
    page: str, old_page: PageProfile, ids: Mapping[str, Candidate], screens: Mapping[str, int]
) -> Iterable[Change]:
    parts = [*old_page.selectors.items()]
    marks = [*old_page.present, *old_page.absent, *old_page.any_of]
    parts += [(FINGERPRINT, old) for old in dict.fromkeys(marks) if old not in old_page.selectors.values()]
    for part, old in parts:
        one = ids.get(old)
        if one is not None:
            yield Change(
                page=page, part=part, old=old, new=one.new, score=one.score, next_best=one.next_best,
                screens=screens.get(old, 0),
            )  # fmt: skip


def _unmended(
    profile: AppProfile,
    page: str,
    found: _Found,
    ids: Mapping[str, Candidate],
    recorded: Sequence[Screen],
    *,
    known: bool,
) -> Iterable[Unmended]:
    """Yields the parts that every recorded screen shows and none does now."""
    selectors = profile.pages[page].selectors
    for part, old in selectors.items():
        if old in found.lost and old not in ids and all(screen.has(old) for screen in recorded):
            yield Unmended(page=page, part=part, old=old, reason=found.why_not.get(old, "it is not there"))
    if not known:
        reason = "no ids tell this page from the others"
        yield Unmended(page=page, part=FINGERPRINT, old=", ".join(profile.pages[page].present), reason=reason)
