"""Campaigns: plants a canvas or a campaign file as a whole; shows, stops, pauses and re-prioritises campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from gateway.access.large_answers import IsLarge
from gateway.access.ownership import own_campaign
from gateway.access.parsed_body import ParsedRoute
from gateway.access.sending import LARGE_BYTES
from gateway.api import missing_responses, responses
from gateway.api.dependencies import ById, CallerDep, GatewayDep, InItsTurn
from gateway.api.filters import CampaignsAsked
from gateway.api.forecasts import forecast_view
from gateway.api.missing import MOST_BYTES, has_many, missing_view, more_than
from gateway.api.pages import campaigns_page
from gateway.api.views import campaign_line, campaign_view
from gateway.problem import answers
from gateway.submissions.campaign_submission import campaign_submission
from gateway.submissions.dry_run import forecast
from gateway.submissions.requests import CampaignAsked, NewPriority, Reason, plain
from models.tables import Campaign
from models.values.refused import Refused
from workers.campaigns.complete import family_of

HEAVY_BYTES = 16_000_000  # of parameters and results
HEAVY_TASKS = 20_000

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=ParsedRoute)


@router.post(
    "",
    status_code=201,
    responses={
        200: {
            "model": responses.Campaign | responses.Forecast,
            "description": "The campaign was planted before; or the forecast of a dry run.",
        },
        **answers("reference_taken", "too_many_waiting"),
    },
)
def submit_campaign(
    body: CampaignAsked, response: Response, who: CallerDep, on: GatewayDep
) -> responses.Campaign | responses.Forecast:
    """Plants a canvas, or a campaign file: all of its tasks or none. Safe to send again with the same reference."""
    try:
        submission = campaign_submission(on.engine, who, body, plain(body))
    except Refused as refused:
        campaign, new = on.planted_before(who, body, _show, refused), False
    else:
        if body.dry_run:
            response.status_code = 200
            return forecast_view(on.look(who, lambda session: forecast(session, who, submission)))
        campaign, new = on.planter.plant_alone(who, submission, _show)
    assert isinstance(campaign, responses.Campaign)
    response.status_code = 201 if new else 200
    response.headers["location"] = f"/v1/campaigns/{campaign.id}"
    return campaign


def _show(session: Session, campaigns: Sequence[Campaign]) -> list[responses.Campaign]:
    return [campaign_view(session, one) for one in campaigns]


@router.get("", responses=answers())
def list_campaigns(
    asked: Annotated[CampaignsAsked, Query()], who: CallerDep, on: GatewayDep
) -> responses.Page[responses.CampaignLine]:
    """Lists your campaigns, newest first. A task that was submitted alone is a campaign with one task."""

    def work(session: Session) -> responses.Page[responses.CampaignLine]:
        rows, following = campaigns_page(session, who, asked.state, asked.reference, asked.cursor, asked.limit)
        return responses.Page(items=[campaign_line(one) for one in rows], next=following)

    return on.look(who, work)


@router.get("/{campaign_id}", responses=answers())
def get_campaign(campaign_id: ById, who: CallerDep, on: GatewayDep, turn: InItsTurn) -> responses.Campaign:
    """Returns a campaign's progress: the numbers asked for, got and missing, with the reasons."""

    def work(session: Session) -> responses.Campaign:
        campaign = own_campaign(session, who, campaign_id)
        # the ledger counts in every result: a second for fifty megabytes
        if not turn and (campaign.stored_bytes > HEAVY_BYTES or more_than(session, [campaign_id], HEAVY_TASKS)):
            raise IsLarge(LARGE_BYTES)
        return campaign_view(session, campaign)

    return on.look(who, work, again=turn)


@router.get("/{campaign_id}/missing", responses=answers())
def get_missing(campaign_id: ById, who: CallerDep, on: GatewayDep, turn: InItsTurn) -> missing_responses.Missing:
    """Lists what a campaign is missing and why, the campaigns that complete it included."""

    def work(session: Session) -> missing_responses.Missing:
        family = family_of(session, own_campaign(session, who, campaign_id).id)
        if not turn and has_many(session, family):
            raise IsLarge(MOST_BYTES)
        return missing_view(session, family)

    return on.look(who, work, again=turn)


@router.post("/{campaign_id}/missing", status_code=201, responses=answers("not_now", "too_many_waiting"))
def plant_what_is_missing(campaign_id: ById, who: CallerDep, on: GatewayDep) -> missing_responses.PlantedMissing:
    """Plants exactly what an ended campaign is missing, as a campaign that completes it."""
    planted, tasks = on.control.plant_missing(who, campaign_id)
    return missing_responses.PlantedMissing(campaign_id=planted, tasks=tasks)


@router.patch("/{campaign_id}", responses=answers("not_now"))
def prioritise_campaign(campaign_id: ById, body: NewPriority, who: CallerDep, on: GatewayDep) -> responses.Prioritised:
    """Changes the priority of all tasks of a campaign that have not ended."""
    return responses.Prioritised(changed=on.control.reprioritise_campaign(who, campaign_id, body.priority))


@router.post("/{campaign_id}/stop", responses=answers("not_now"))
def stop_campaign(campaign_id: ById, who: CallerDep, on: GatewayDep, body: Reason | None = None) -> responses.Stopped:
    """Stops all tasks of a campaign."""
    report = on.control.stop_campaign(who, campaign_id, body.why if body else "")
    return responses.Stopped(stopped=report.stopped, leaving=report.leaving, in_review=report.in_review)


@router.post("/{campaign_id}/pause", responses=answers("not_now"))
def pause_campaign(campaign_id: ById, who: CallerDep, on: GatewayDep, body: Reason | None = None) -> responses.Paused:
    """Pauses a campaign: holds its tasks, and tasks that it plants meanwhile."""
    report = on.control.pause_campaign(who, campaign_id, body.why if body else "")
    return responses.Paused(held=report.held, leaving=report.leaving)


@router.post("/{campaign_id}/resume", responses=answers("not_now"))
def resume_campaign(campaign_id: ById, who: CallerDep, on: GatewayDep) -> responses.Resumed:
    """Resumes a paused campaign."""
    return responses.Resumed(ready=on.control.resume_campaign(who, campaign_id))
