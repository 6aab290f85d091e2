"""What the resources share: who asks, what they are served from, and parameters that are the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Request
from sqlalchemy import Engine

from gateway.bell import Bell
from gateway.caller import Caller, caller_of
from gateway.control import Control
from gateway.evidence import EvidenceStore
from gateway.plant import Planter
from gateway.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Gateway:
    """What endpoints are served from."""

    engine: Engine
    planter: Planter
    control: Control
    evidence: EvidenceStore

    @classmethod
    def on(cls, engine: Engine, bell: Bell, evidence: EvidenceStore) -> Gateway:
        """For one ledger."""
        return cls(engine, Planter(engine, bell, Waiting()), Control(engine), evidence)


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
