"""What every page needs: who asks, in which language, and how an answer is made."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from flows.specs.catalogue import SPECS
from gateway.access.body import BodyBudget
from gateway.console.bulk.carrying import BulkWorker
from gateway.console.changes import values_told
from gateway.console.files import address
from gateway.console.live.alert_place import place_of
from gateway.console.live.feed import Feed
from gateway.console.moments import clock, day, lasting, local, moment_in
from gateway.console.people.login_limit import LoginLimit, LoginTurns
from gateway.console.people.sessions import Person
from gateway.words.catalogue import Catalogue
from models.transactions.read_write import read
from models.values.enums import Role
from models.values.refused import refuse
from workers.settings import Settings

T = TypeVar("T")
COOKIE = "phonefleet_console"
SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx"
)


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages share in one process."""

    engine: Engine
    config: Settings
    templates: Environment
    feed: Feed
    logins: LoginLimit
    turns: LoginTurns
    bulk: BulkWorker
    bodies: BodyBudget


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form."""

    fields: Mapping[str, Sequence[str]]

    def text(self, name: str, most: int = 2000) -> str:
        """Returns a field's text without blanks at its ends; empty when it is missing. Raises Refused for a longer one.

        A page lets nobody type more, but whoever sends more anyway must not have something else saved.
        """
        found = self.raw(name).strip()
        if len(found) > most:
            raise refuse(name, f"{len(found)} characters are more than {most}", "give fewer")
        return found

    def raw(self, name: str) -> str:
        """Returns a field as it was sent; empty when it is missing."""
        found = self.fields.get(name)
        return found[-1] if found else ""

    def every(self, name: str, most: int = 1000) -> Sequence[str]:
        """Returns the values of a field that may be given several times."""
        return [one for one in self.fields.get(name, ()) if one][:most]


@dataclass(frozen=True, slots=True)
class View:
    """One request of one user."""

    console: Console
    request: Request
    person: Person
    words: Catalogue
    form: Form

    @property
    def who(self) -> str:
        """Returns the user's name, for the audit log."""
        return self.person.name

    @property
    def engine(self) -> Engine:
        return self.console.engine

    def look(self, work: Callable[[Session], T]) -> T:
        """Reads the ledger."""
        return read(self.console.engine, work)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Returns a page."""
        done = self.request.query_params.get("done", "")[:40]
        values = {**values, "view": self, "person": self.person, "done": done}
        return rendered(self.console.templates, template, self.words, status, values)

    def done(self, to: str, what: str) -> Response:
        """Returns to a page after a change; `what` is the catalogue's `done:` word for it."""
        path, _, mark = to.partition("#")
        joined = "&" if "?" in path else "?"
        return RedirectResponse(f"{path}{joined}done={what}{'#' + mark if mark else ''}", 303, headers=SECURITY)

    def may(self, role: str) -> bool:
        """Returns whether the user may do what this role may."""
        return self.person.may(Role(role))


def beside_code(reason: str | None, code: str | None) -> str:
    """Returns a reason without its code, which stands in words before it."""
    return (reason or "").removeprefix(f"{code}: ")


def rendered(
    templates: Environment, template: str, words: Catalogue, status: int, values: Mapping[str, Any]
) -> Response:
    """Returns a page with its policy: scripts by nonce alone, nothing inline, no other site."""
    nonce = secrets.token_urlsafe(16)
    html = templates.get_template(template).render(**{**helpers(words), "nonce": nonce, "person": None, **values})
    policy = POLICY.format(nonce=nonce)
    return HTMLResponse(html, status, headers={**SECURITY, "content-security-policy": policy})


def flow_heading(words: Catalogue, flow: object) -> str:
    """Returns the word for a flow: that of the catalogue, else its spec's own heading in Chinese."""
    word, spec = words.word("flow", flow), SPECS.get(str(flow))
    return spec.heading if word == flow and spec is not None and words.language == "zh" else word


def helpers(words: Catalogue) -> dict[str, Any]:
    """Returns what templates call, in one language."""
    return {
        "_": words.text,
        "word": lambda kind, code: flow_heading(words, code) if kind == "flow" else words.word(kind, code),
        "flow_names": SPECS,
        "said": words.said,
        "values_told": lambda value: values_told(words, value),
        "lang": words.language,
        "clock": clock,
        "day": day,
        "local": local,
        "moment_in": moment_in,
        "lasting": lambda start, end: lasting(words, start, end),
    }


def environment() -> Environment:
    """Returns the templates: escaped without exception, and strict about names."""
    folder = Path(__file__).parent / "templates"
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["beside_code"] = beside_code
    made.filters["urlpart"] = lambda text: quote(str(text), safe="")
    made.globals["file"] = address
    made.globals["place_of"] = place_of
    made.globals["now"] = lambda: datetime.now().astimezone()
    return made


def came_from(request: Request) -> str:
    """Returns the path of the page that sent a form: a path of this console, whatever the header says."""
    parts = urlsplit(request.headers.get("referer", ""))
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path
