"""Evidence of failed attempts: a screenshot, the page's tree, and the facts."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session

from gateway.access.ownership import own_task
from gateway.api import responses
from gateway.api.dependencies import ById, CallerDep, GatewayDep
from gateway.api.evidence_store import MEDIA_TYPES, bundle_of
from gateway.problem import answers
from workers.evidence.bundle import Bundle

router = APIRouter(prefix="/v1/tasks", tags=["evidence"])


@router.get("/{task_id}/attempts/{number}/evidence/{name}", responses=answers())
def get_evidence(
    task_id: ById, number: Annotated[int, Path(ge=0, le=1000)], name: ById, who: CallerDep, on: GatewayDep
) -> responses.EvidenceFile:
    """Returns one file of evidence in base64: `screenshot.jpg`, `ui.xml` or `evidence.json`."""

    def work(session: Session) -> Bundle:
        return bundle_of(session, own_task(session, who, task_id), number, name)

    data = on.evidence.read(on.look(who, work), name)
    content = base64.b64encode(data).decode("ascii")
    return responses.EvidenceFile(name=name, media_type=MEDIA_TYPES[name], bytes=len(data), content=content)
