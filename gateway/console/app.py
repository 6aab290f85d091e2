"""The console's FastAPI app: its routes, who may use each, and the answers to those who may not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

from anyio.to_thread import run_sync
from fastapi import FastAPI, Request
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from starlette.responses import RedirectResponse, Response

from gateway.access.body import BodyBudget
from gateway.access.listener import known_connection
from gateway.console import files
from gateway.console.bulk.carrying import BulkWorker
from gateway.console.form import form_of
from gateway.console.live.feed import Feed
from gateway.console.live.shelf import look_at_shelf
from gateway.console.not_allowed import NotAllowed
from gateway.console.pages import login
from gateway.console.pages.routes import NAVIGATION, ROUTES, Route
from gateway.console.pages.shelf import render_fragment
from gateway.console.people.login_limit import LoginLimit, LoginTurns
from gateway.console.people.sessions import Person, person_of
from gateway.console.view import COOKIE, SECURITY, Console, Form, View, came_from, environment, rendered
from gateway.words.catalogue import Catalogue, catalogue
from gateway.words.language import of_browser
from models.history.audit_log import for_reason
from models.transactions.read_write import read
from models.values.refused import Refused
from workers.app import app as celery
from workers.settings import Settings


def create_console(engine: Engine, config: Settings) -> FastAPI:
    """Builds the console on one ledger."""
    celery.loader.import_default_modules()  # a campaign may name only the tasks registered here
    templates = environment()
    templates.globals["pages"] = NAVIGATION
    feed = Feed(partial(read, engine, look_at_shelf), partial(render_fragment, templates))
    console = Console(
        engine, config, templates, feed, LoginLimit(), LoginTurns(), BulkWorker(engine), BodyBudget(config.body_bytes)
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        console.bulk.start()
        yield
        await feed.close()
        await run_sync(console.bulk.end)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan, redirect_slashes=False)
    app.state.console = console
    app.add_api_route("/health", _health, include_in_schema=False)
    app.add_api_route("/static/{mark}/{name}", _static, include_in_schema=False)
    app.add_api_route("/login", _open(console, login.show), methods=["GET"])
    app.add_api_route("/login", _open(console, login.enter), methods=["POST"])
    for one in ROUTES:
        app.add_api_route(one.path, _guarded(console, one), methods=[one.method])
    app.add_exception_handler(404, partial(_unanswered, console))
    app.add_exception_handler(405, partial(_unanswered, console))
    return app


async def _health() -> dict[str, str]:
    return {"status": "ok"}


async def _static(mark: str, name: str) -> Response:
    return files.answer(mark, name)


def _open(console: Console, handler: Callable[[Console, Request, Catalogue, Form], Response]) -> Any:
    """Returns the endpoint of a page for nobody in particular: the login."""

    async def endpoint(request: Request) -> Response:
        words = words_for(console, request, None)
        try:
            async with form_of(request, console.bodies) as form:
                page = partial(handler, console, request, words, form)
                return await (console.turns.take(request, page) if request.method == "POST" else run_sync(page))
        except NotAllowed as declined:
            return _declined(console, words, None, declined)

    return endpoint


def _guarded(console: Console, route: Route) -> Any:
    """Returns the endpoint of a page or an act: it looks for the session, the role and the form's token first."""

    async def endpoint(request: Request) -> Response:
        person = await run_sync(_person, console, request, route.uses_session)
        words = words_for(console, request, person)
        if person is None:
            return _to_login(request)
        known_connection(request.scope)
        try:
            if not person.may(route.role):
                raise NotAllowed(403, "your role may not do this")
            async with form_of(request, console.bodies, person.name) as form:
                if request.method == "POST" and form.raw("token") != person.form_token:
                    raise NotAllowed(403, "this form is of another session: load the page again")
                view = View(console, request, person, words, form)
                return await _answer(route, view, request.path_params)
        except NotAllowed as declined:
            return _declined(console, words, person, declined)
        except OperationalError:
            return _declined(console, words, person, NotAllowed(503, "the ledger does not answer"))

    return endpoint


async def _answer(route: Route, view: View, given: dict[str, Any]) -> Response:
    if route.streams:
        streamed: Awaitable[Response] = route.handler(view, **given)
        return await streamed

    def work() -> Response:
        try:
            with for_reason(view.form.text("reason")):
                return route.handler(view, **given)  # type: ignore[no-any-return]
        except Refused as refused:
            return view.page("refused.html", status=422, refused=refused, back=came_from(view.request))

    return await run_sync(work)


def words_for(console: Console, request: Request, person: Person | None) -> Catalogue:
    """Returns the catalogue in which this request is answered."""
    own = person.language if person is not None else None
    return catalogue(of_browser(own, request.headers.get("accept-language", ""), console.config.language))


def _person(console: Console, request: Request, used: bool) -> Person | None:
    token = request.cookies.get(COOKIE, "")
    return person_of(console.engine, token, used=used) if 20 <= len(token) <= 100 else None


def _to_login(request: Request) -> Response:
    if request.headers.get("hx-request"):  # a part of a page: the whole page must go to the login
        return Response(status_code=401, headers={**SECURITY, "hx-refresh": "true"})
    target = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(target, safe='/')}", 303, headers=SECURITY)


def _declined(console: Console, words: Catalogue, person: Person | None, why: NotAllowed) -> Response:
    return rendered(
        console.templates, "declined.html", words, why.status, {"person": person, "why": why.why, "done": ""}
    )


async def _unanswered(console: Console, request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    person = await run_sync(_person, console, request, False)
    why = NotAllowed(status, "there is no such page")
    return _declined(console, words_for(console, request, person), person, why)
