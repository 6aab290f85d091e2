"""The fingerprint of a page after an update: the ids by which it is told from all other recorded pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.drift.pair import Candidate
from flows.drift.patch import renamed
from flows.profile import AppProfile
from flows.screen import Screen


@dataclass(frozen=True, slots=True)
class Marks:
    """What leaves the fingerprint and what is added, in the old ids; `new`: the added ones as they are now."""

    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


def fingerprint(
    profile: AppProfile,
    page: str,
    ids: Mapping[str, Candidate],
    recorded: Mapping[str, Sequence[Screen]],
    seen: Sequence[Screen],
) -> Marks | None:
    """Returns how the fingerprint changes; None when none fits the seen screens and no recorded one of another page.

    What is left of it is taken first; then parts are added that every recorded and every seen screen shows.
    """
    old_page = profile.pages[page]
    new = {old: one.new for old, one in ids.items()}
    gone = tuple(one for one in old_page.present if not all(screen.has(new.get(one, one)) for screen in seen))
    constant = [
        one
        for one in dict.fromkeys(old_page.selectors.values())
        if one not in old_page.present
        and all(screen.has(one) for screen in recorded[page])
        and all(screen.has(new.get(one, one)) for screen in seen)
    ]
    for count in range(len(constant) + 1 if gone else 1):
        added = tuple(constant[:count])
        if len(gone) == len(old_page.present) and not added:
            continue
        if _tells_apart(profile, page, renamed(old_page, {}, gone, added), recorded) and all(
            _on_top(profile, page, renamed(old_page, new, gone, added), screen) for screen in seen
        ):
            return Marks(gone, added, tuple(new.get(one, one) for one in added))
    return None


def _tells_apart(profile: AppProfile, page: str, changed: object, recorded: Mapping[str, Sequence[Screen]]) -> bool:
    """Returns whether, in the old ids, every recorded screen is still the page that it was."""
    with_it = profile.model_copy(update={"pages": {**profile.pages, page: changed}})
    return all(with_it.page_of(with_it.own(screen)) == name for name, screens in recorded.items() for screen in screens)


def _on_top(profile: AppProfile, page: str, changed: object, screen: Screen) -> bool:
    with_it = profile.model_copy(update={"pages": {**profile.pages, page: changed}})
    return with_it.page_of(with_it.own(screen)) == page
