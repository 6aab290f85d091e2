"""The drift board: the selectors that fail, by version of the app and model of the phone, and their patches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.drift.patch import Patch
from flows.drift.trees import PageTrees
from flows.profile import AppProfile, ProfileError, load_profile
from flows.specs.catalogue import PACKAGES
from models.database.clock import database_now
from models.fleet.health import drifted_page
from models.responsible_use.profile_patches import list_patches, patch_in_use, patch_named, patch_state
from models.tables import Phone, ProfilePatch
from models.values.refused import refuse

MOST_PATCHES = 60
MOST_FAILING = 200  # selectors
MOST_DIGITS = 18  # of a patch's id
Models = Sequence[tuple[str, int]]  # a phone model, and how many phones of it have the version
_TREES = TypeAdapter(dict[str, PageTrees])


@dataclass(frozen=True, slots=True)
class Failing:
    """A selector that fails: `new` replaces it, or `reason` says why nothing does."""

    page: str
    part: str
    old: str
    new: str
    reason: str
    score: float
    screens: int


@dataclass(frozen=True, slots=True)
class ShownPatch:
    """A patch on the board. `in_use`: its version of the app is read by it now. `tried`: the profile knows that
    version meanwhile. `models`: of the phones with that version, or of the phone that proposed it.
    """

    row: ProfilePatch
    state: str
    in_use: bool
    tried: bool
    models: Models
    failing: Sequence[Failing]
    readable: bool


@dataclass(slots=True)
class UnknownPage:
    """A page that flows met on phones of a model within a day, and did not know."""

    page: str
    version: str
    model: str
    phones: list[str] = field(default_factory=list)
    last: datetime | None = None
    reason: str = ""


def board(session: Session, profile: str) -> dict[str, Any]:
    """Reads the board: the patches newest first, the selectors that fail, and the unknown pages. `profile`: the
    fleet's.
    """
    profiles = _profiles(profile)
    rows = list_patches(session, MOST_PATCHES)
    models = _models(session)
    shown = [_shown(session, one, profiles, profile, models) for one in rows]
    failing = [(one, selector) for one in _newest(shown) for selector in one.failing]
    return {
        "patches": shown,
        "failing": failing[:MOST_FAILING],
        "more": max(0, len(failing) - MOST_FAILING),
        "unknown": unknown_pages(
            session.scalars(select(Phone).where(Phone.health.is_not(None))), database_now(session)
        ),
    }


def patch_page(session: Session, patch_id: str, profile: str) -> dict[str, Any]:
    """Reads one patch with its trees. Raises Refused."""
    row = patch_named(session, number_of(patch_id))
    shown = _shown(session, row, _profiles(profile), profile, _models(session))
    return {"one": shown, "trees": trees_of(row.trees)}


def number_of(patch_id: str) -> int:
    """Returns a patch's id. Raises Refused."""
    if not (patch_id.isascii() and patch_id.isdigit() and len(patch_id) <= MOST_DIGITS):
        raise refuse("ID", f"there is no patch {patch_id[:40]}", "see: phonefleet profile patches")
    return int(patch_id)


def trees_of(stored: object) -> Mapping[str, PageTrees]:
    """Returns the trees that the ledger holds; none if they were not kept, or a later phonefleet wrote them."""
    try:
        return _TREES.validate_python(stored or {})
    except ValidationError:
        return {}


def unknown_pages(phones: Iterator[Phone] | Sequence[Phone], now: datetime) -> list[UnknownPage]:
    """Returns the unknown pages that flows met within a day, by page, version and model, the newest first."""
    found: dict[tuple[str, str, str], UnknownPage] = {}
    for phone in phones:
        seen = drifted_page(phone, now)
        if seen is None:
            continue
        key = (seen.page, phone.app_version or "", phone.model)
        one = found.setdefault(key, UnknownPage(*key))
        one.phones.append(phone.serial)
        if one.last is None or seen.at > one.last:
            one.last, one.reason = seen.at, seen.reason
    return sorted(found.values(), key=lambda one: (-(one.last or now).timestamp(), one.page, one.version, one.model))


def _shown(
    session: Session, row: ProfilePatch, profiles: Mapping[str, AppProfile], fleets: str, models: Mapping[str, Models]
) -> ShownPatch:
    in_use = patch_in_use(session, row.package, row.app_version)
    profile = profiles.get(row.package)
    of_fleet = profiles.get(fleets)
    on_phones = models.get(row.app_version, ()) if of_fleet is not None and of_fleet.package == row.package else ()
    patch = _patch_of(row.patch)
    return ShownPatch(
        row=row,
        state=patch_state(row),
        in_use=in_use is not None and in_use.id == row.id,
        tried=profile is not None and profile.knows_version(row.app_version),
        models=on_phones or ([(row.model, 1)] if row.model else ()),
        failing=[*failing_of(patch, row.package)] if patch is not None else (),
        readable=patch is not None,
    )


def failing_of(patch: Patch, package: str) -> Iterator[Failing]:
    """Yields the selectors that fail: those without another one first."""

    def short(selector: str) -> str:
        return selector.removeprefix(f"{package}:id/")

    for lost in patch.unmended:
        yield Failing(lost.page, lost.part, short(lost.old), "", lost.reason, 0.0, 0)
    for one in patch.changes:
        yield Failing(one.page, one.part, short(one.old), short(one.new), "", one.score, one.screens)


def _newest(shown: Sequence[ShownPatch]) -> Iterator[ShownPatch]:
    """Yields for each version of an app the patch in use, or else the newest; none once the profile knows it."""
    versions: dict[tuple[str, str], ShownPatch] = {}
    for one in shown:
        key = (one.row.package, one.row.app_version)
        if key not in versions or one.in_use:
            versions[key] = one
    return (one for one in versions.values() if not one.tried)


def _patch_of(stored: object) -> Patch | None:
    try:
        return Patch.model_validate(stored)
    except ValidationError:  # of a later phonefleet
        return None


def _models(session: Session) -> Mapping[str, Models]:
    """Returns by version of the fleet's app the models of the phones that have it, the most frequent first."""
    counted: dict[str, Counter[str]] = {}
    rows = session.execute(
        select(Phone.app_version, Phone.model, func.count())
        .where(Phone.app_version.is_not(None))
        .group_by(Phone.app_version, Phone.model)
    )
    for version, model, count in rows:
        counted.setdefault(str(version), Counter())[model] += count
    return {version: one.most_common() for version, one in counted.items()}


def _profiles(fleets: str) -> dict[str, AppProfile]:
    """Returns the profiles in use by their app's package, and the fleet's also by its name. One that cannot be read
    is left out: `phonefleet doctor` tells of it.
    """
    found: dict[str, AppProfile] = {}
    own = [one.profile for one in PACKAGES.used.values() if one.profile is not None] if PACKAGES is not None else []
    for name, only_read in ((fleets, False), *((str(path), True) for path in own)):
        try:
            profile = load_profile(name, only_read=only_read)
        except ProfileError:
            continue
        found.setdefault(profile.package, profile)
        if name == fleets:
            found[name] = profile
    return found
