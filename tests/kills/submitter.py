"""`python -m tests.kills.submitter NAME`: submits a campaign of that name, and can be held on the way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from tests.kills.moments import Moment
from tests.kills.sample_tasks import grow_two
from tests.kills.wrap import at, wrap
from workers.app import app
from workers.dispatch import ring
from workers.planting import submit

name = sys.argv[1]


def _before(moment: Moment) -> Callable[..., Any]:
    def around(original: Callable[..., Any], *args: Any, **more: Any) -> Any:
        at(moment, name)
        return original(*args, **more)

    return around


def _planting(original: Callable[..., Any], session: Any, *args: Any) -> Any:
    ready = original(session, *args)
    session.flush()
    at(Moment.PLANTING, name)
    return ready


wrap(submit, "plant_campaign", _planting)
wrap(ring, "ring", _before(Moment.PLANTED))
wrap(ring, "publish", _before(Moment.RINGING))

submit.submit(grow_two.si(name) | app.signature("gather"), name=name, asked_by="test")
