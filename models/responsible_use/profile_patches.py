"""Patches of app profiles: reads use a proposed one, and acts wait until a person accepted it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from models.database.clock import database_now
from models.database.content_key import content_key
from models.database.insert_if_absent import insert_if_absent
from models.database.storable import storable_json, storable_text
from models.history.audit_log import for_reason, record_change
from models.responsible_use.caps import Refusal
from models.tables import Phone, ProfilePatch
from models.values.refused import Refused, refuse

MOST_NAME, MOST_VERSION, MOST_WHY = 191, 64, 2000  # characters
LATEST = 200  # patches that are listed


def propose_patch(
    session: Session,
    package: str,
    version: str,
    patch: Mapping[str, Any],
    *,
    by: str,
    trees: Mapping[str, Any] | None = None,
) -> ProfilePatch:
    """Stores a patch that was proposed for this version of the app. Returns its row, an earlier one if it is equal.

    `by`: the serial of a phone of the fleet, whose model is kept with it, or who held the profile against a phone.
    `trees`: both trees of each page that it changes.
    """
    stored = storable_json(dict(patch))
    digest = content_key(package, version, json.dumps(stored, sort_keys=True, ensure_ascii=False))
    insert_if_absent(
        session,
        ProfilePatch,
        package=storable_text(package, MOST_NAME),
        app_version=storable_text(version, MOST_VERSION),
        digest=digest,
        patch=stored,
        model=session.scalar(select(Phone.model).where(Phone.serial == by)) or None,
        proposed_by=storable_text(by, MOST_NAME),
        proposed_at=database_now(session),
        trees=None if trees is None else storable_json(dict(trees)),
    )
    return session.scalars(select(ProfilePatch).where(ProfilePatch.digest == digest)).one()


def patch_in_use(session: Session, package: str, version: str) -> ProfilePatch | None:
    """Returns the patch by which this version of the app is read: the newest that is in force; None without one.

    An accepted one goes before those that were proposed after it: what a person looked at is not replaced unseen.
    """
    in_force = (
        ProfilePatch.package == package, ProfilePatch.app_version == storable_text(version, MOST_VERSION),
        ProfilePatch.withdrawn_at.is_(None),
    )  # fmt: skip
    newest = select(ProfilePatch).where(*in_force).options(defer(ProfilePatch.trees)).order_by(ProfilePatch.id.desc())
    accepted = session.scalar(newest.where(ProfilePatch.accepted_at.is_not(None)).limit(1))
    return accepted if accepted is not None else session.scalar(newest.limit(1))


def patch_refusal(session: Session, patch_id: int | None) -> Refusal | None:
    """Returns why nothing may be done on a phone that is read by this patch; None if a person accepted it."""
    if patch_id is None:
        return None
    one = session.get(ProfilePatch, patch_id, populate_existing=True, with_for_update={"read": True})
    if one is None or one.withdrawn_at is not None:
        return Refusal("page_drift", f"patch {patch_id} of the app profile is withdrawn")
    if one.accepted_at is None:
        return Refusal(
            "page_drift",
            f"{one.package} {one.app_version} is read by patch {patch_id} of its profile, which nobody accepted:"
            f" phonefleet profile accept {patch_id}",
        )
    return None


def list_patches(session: Session, most: int = LATEST) -> Sequence[ProfilePatch]:
    """Returns the latest patches, newest first, without their trees."""
    newest = select(ProfilePatch).order_by(ProfilePatch.id.desc()).limit(most)
    return session.scalars(newest.options(defer(ProfilePatch.trees))).all()


def patch_state(one: ProfilePatch) -> str:
    """Returns whether a patch is proposed, accepted or withdrawn."""
    return "withdrawn" if one.withdrawn_at else "accepted" if one.accepted_at else "proposed"


def patch_named(session: Session, patch_id: int) -> ProfilePatch:
    """Returns a patch. Raises Refused."""
    one = session.get(ProfilePatch, patch_id)
    if one is None:
        raise _unknown(patch_id)
    return one


def accept_patch(session: Session, patch_id: int, *, who: str, why: str) -> ProfilePatch:
    """Accepts a patch: acts may use it from now on. Raises Refused."""
    one = _find(session, patch_id)
    if one.withdrawn_at is not None:
        raise refuse(
            "ID", f"patch {patch_id} was withdrawn by {one.withdrawn_by}", "hold the profile against a phone again"
        )
    if one.accepted_at is None:
        one.accepted_by, one.accepted_at = storable_text(who, MOST_NAME), database_now(session)
        one.accepted_why = storable_text(why, MOST_WHY) or None
        _audit(session, one, who, why, "proposed", "accepted")
    return one


def withdraw_patch(session: Session, patch_id: int, *, who: str, why: str) -> ProfilePatch:
    """Takes a patch out of use, for reads too. Raises Refused."""
    one = _find(session, patch_id)
    if one.withdrawn_at is None:
        before = "proposed" if one.accepted_at is None else "accepted"
        one.withdrawn_by, one.withdrawn_at = storable_text(who, MOST_NAME), database_now(session)
        one.withdrawn_why = storable_text(why, MOST_WHY) or None
        _audit(session, one, who, why, before, "withdrawn")
    return one


def _find(session: Session, patch_id: int) -> ProfilePatch:
    one = session.get(ProfilePatch, patch_id, with_for_update=True)
    if one is None:
        raise _unknown(patch_id)
    return one


def _unknown(patch_id: int) -> Refused:
    return refuse("ID", f"there is no patch {patch_id}", "see: phonefleet profile patches")


def _audit(session: Session, one: ProfilePatch, who: str, why: str, before: str, after: str) -> None:
    with for_reason(why):
        record_change(session, who, f"profile patch {one.id} of {one.package} {one.app_version}", before, after)
