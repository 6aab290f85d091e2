"""Evidence of failed attempts: a screenshot, the page's tree, and the facts."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from gateway.access.long_answer import UNTIL_SENT, AnswerCut, PiecesResponse
from gateway.access.ownership import own_task
from gateway.access.parsed_body import ParsedRoute
from gateway.api import responses
from gateway.api.dependencies import ById, CallerDep, GatewayDep
from gateway.api.evidence_store import MEDIA_TYPES, bundle_of
from gateway.problem import ApiProblem, answers
from workers.evidence.bundle import Bundle

router = APIRouter(prefix="/v1/tasks", tags=["evidence"], route_class=ParsedRoute)


@router.get("/{task_id}/attempts/{number}/evidence/{name}", response_model=responses.EvidenceFile, responses=answers())
async def get_evidence(
    task_id: ById,
    number: Annotated[int, Path(ge=0, le=1000)],
    name: ById,
    who: CallerDep,
    on: GatewayDep,
    request: Request,
) -> Response:
    """Returns one file of evidence in base64: `screenshot.jpg`, `ui.xml`, `evidence.json`, or one that it names."""

    def work(session: Session) -> Bundle:
        return bundle_of(session, own_task(session, who, task_id), number, name)

    request.scope[UNTIL_SENT].enter_context(on.evidence.slot(who.key.id))
    pieces = on.evidence.pieces(await run_sync(on.look, who, work), name)
    first = await anext(pieces, b"")  # when there is none, the request is refused before an answer begins
    return PiecesResponse(_as_json(name, first, pieces))


async def _as_json(name: str, first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yields an EvidenceFile in JSON."""
    head = json.dumps({"name": name, "media_type": MEDIA_TYPES[name], "content": ""}, separators=(",", ":"))
    yield head.removesuffix('"}').encode() + base64.b64encode(first)
    length = len(first)
    try:
        async for piece in pieces:
            length += len(piece)
            yield base64.b64encode(piece)
    except ApiProblem as problem:
        raise AnswerCut(problem) from None
    yield f'","bytes":{length}}}'.encode()
