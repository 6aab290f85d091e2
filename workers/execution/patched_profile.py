"""The profile by which this worker reads an app: its own, or with the patch for the app's version on this phone.

After an update, a page that the profile does not know any more has a patch proposed from the screens that were seen.
Reads go on with it at once. Acts do not: see `models.responsible_use.profile_patches`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Engine

from flows.drift.mend import mend
from flows.drift.patch import Patch
from flows.drift.propose import labelled
from flows.drift.recorded import read_screens, screens_folder
from flows.drift.trees import stored_trees
from flows.profile import AppProfile
from flows.screen import Screen
from flows.specs.catalogue import PACKAGES
from models.responsible_use.profile_patches import patch_in_use, propose_patch
from models.transactions.read_write import read, write
from workers.execution.worker import Worker

log = logging.getLogger("phonefleet.drift")


@dataclass(frozen=True, slots=True)
class ReadBy:
    """A profile, and the id of the patch that is in it (None: none is). `untried`: nor was the profile tried."""

    profile: AppProfile
    patch: int | None = None
    untried: bool = False


def profile_for(engine: Engine, profile: AppProfile, version: str | None) -> ReadBy:
    """Returns the profile with the patch in use for this version of its app.

    Asks the ledger only about a version with which the profile was not tried.
    """
    if version is None or profile.knows_version(version):
        return ReadBy(profile)
    found = read(engine, lambda session: patch_in_use(session, profile.package, version))
    if found is None:
        return ReadBy(profile, untried=True)
    try:
        patch = Patch.model_validate(found.patch)
    except ValidationError as error:  # of a later phonefleet
        log.warning("patch %d of %s cannot be read: %s", found.id, profile.package, error)
        return ReadBy(profile, untried=True)
    return ReadBy(patch.applied(profile), found.id, untried=True)


def screens_of(worker: Worker, flow: str = "", version: str = "") -> Path | None:
    """Returns the folder of the recorded screens: of the fleet's profile, or of a flow package that brings its own."""
    package = None
    if PACKAGES is not None:
        package = PACKAGES.versions.get(flow, {}).get(version) or PACKAGES.used.get(flow)
    if package is None or package.profile is None:
        return screens_folder(worker.settings.profile)
    return None if package.found.folder is None else package.found.folder / "screens"


def propose_from(
    worker: Worker,
    profile: AppProfile,
    version: str,
    folder: Path | None,
    run: Callable[[AppProfile], Sequence[Screen]],
) -> bool:
    """Proposes a patch for this version of the app and stores it. Returns whether there is one.

    `run` reads with a profile as far as it comes and returns the screens that it saw. Whatever fails here is logged:
    the task has its own failure, and this must not take its place.
    """
    serial = worker.identity.serial or ""
    try:
        recorded = read_screens(profile, folder) if folder is not None else {}
        if not recorded:
            log.info("no patch of %s %s is proposed: there are no recorded screens", profile.package, version)
            return False
        last: list[Screen] = []

        def reading(patched: AppProfile) -> Sequence[Screen]:
            last[:] = run(patched)
            return last

        patch = mend(profile, recorded, reading)
        if not patch:
            log.info("phone %s: nothing mends the pages of %s %s", serial, profile.package, version)
            return False
        by_page = labelled(patch.applied(profile), recorded, last)
        trees = stored_trees(profile.package, patch, recorded, by_page)
        stored = patch.model_dump(mode="json")
        row = write(
            worker.engine,
            lambda session: propose_patch(session, profile.package, version, stored, by=serial, trees=trees).id,
        )
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("no patch of %s %s is proposed: %s: %s", profile.package, version, type(error).__name__, error)
        return False
    log.warning(
        "phone %s: patch %d of %s %s is proposed; reads use it, and acts wait: phonefleet profile accept %d",
        serial, row, profile.package, version, row,
    )  # fmt: skip
    return True
