"""Makes a recording of the evidence of a failed attempt: a test that fails until the profile finds the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from flows.packages.recording import Recording
from flows.profile import AppProfile
from flows.screen import Screen, ScreenError
from models.tables import Attempt
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger
from scripts.terminal.what import find
from workers.evidence.bundle import FACTS, TREE
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage, StorageError
from workers.settings import settings


def read_evidence(what: str) -> tuple[dict[str, Any], str]:
    """Returns the facts and the tree of an attempt: of a folder with both, or of a task's last failed attempt.

    Raises Refused when there is none, or it has no tree.
    """
    folder = Path(what)
    if folder.is_dir():
        try:
            return json.loads((folder / FACTS).read_text("utf-8")), (folder / TREE).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise refuse("--evidence", f"{folder} has no evidence with a tree: {error}", "name another one") from error
    return _stored(what)


def _stored(what: str) -> tuple[dict[str, Any], str]:
    engine = existing_ledger()
    kind, task_id = read(engine, lambda session: find(session, what))
    wanted = select(Attempt.number).where(Attempt.task_id == task_id, Attempt.evidence.is_not(None))
    number = read(engine, lambda session: session.scalar(wanted.order_by(Attempt.number.desc()).limit(1)))
    if kind != "task" or number is None:
        raise refuse("--evidence", f"{what} is no task with evidence", "name a task's id, or a folder of evidence")
    place = StorageLocation.of(settings().evidence)
    storage, root = Storage(place), f"{place.root}/{task_id}/{number}"
    try:
        return json.loads(storage.get(f"{root}/{FACTS}")), storage.get(f"{root}/{TREE}").decode("utf-8")
    except (StorageError, ValueError) as error:
        raise refuse("--evidence", f"its evidence cannot be read: {error}", "see: phonefleet doctor") from error


def recording_of(facts: dict[str, Any], tree: str, profile: AppProfile, page: str) -> Recording:
    """Returns the recording. `page`: the page that the screen is; empty for the one that the failure names.

    Raises Refused when neither names a page of the profile.
    """
    details = facts.get("failure", {}).get("details") or {}
    wanted = details.get("wanted") or [details.get("page") or facts.get("page") or ""]
    chosen = page or str(wanted[0])
    if chosen not in profile.pages:
        remedy = f"add --page with the page that it is: {', '.join(profile.pages)}"
        raise refuse("--page", f"the evidence names no page of the profile: {chosen!r}", remedy)
    try:
        Screen.parse(tree)
    except ScreenError as error:
        raise refuse("--evidence", f"its tree cannot be read: {error}", "name another attempt") from error
    selectors = profile.pages[chosen].selectors
    parts = [part for part, resource_id in selectors.items() if resource_id == details.get("missing")]
    recording = Recording(str(facts.get("flow", "")), page=chosen, parts=parts, failure=facts["failure"]["code"])
    recording.calls.append({"call": "look", "screen": recording.add_screen(tree)})
    return recording
