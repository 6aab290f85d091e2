"""What the resources share: who asks, what they are served from, and parameters that are the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Path, Query, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway.caller import Caller, Replayed, caller_of, let_in_once
from gateway.control import Control
from gateway.evidence import EvidenceStore
from gateway.line import Planter
from gateway.turnstile import AskedBefore
from gateway.waiting import Waiting
from models.engine import read

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gateway:
    """What endpoints are served from."""

    engine: Engine
    planter: Planter
    control: Control
    asked_before: AskedBefore
    evidence: EvidenceStore

    @classmethod
    def on(cls, engine: Engine, asked_before: AskedBefore, evidence: EvidenceStore) -> Gateway:
        """For one ledger."""
        return cls(engine, Planter(engine, Waiting()), Control(engine), asked_before, evidence)

    def look(self, caller: Caller, work: Callable[[Session], T]) -> T:
        """Answer a question from the ledger, once. Raises Replayed."""
        first = self.asked_before.first_time(caller.key.id, caller.request_id)
        if first is None:
            let_in_once(self.engine, caller)
        elif not first:
            raise Replayed
        return read(self.engine, work)


async def _gateway(request: Request) -> Gateway:
    found = request.app.state.gateway
    assert isinstance(found, Gateway)
    return found


async def seal_parameter(
    seal: Annotated[
        Literal["none"] | None,
        Query(description="`none`: this request and its answer are plain JSON, where the operator allows it."),
    ] = None,
) -> None:
    """The door reads it; here it is checked and described."""


Who = Annotated[Caller, Depends(caller_of)]
On = Annotated[Gateway, Depends(_gateway)]
ById = Annotated[str, Path(min_length=1, max_length=191)]
