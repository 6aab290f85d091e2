"""The shelf's small pictures: which phones have one, and each. A page that asks for them has workers take them."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from gateway.console.live.shelf import tile_id
from gateway.console.view import SECURITY, View
from models.fleet.pictures import picture_of, pictures_taken, watch_shelf

# A tile that is drawn anew asks the browser for its picture again, and each moment of taking has an address of its own.
FOR_A_MINUTE = {**SECURITY, "cache-control": "private, max-age=60"}


def taken(view: View) -> Response:
    """Notes that somebody watches. Returns JSON: the id of each tile whose phone has a picture → its address."""
    watch_shelf(view.engine)

    def work(session: Session) -> dict[str, str]:
        return {
            tile_id(serial): f"/shelf/pictures/{quote(serial, safe='')}?at={at.timestamp():.3f}"
            for serial, at in pictures_taken(session)
        }

    return JSONResponse(view.look(work), headers=SECURITY)


def picture(view: View, serial: str) -> Response:
    """Returns a phone's newest picture; 404 without one."""
    found = view.look(lambda session: picture_of(session, serial))
    if found is None:
        return Response(status_code=404, headers=SECURITY)
    kept = {**FOR_A_MINUTE, "content-security-policy": "default-src 'none'; sandbox"}
    return Response(found, media_type="image/webp", headers=kept)
