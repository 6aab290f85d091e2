"""A patch of an app profile: what it changes, and what it could not mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from flows.profile import AppProfile, PageProfile

FINGERPRINT = "fingerprint"  # in place of a part's name


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Change(_Data):
    """A selector of a page that the patch replaces. `new` is empty for an id that the fingerprint leaves out.

    `score`: the likeness of what the new one selects to what the old one selected, 0 to 1; `next_best`: that of the
    best other candidate; `screens`: the recorded screens on which it is proven.
    """

    page: str
    part: str
    old: str
    new: str
    score: float = 0.0
    next_best: float = 0.0
    screens: int = 0


class Unmended(_Data):
    """A selector that finds nothing any more and for which the patch has no other, with the reason."""

    page: str
    part: str
    old: str
    reason: str


class Patch(_Data):
    """The pages of a profile as the app shows them now. Only pages that change are in it."""

    pages: dict[str, PageProfile] = {}
    changes: tuple[Change, ...] = ()
    unmended: tuple[Unmended, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def applied(self, profile: AppProfile) -> AppProfile:
        """Returns the profile with these pages. Pages that it has not are left out."""
        ours = {name: page for name, page in self.pages.items() if name in profile.pages}
        return profile.model_copy(update={"pages": {**profile.pages, **ours}})


def renamed(
    page: PageProfile, ids: Mapping[str, str], drop: Iterable[str] = (), add: Iterable[str] = ()
) -> PageProfile:
    """Returns a page with other ids; `drop` and `add`: of the fingerprint, in the old ids."""
    dropped = frozenset(drop)

    def new(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ids.get(one, one) for one in names))

    changed: dict[str, Any] = {
        "present": new([*(one for one in page.present if one not in dropped), *add]),
        "absent": new(page.absent),
        "any_of": new(page.any_of),
        "selectors": {part: ids.get(one, one) for part, one in page.selectors.items()},
    }
    return page.model_copy(update=changed)
