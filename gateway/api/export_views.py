"""The answers about exports, made from rows of the ledger."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from gateway.api.responses import Shown
from models import tables
from models.values.enums import ExportState


class Export(Shown):
    """An Excel workbook that was asked for."""

    id: str
    state: ExportState
    tasks_done: int = Field(description="The tasks that were looked at so far.")
    tasks_total: int | None = Field(description="Null while they are not counted yet.")
    file: str | None = Field(description="The name of its file, when it is done.")
    rows: int | None
    bytes: int | None
    sha256: str | None = Field(description="Of the whole file, in hex.")
    reason: str | None = Field(description="Why it failed.")
    cut_at: datetime = Field(description="It holds the tasks that had ended by then.")
    created_at: datetime
    ended_at: datetime | None


class ExportPiece(Shown):
    """A piece of an export's file."""

    name: str
    offset: int
    content: str = Field(description="The piece in base64.")
    next: int | None = Field(description="The offset of the following piece; null: this is the last one.")


def export_view(export: tables.Export) -> Export:
    """Builds the response of an export."""
    return Export(
        id=export.id,
        state=ExportState(export.state),
        tasks_done=export.tasks_done,
        tasks_total=export.tasks_total,
        file=export.file,
        rows=export.rows,
        bytes=export.bytes,
        sha256=export.sha256,
        reason=export.reason,
        cut_at=export.cut_at,
        created_at=export.created_at,
        ended_at=export.ended_at,
    )
