"""The user's own page: language, password, and the way out."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from gateway.console.people.login_limit import address_of, host_of
from gateway.console.people.sessions import log_in, log_out
from gateway.console.people.users import set_language, set_password
from gateway.console.view import COOKIE, SECURITY, View, came_from
from models.values.refused import refuse


def show(view: View) -> Response:
    """Shows the user's settings."""
    return view.page("me.html")


def leave(view: View) -> Response:
    """Ends the session."""
    log_out(view.engine, view.request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", 303, headers=SECURITY)
    answer.delete_cookie(COOKIE)
    return answer


def language(view: View) -> Response:
    """Sets the language in which the user reads the console."""
    set_language(view.engine, view.who, view.form.text("language") or None)
    to = came_from(view.request) if view.form.text("back") else "/me"
    return RedirectResponse(to, 303, headers=SECURITY)


def password(view: View) -> Response:
    """Sets a new password, and opens a session with it in this browser; all others end."""
    address = address_of(view.request)
    if view.console.logins.reached(address, view.who):
        raise refuse("password", "too many failed attempts", "wait five minutes")
    opened = log_in(view.engine, view.who, view.form.raw("old"), host_of(view.request))
    if opened is None:
        view.console.logins.failed(address, view.who)
        raise refuse("password", "the present one is wrong", "give it as you log in with it")
    if view.form.raw("new") != view.form.raw("again"):
        log_out(view.engine, opened)
        raise refuse("password", "the two new ones differ", "write the same one twice")
    set_password(view.engine, view.who, view.form.raw("new"), who=view.who)
    return RedirectResponse("/login", 303, headers=SECURITY)
