"""The FastAPI app: the resources, the middleware, and an error handler that answers with problems."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import Engine
from starlette.exceptions import HTTPException

from gateway.access.authentication import Authenticator
from gateway.access.body import BodyBudget
from gateway.access.caller import Keyring, accept_once, caller_of
from gateway.access.middleware import SecureChannelMiddleware, SharedLimits
from gateway.access.rate_limit import RateLimiter
from gateway.access.replay_guard import ReplayCache, ReplayStore
from gateway.access.shared_rate import SharedRate
from gateway.api import campaigns, changes, comments, deliveries, evidence, exports, phones, records, tasks, watches
from gateway.api.dependencies import Gateway, seal_parameter
from gateway.api.evidence_store import EvidenceStore
from gateway.api.openapi import describe
from gateway.problem import MEDIA_TYPE, ApiProblem
from gateway.words.language import of_request
from models.database.storable import storable_text
from models.values.refused import MOST_PROBLEMS, Problem, Refused
from workers.app import app as celery
from workers.planting.validation_errors import value_words
from workers.settings import Settings

VERSION = "1.0"
RESOURCES = (tasks, evidence, campaigns, phones, deliveries, changes, exports, records, comments, watches)


PLANTING = {"/v1/tasks": "task", "/v1/campaigns": "campaign"}


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(engine: Engine, config: Settings, *, clock: Callable[[], datetime] = _now) -> FastAPI:
    """Builds the API on one ledger. Its connections close when its lifespan ends."""
    celery.loader.import_default_modules()  # a canvas may name only the tasks registered here
    asked_before = ReplayStore(config.redis_url)
    shared_rate = SharedRate(config.redis_url if config.shared_rate else None)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        gateway = Gateway.on(engine, asked_before, EvidenceStore(config.evidence, config.evidence_downloads), config)
        app.state.gateway = gateway
        gateway.planter.start()
        yield
        await run_sync(gateway.planter.stop)
        asked_before.close()
        await shared_rate.close()

    app = _described(lifespan)
    app.add_middleware(
        SecureChannelMiddleware,
        keyring=Keyring(engine),
        authenticator=Authenticator(RateLimiter(), ReplayCache(), clock),
        remember=partial(accept_once, engine),
        clock=clock,
        plain_for_all=config.plain_json,
        limits=SharedLimits(BodyBudget(config.body_bytes), BodyBudget(config.answer_bytes), shared_rate),
    )
    return app


def describing_app() -> FastAPI:
    """Builds the app without a ledger, for its OpenAPI description alone."""
    return _described(None)


def _described(lifespan: Any) -> FastAPI:
    app = FastAPI(
        title="phonefleet",
        version=VERSION,
        summary="Dispatch, control and status of a shelf of phones.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,  # the middleware has parsed the body; a media type would be parsed for nothing
        generate_unique_id_function=lambda route: route.name,
    )
    for resource in RESOURCES:
        app.include_router(resource.router, dependencies=[Depends(seal_parameter)])

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        """Tells a load balancer that this process answers."""
        return {"status": "ok"}

    app.add_exception_handler(ApiProblem, _declined)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _answer(request: Request, declined: ApiProblem) -> JSONResponse:
    details = declined.details(of_request(request.scope["headers"]))
    return JSONResponse(details, declined.status, headers=declined.headers, media_type=MEDIA_TYPE)


async def _declined(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiProblem)
    return _answer(request, error)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return _answer(request, ApiProblem.of(error))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Answers a validation error with field and reason, never the value.

    A request to plant gets all its other problems too.
    """
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    refused = Refused(map(_problem, errors[:MOST_PROBLEMS]), more=len(errors[MOST_PROBLEMS:]))
    kind = PLANTING.get(request.url.path) if request.method == "POST" else None
    if kind is not None:
        caller = await caller_of(request)
        gateway: Gateway = request.app.state.gateway
        refused = await run_sync(gateway.all_wrong, caller, kind, error.body, refused)
    return _answer(request, ApiProblem.of(refused))


def _problem(one: Any) -> Problem:
    place = [str(part) for part in one["loc"]]
    field = ".".join(place[1:]) or place[0] if place else "body"
    kind, message = one["type"], str(one["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        message, remedy = "there is no such field", "correct its name, or leave it out"
    elif kind == "missing":
        message, remedy = "it is missing", "give it a value"
    elif (told := value_words(one)) is not None:
        message, remedy = told
    else:
        remedy = getattr(one.get("ctx", {}).get("error"), "remedy", "correct the value")
    return Problem(storable_text(field, 200), storable_text(message, 500), remedy)


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        return _answer(request, ApiProblem("method_not_allowed", headers=headers))
    if error.status_code == 404:
        return _answer(request, ApiProblem("not_found", "no such address"))
    return _answer(
        request, ApiProblem("refused", problems=[Problem("body", "it cannot be read", "send one JSON object")])
    )
