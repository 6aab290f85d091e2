"""Compiles a campaign request: from a canvas as JSON, or from the content of a campaign file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from gateway.access.caller import Caller
from gateway.submissions.plant import facts_for
from gateway.submissions.requests import CampaignAsked
from gateway.submissions.submission import Submission, checked_callback, compile_canvas_json, digest_of, drawn_seed
from models.transactions.read_write import read
from models.values.refused import Refused, refuse
from workers.campaigns.build import CheckedDay, check_day, day_canvas, refuse_schedule
from workers.campaigns.given_campaign import given_campaign
from workers.canvas import Planted
from workers.planting.plant import compile_for_planting


def campaign_submission(engine: Engine, caller: Caller, body: CampaignAsked, asked: Mapping[str, Any]) -> Submission:
    """Compiles a request and checks all that needs no lock of the ledger. Raises Refused."""
    name, planted, seed, day = _canvas(body) if body.canvas is not None else _file(engine, caller, body)
    return Submission(
        kind="campaign",
        reference=body.reference,
        name=body.name or name,
        planted=planted,
        join=body.join,
        seed=drawn_seed() if seed is None else seed,
        asked_for=asked,
        digest=digest_of("campaign", asked),
        callback_url=_callback(caller, body, day),
        latest_end=body.latest_end,
        complete_until=None if day is None else day.complete_until,
        quotas=None if day is None else day.day.own_quotas,
    )


def _callback(caller: Caller, body: CampaignAsked, day: CheckedDay | None) -> str | None:
    """Returns the request's address for callbacks, or the file's, both checked alike. Raises Refused."""
    asked = checked_callback(body.callback_url, caller.key.allowlist)
    if day is None or day.day.callback_url is None:
        return asked
    try:
        named = checked_callback(day.day.callback_url, caller.key.allowlist)
    except Refused as refused:
        raise refused.within("file") from None
    if asked not in (None, named):
        raise refuse("callback_url", "the file names another address", "give it once: in the request, or in the file")
    return named


_Compiled = tuple[str, Planted, int | None, CheckedDay | None]


def _canvas(body: CampaignAsked) -> _Compiled:
    assert body.canvas is not None
    return body.reference, compile_canvas_json(body.canvas, body.join), body.seed, None


def _file(engine: Engine, caller: Caller, body: CampaignAsked) -> _Compiled:
    assert body.file is not None
    if body.join != "all":
        raise refuse("join", "a campaign file says itself what follows what", "leave join out")
    try:
        given = given_campaign(body.file)
        checked = read(engine, lambda session: check_day(session, given, facts_for(session, caller.key)))
        refuse_schedule(checked.day, "leave it out, and send the file at each of its times with a reference of its own")
    except Refused as refused:
        raise refused.within("file") from None
    seed = body.seed if body.seed is not None else checked.day.seed
    return checked.day.campaign, compile_for_planting(day_canvas(checked), "all"), seed, checked
