"""A patch that an update of the practice app had proposed, made of the recorded screens with other ids."""

from __future__ import annotations

import re

from sqlalchemy import Engine

from flows.drift.patch import Unmended
from flows.drift.propose import labelled, propose
from flows.drift.recorded import read_screens, screens_folder
from flows.drift.trees import stored_trees
from flows.profile import load_profile
from flows.screen import Screen
from models.responsible_use.profile_patches import propose_patch
from models.transactions.read_write import write

PHONE, VERSION = "P0001", "2.5.0"
PAGES = ("comments", "me")
GONE = Unmended(page="video", part="likes", old="com.phonefleet.practice:id/like_count", reason="it is not there")


def proposed_patch(engine: Engine, hostile: str = "", version: str = VERSION) -> int:
    """Proposes a patch for pages whose ids all have another name; its id. `hostile`: a part of this name is lost."""
    profile = load_profile()
    folder = screens_folder("practice")
    recorded = read_screens(profile, folder)
    dumps = [path.read_text(encoding="utf-8") for page in PAGES for path in sorted(folder.glob(f"{page}_*.xml"))]
    seen = [Screen.parse(re.sub(rf"({profile.package}:id/)", r"\1v5_", dump)) for dump in dumps]
    patch = propose(profile, recorded, seen)
    lost = GONE if not hostile else GONE.model_copy(update={"part": hostile, "old": hostile, "reason": hostile})
    patch = patch.model_copy(update={"unmended": (*patch.unmended, lost)})
    trees = stored_trees(profile.package, patch, recorded, labelled(patch.applied(profile), recorded, seen))
    stored = patch.model_dump(mode="json")
    return write(
        engine, lambda session: propose_patch(session, profile.package, version, stored, by=PHONE, trees=trees).id
    )
