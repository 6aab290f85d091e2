"""FastAPI dependencies that the resources share: the caller, the gateway, and common parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Path, Query, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway.access.body import SMALL_BYTES
from gateway.access.caller import Caller, Replayed, accept_once, caller_of
from gateway.access.large_answers import IN_ITS_TURN
from gateway.access.replay_guard import ReplayStore
from gateway.api.control import Control
from gateway.api.evidence_store import EvidenceStore
from gateway.problem import ApiProblem
from gateway.submissions.all_problems import with_all_else
from gateway.submissions.group_commit import GroupCommitter
from gateway.submissions.open_task_quota import OpenTaskQuota
from gateway.submissions.plant import Show
from gateway.submissions.requests import CampaignAsked, TaskAsked, plain
from gateway.submissions.submission import digest_of
from models.transactions.read_write import read
from models.values.refused import Refused
from workers.runtime.db_retry import AWAY
from workers.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gateway:
    """The ledger and the services that the endpoints use."""

    engine: Engine
    planter: GroupCommitter
    control: Control
    asked_before: ReplayStore
    evidence: EvidenceStore
    config: Settings

    @classmethod
    def on(cls, engine: Engine, asked_before: ReplayStore, evidence: EvidenceStore, config: Settings) -> Gateway:
        """Builds the services on one ledger."""
        return cls(engine, GroupCommitter(engine, OpenTaskQuota()), Control(engine), asked_before, evidence, config)

    def look(self, caller: Caller, work: Callable[[Session], T], *, again: bool = False) -> T:
        """Runs a read for one request, accepted once. Raises Replayed. `again`: it was accepted when it was large."""
        if again:
            return read(self.engine, work)
        first = self.asked_before.first_time(caller.key.id, caller.request_id)
        if first is None:
            accept_once(self.engine, caller)
        elif not first:
            raise Replayed
        return read(self.engine, work)

    def planted_before(self, caller: Caller, body: TaskAsked | CampaignAsked, show: Show, refused: Refused) -> Any:
        """Returns what the same request planted earlier, when it was not refused yet: it is safe to send it again.

        Raises ApiProblem with the problems of `refused` if it planted nothing; reference_taken; Replayed.
        """
        if not body.dry_run:
            kind = "task" if isinstance(body, TaskAsked) else "campaign"
            found = self.planter.planted_before(caller, body.reference, digest_of(kind, plain(body)), show)
            if found is not None:
                return found
        kind = "task" if isinstance(body, TaskAsked) else "campaign"
        raise ApiProblem.of(self.all_wrong(caller, kind, plain(body), refused))

    def all_wrong(self, caller: Caller, kind: str, asked: Any, known: Refused) -> Refused:
        """Adds further problems of a request to plant; returns the known ones alone while the ledger is away."""
        try:
            return read(self.engine, lambda session: with_all_else(session, caller, kind, asked, known))
        except AWAY:
            return known


def gateway_of(request: Request) -> Gateway:
    """Returns the services of the app that serves this request."""
    found = request.app.state.gateway
    assert isinstance(found, Gateway)
    return found


async def _gateway(request: Request) -> Gateway:
    return gateway_of(request)


async def seal_parameter(
    seal: Annotated[
        Literal["none"] | None,
        Query(description="`none`: this request and its answer are plain JSON, where the operator allows it."),
    ] = None,
) -> None:
    """Checks and describes the query parameter `seal`, which the middleware reads."""


async def _in_its_turn(request: Request) -> bool:
    return bool(request.scope.get(IN_ITS_TURN, False))


def is_big(request: Request) -> bool:
    """Returns whether its body takes long to check."""
    return int(request.headers.get("content-length", 0)) > SMALL_BYTES


async def _is_big(request: Request) -> bool:
    return is_big(request)


InItsTurn = Annotated[bool, Depends(_in_its_turn)]
IsBig = Annotated[bool, Depends(_is_big)]
CallerDep = Annotated[Caller, Depends(caller_of)]
GatewayDep = Annotated[Gateway, Depends(_gateway)]
ById = Annotated[str, Path(min_length=1, max_length=191)]
