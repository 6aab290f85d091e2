"""The end of a pause, as a form gives it."""

from __future__ import annotations

from datetime import datetime

from gateway.console.view import View
from models.database.clock import database_now
from workers.settings.moments import read_end


def pause_end(view: View) -> datetime | None:
    """Returns when the pause that the form asks for ends by itself; None: when it is resumed. Raises Refused."""
    now = view.look(database_now)
    return read_end(now, ("lasting", view.form.text("lasting", 20)), ("until", view.form.text("until", 40)))
