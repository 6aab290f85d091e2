"""Who may do what: every route, by every role and by nobody; forms of other sites; the login's limit; the headers."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from gateway.console.app import create_console
from gateway.console.pages.routes import ROUTES, Route
from gateway.console.people.login_limit import OF_NAME
from gateway.console.view import COOKIE
from models.tables import AuditEntry
from models.transactions.read_write import read
from models.values.enums import Role
from tests.support.console.monday import PASSWORD, PEOPLE
from tests.support.console.served import Served
from workers.settings import settings

OPEN = {"/health", "/static/{mark}/{name}", "/login"}
GIVEN = {"serial": "P0001", "act": "pause"}


def path_of(route: Route) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: GIVEN.get(found[1], "x"), route.path)


def changes(console: Served) -> int:
    return read(console.engine, lambda session: session.scalar(select(func.count()).select_from(AuditEntry))) or 0


def test_no_route_is_there_but_those_that_say_who_may_use_them(shown: Served) -> None:
    app = create_console(shown.engine, settings())
    there = {one.path for one in app.routes if isinstance(one, APIRoute)}
    assert there == OPEN | {one.path for one in ROUTES}
    assert all(isinstance(one.role, Role) for one in ROUTES)
    assert {one.role for one in ROUTES if one.method == "POST" and one.path.startswith("/acts")} <= {
        Role.OPERATOR,
        Role.ADMIN,
    }


@pytest.mark.parametrize("route", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_nobody_gets_anything_but_the_login(shown: Served, route: Route) -> None:
    before = changes(shown)
    nobody = shown.nobody()
    answer = nobody.get(path_of(route)) if route.method == "GET" else nobody.post(path_of(route), serial="P0001")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
    assert changes(shown) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_role_is_refused_whatever_is_above_it(shown: Served, role: Role) -> None:
    person, before = shown.as_role(role), changes(shown)
    above = [one for one in ROUTES if list(Role).index(one.role) > list(Role).index(role)]
    for one in above:
        answer = (
            person.get(path_of(one)) if one.method == "GET" else person.post(path_of(one), serial="P0001", reason="x")
        )
        assert (one.path, answer.status_code) == (one.path, 403)
    assert changes(shown) == before
    assert above or role != Role.VIEWER


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({}, True),
        ({"referer": "http://evil.example/shelf"}, True),
        ({"origin": "own"}, False),
    ],
)
def test_a_form_of_another_site_or_session_changes_nothing(shown: Served, headers: dict[str, str], token: bool) -> None:
    person, before = shown.as_role("operator"), changes(shown)
    sent = {"serial": "P0001", "reason": "x", "token": person.token if token else "f" * 64}
    told = {name: shown.url if value == "own" else value for name, value in headers.items()}
    answer = person.session.post(shown.url + "/acts/phones/pause", data=sent, headers=told, allow_redirects=False)
    assert answer.status_code == 403
    assert changes(shown) == before


def test_a_body_that_is_no_form_or_too_large_is_refused(shown: Served) -> None:
    person = shown.as_role("operator")
    told = {"origin": shown.url}
    url = shown.url + "/acts/phones/pause"
    assert person.session.post(url, json={"token": person.token}, headers=told).status_code == 415
    assert person.session.post(url, data={"token": "x" * 1_300_000}, headers=told).status_code == 413
    many = "&".join(f"a{number}=1" for number in range(5000))
    form = {**told, "content-type": "application/x-www-form-urlencoded"}
    assert person.session.post(url, data=many, headers=form).status_code == 400


def test_the_cookie_is_for_this_site_and_not_for_scripts(shown: Served) -> None:
    answer = shown.nobody().post("/login", name=PEOPLE[Role.VIEWER], password=PASSWORD, next="//evil.example")
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("path", ["/login", "/shelf", "/phones/P0001", "/nowhere", "/phones/unknown"])
def test_every_page_has_the_strict_policy(shown: Served, path: str) -> None:
    answer = shown.as_role("admin").get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert answer.text.count(f'<script nonce="{nonce[1]}"') == answer.text.count("<script")
    assert "style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)
    assert answer.headers["cache-control"] == "no-store"


def test_a_login_that_fails_again_and_again_must_wait(console: Served) -> None:
    name, wrong = PEOPLE[Role.ADMIN], "not the right one"
    for _ in range(OF_NAME.amount):
        assert console.nobody().post("/login", name=name, password=wrong).status_code == 403
    assert console.nobody().post("/login", name=name, password=PASSWORD).status_code == 429
    console.as_role("viewer")


def test_after_the_logout_the_cookie_is_worth_nothing(console: Served) -> None:
    person = console.as_role("viewer")
    cookie = person.cookie
    assert person.post("/logout").status_code == 303
    assert console.nobody().get("/shelf", cookie=f"{COOKIE}={cookie}").status_code == 303
