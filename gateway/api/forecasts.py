"""Turns the result of a dry run into its response."""

from __future__ import annotations

from gateway.api import responses
from gateway.problem import detail_of, for_customer
from gateway.submissions.dry_run import DryRun
from models.values.customer_words import customer_words


def forecast_view(found: DryRun) -> responses.Forecast:
    """Builds the response for a customer."""
    return responses.Forecast(
        accepted=not found.refused.problems,
        problems=[detail_of(for_customer(one)) for one in found.refused.problems],
        more_problems=found.refused.more,
        tasks=found.tasks,
        placements=[
            responses.Placement(
                flow=one.flow,
                tasks=one.tasks,
                target=one.target,
                phones=[seated.serial for seated in one.able],
                accounts=[seated.account_id for seated in one.able if seated.account_id is not None],
                waits_for=customer_words(one.waits_for),
                ahead=one.ahead,
            )
            for one in found.placed
        ],
        more_placements=found.more_placed,
    )
