"""Exports: asks for a workbook of the caller's tasks, tells how far it is, and hands its file out in pieces."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.ownership import own_export
from gateway.access.parsed_body import ParsedRoute
from gateway.api.dependencies import ById, CallerDep, GatewayDep
from gateway.api.export_views import Export as Shown
from gateway.api.export_views import ExportPiece, export_view
from gateway.exports.asked import checked_filters
from gateway.exports.folders import folder_of
from gateway.exports.ledger import TooMany, start_in
from gateway.problem import ApiProblem, answers, unknown
from gateway.submissions.requests import ExportAsked
from models.tables import Export
from models.transactions.read_write import write
from models.values.enums import ExportState
from models.values.refused import Problem

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=ParsedRoute)

PIECE_BYTES = 1_048_575  # divides by 3: the base64 of a piece needs no padding
MOST_OFFSET = 1 << 50


@router.post("", status_code=201, responses=answers("too_many_exports"))
def start_export(body: ExportAsked, response: Response, who: CallerDep, on: GatewayDep) -> Shown:
    """Asks for an Excel workbook of your tasks that match. It is made in the background; ask how far it is."""

    def work(session: Session) -> Shown:
        who.once(session)
        return export_view(_start(session, who, body, on.config.exports_a_day))

    export = write(on.engine, work)
    response.headers["location"] = f"/v1/exports/{export.id}"
    return export


def _start(session: Session, who: Caller, body: ExportAsked, most: int) -> Export:
    filters = checked_filters(body.model_dump() | {"sandbox": who.key.sandbox})
    try:
        return start_in(session, filters, who.who, keys=who.sees, key_id=who.key.id, background=True, most_a_day=most)
    except TooMany as many:
        problem = Problem("export", str(many), "wait until those are made, or ask the operator to allow more")
        raise ApiProblem("too_many_exports", problems=[problem], headers={"retry-after": "60"}) from None


@router.get("/{export_id}", responses=answers())
def get_export(export_id: ById, who: CallerDep, on: GatewayDep) -> Shown:
    """Returns how far an export is, and what its file is when it is done."""
    return on.look(who, lambda session: export_view(own_export(session, who, export_id)))


@router.get("/{export_id}/file", responses=answers("not_now"))
def get_export_file(
    export_id: ById,
    who: CallerDep,
    on: GatewayDep,
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET, description="`next` of the piece before.")] = 0,
) -> ExportPiece:
    """Returns a piece of an export's file in base64, from this byte on. `next` is null in the last piece."""
    export = on.look(who, lambda session: export_view(own_export(session, who, export_id)))
    if export.state != ExportState.DONE or export.file is None or export.bytes is None:
        if export.state == ExportState.DELETED:
            raise unknown("file: it was kept as long as exports are kept")
        detail = f"the export is {export.state}; its file is there when it is done"
        raise ApiProblem("not_now", detail, headers={"retry-after": "5"})
    try:
        with (folder_of(on.config.exports, export.id) / export.file).open("rb") as file:
            file.seek(offset)
            piece = file.read(PIECE_BYTES)
    except OSError:
        raise unknown("file: it was deleted, or is on another machine") from None
    following = offset + len(piece)
    return ExportPiece(
        name=export.file,
        offset=offset,
        content=base64.b64encode(piece).decode(),
        next=following if following < export.bytes and piece else None,
    )
