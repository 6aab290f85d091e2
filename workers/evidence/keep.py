"""Keep: the one call with which a phone's worker collects and stores the evidence of a failed attempt."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from flows.profile import AppProfile
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed
from workers.evidence.bundle import FACTS, RECORDING, SCREENSHOT, TREE, Bundle, Case, Evidence, summary
from workers.evidence.collect import collect
from workers.evidence.film import Filmed, told
from workers.evidence.location import StorageLocation
from workers.evidence.phone_probe import PhoneWitness
from workers.evidence.scrub import scrubbed
from workers.evidence.shipper_thread import spool_of
from workers.evidence.spool import Spool
from workers.phone.device import Call
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import Settings

log = logging.getLogger("phonefleet.evidence")


def keep(
    config: Settings,
    identity: WorkerIdentity,
    got: Claim,
    watch: SlotWatch,
    failed: Failed,
    calls: Iterable[Call],
    profile: AppProfile,
    filmed: Filmed | None = None,
) -> dict[str, Any] | None:
    """Collects and spools the evidence of a failed attempt. Returns the summary for `attempts.evidence`. Never raises.

    Takes at most 5 seconds, and leaves enough time to record the failure. `calls` are the attempt's last calls to the
    phone, `filmed` what was filmed of it. Returns None at the desk, which has no phone.
    """
    if identity.serial is None:
        return None
    case = Case(
        task_id=got.fence.task_id,
        attempt=got.fence.attempt,
        campaign_id=got.campaign_id,
        flow=got.flow,
        host=identity.host,
        phone=identity.serial,
        account=got.account_id,
        code=failed.code,
        reason=failed.reason,
        step=failed.step,
        details=failed.details,
    )
    try:
        reach = partial(PhoneWitness, identity.address, identity.serial, identity.adb_port)
        evidence = with_film(collect(case, watch, calls, profile, reach), filmed or Filmed())
        return store(evidence, spool_of(config), config)
    except Exception as error:
        log.exception("no evidence of task %s, attempt %d", case.task_id, case.attempt)
        return {"url": None, "stored": False, "why": scrubbed(f"{type(error).__name__}: {error}"[:500])}


def with_film(evidence: Evidence, filmed: Filmed) -> Evidence:
    """Returns the evidence with the pictures of the attempt's steps and its recording, or why there is none."""
    film, files = told(filmed.frames)
    facts, more = {**evidence.facts, "film": film}, dict(files)
    if filmed.recording is not None:
        more[RECORDING] = filmed.recording
        facts["recording"] = {"file": RECORDING, "bytes": len(filmed.recording)}
    elif filmed.why:
        facts["missing"] = {**facts.get("missing", {}), "recording": scrubbed(filmed.why)}
    return replace(evidence, facts=facts, more=more)


def store(evidence: Evidence, spool: Spool, config: Settings) -> dict[str, Any]:
    """Spools evidence for shipping. Returns its summary, which has the reason if that failed. Never raises."""
    bundle = Bundle(evidence.task_id, evidence.attempt)
    url = StorageLocation.of(config.evidence).url(bundle)
    try:
        spool.put(bundle, files_of(evidence))
    except Exception as error:  # noqa: BLE001  # whatever ails the disk, the task goes on
        log.warning("evidence of task %s, attempt %d: %s", evidence.task_id, evidence.attempt, error)
        why = str(scrubbed(f"{type(error).__name__}: {error}"))[:500]
        return summary(evidence.facts, url, config.evidence_days, stored=False, why=why)
    return summary(evidence.facts, url, config.evidence_days, stored=None)


def files_of(evidence: Evidence) -> dict[str, bytes]:
    """Returns the files of a bundle, without those whose piece is missing."""
    files = dict(evidence.more) | {FACTS: json.dumps(evidence.facts, ensure_ascii=False, indent=1).encode()}
    if evidence.screenshot is not None:
        files[SCREENSHOT] = evidence.screenshot
    if evidence.tree is not None:
        files[TREE] = evidence.tree.encode(errors="replace")
    return files
