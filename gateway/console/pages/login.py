"""The login: the one page for nobody in particular."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.people.login_limit import address_of, host_of
from gateway.console.people.sessions import LONGEST, log_in
from gateway.console.view import COOKIE, SECURITY, Console, Form, rendered
from gateway.words.catalogue import Catalogue


def show(console: Console, request: Request, words: Catalogue, form: Form) -> Response:
    """Shows the form."""
    return _page(console, words, _inside(request.query_params.get("next", "")), "", 200)


def enter(console: Console, request: Request, words: Catalogue, form: Form) -> Response:
    """Opens a session, and goes on to the page that was asked for."""
    name, password, to = form.raw("name").strip()[:191], form.raw("password"), _inside(form.raw("next"))
    address = address_of(request)
    if console.logins.reached(address, name):
        return _page(console, words, to, "too many failed attempts: wait five minutes", 429)
    token = log_in(console.engine, name, password, host_of(request))
    if token is None:
        console.logins.failed(address, name)
        return _page(console, words, to, "name or password is wrong, or the user is disabled", 403)
    answer = RedirectResponse(to, 303, headers=SECURITY)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def _page(console: Console, words: Catalogue, to: str, wrong: str, status: int) -> Response:
    return rendered(console.templates, "login.html", words, status, {"next": to, "wrong": wrong, "done": ""})


def _inside(path: str) -> str:
    """Returns the path if it lies in this console, else that of the first page."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() else "/"
