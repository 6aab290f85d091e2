"""Callbacks, accounts, keys, users and changes: what is set up rarely and looked up often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from gateway.console.people.users import add_user, disable_user, list_users, set_password, set_role
from gateway.console.view import View
from gateway.keys.api_keys import change_key, disable_key, list_keys, revoke_key
from models.database.clock import database_now
from models.fleet.accounts import known_accounts, register_account, rest_is_over, set_live
from models.notify.delivery_log import Which, find_delivery, list_deliveries, tries_of
from models.notify.replays import replay_one
from models.notify.undelivered import remedy_for
from models.responsible_use.authors import read_caps
from models.responsible_use.caps import operator_day
from models.responsible_use.usage import actions_by_account
from models.tables import Account, ApiKey, AuditEntry, Delivery, Phone
from models.values.enums import DeliveryState, Role
from models.values.refused import refuse
from workers.settings import settings

MOST = 50
MOST_LISTED = 2000
LIMITS: dict[str, Callable[[str], float]] = {
    "rate_per_second": float,
    "most_waiting": int,
    "highest_priority": int,
    "weight": int,
}


def callbacks(view: View) -> Response:
    """Lists callbacks, newest first; `before` continues the list."""
    state = view.request.query_params.get("state", "")
    before = view.request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    which = Which(state=state if state in [*DeliveryState] else None, before=number)
    rows = view.look(lambda session: list_deliveries(session, which, MOST + 1))
    more = rows[MOST - 1].number if len(rows) > MOST else 0
    shown, states = rows[:MOST], tuple(DeliveryState)
    return view.page("callbacks.html", rows=shown, more=more, state=which.state or "", states=states, told=_told)


def callback(view: View, delivery_id: str) -> Response:
    """Shows one callback with its tries."""

    def work(session: Session) -> dict[str, Any]:
        one = find_delivery(session, delivery_id)
        if one is None:
            raise refuse("callback", f"{delivery_id!r} is unknown", "see the list of callbacks")
        return {"one": one, "tries": tries_of(session, one)}

    return view.page("callback.html", **view.look(work), told=_told)


def _told(one: Delivery) -> str:
    return remedy_for(one.state, one.last_status, one.last_error)


def replay(view: View) -> Response:
    """Sends a callback again."""
    one = view.form.text("id", 64)
    replay_one(view.engine, one, who=view.who)
    return view.done(f"/callbacks/{one}", "replay")


def _zone() -> str:
    return settings().timezone.key


def accounts(view: View) -> Response:
    """Lists the accounts with their phones, rests and actions of today."""

    def work(session: Session) -> dict[str, Any]:
        today = operator_day(database_now(session), _zone())
        simulated = known_accounts(session, sandbox=True)
        real, sandbox = (actions_by_account(session, today, sandbox=one) for one in (False, True))
        phones = dict(
            session.execute(select(Phone.account_id, Phone.serial).where(Phone.account_id.is_not(None))).all()
        )
        rows = session.scalars(select(Account).order_by(Account.id).limit(MOST_LISTED)).all()
        acted = {one.id: (sandbox if one.id in simulated else real).get(one.id, 0) for one in rows}
        return {"rows": rows, "phones": phones, "acted": acted, "most": read_caps(session).actions_per_account_day}

    return view.page("accounts.html", **view.look(work))


def account_acts(view: View, act: str) -> Response:
    """Ends a rest, includes an account in `accounts: all` or leaves it out, or registers one."""
    one = view.form.text("id", 191)
    acts: dict[str, Callable[[], object]] = {
        "wake": lambda: rest_is_over(view.engine, one, who=view.who),
        "include": lambda: set_live(view.engine, one, True, who=view.who),
        "exclude": lambda: set_live(view.engine, one, False, who=view.who),
        "add": lambda: register_account(view.engine, one, view.form.text("name", 191), who=view.who, rename=False),
    }
    _one_of(acts, act)()
    return view.done("/accounts", "saved")


def keys(view: View) -> Response:
    """Lists the keys of customers' systems. Secrets are made and shown by the command alone."""
    return view.page("keys.html", rows=list_keys(view.engine))


def key_acts(view: View, act: str) -> Response:
    """Changes a key's limits, disables, enables or revokes it."""
    engine, one, who = view.engine, view.form.text("id", 64), view.who
    acts: dict[str, Callable[[], object]] = {
        "limits": lambda: _change_limits(view, one),
        "disable": lambda: disable_key(engine, one, who=who),
        "enable": lambda: disable_key(engine, one, who=who, disabled=False),
        "revoke": lambda: revoke_key(engine, one, who=who),
    }
    _one_of(acts, act)()
    return view.done("/keys", "saved")


def _change_limits(view: View, one: str) -> None:
    """Changes the limits that differ from the key's; a field that is left empty changes nothing. Raises Refused."""
    row = view.look(lambda session: session.get(ApiKey, one))
    wanted: dict[str, float] = {}
    for name, number in LIMITS.items():
        text = view.form.text(name, 20)
        try:
            value = number(text) if text else None
        except ValueError:
            raise refuse(name, f"{text!r} is no number", "write a number") from None
        if value is not None and (row is None or value != getattr(row, name)):
            wanted[name] = value
    if not wanted:
        raise refuse("limits", "none is changed", "change a number, or leave the form")
    change_key(view.engine, one, who=view.who, **wanted)


def users(view: View) -> Response:
    """Lists the users of the console."""
    return view.page("users.html", rows=view.look(list_users), roles=tuple(Role))


def user_acts(view: View, act: str) -> Response:
    """Adds, changes, disables or enables a user."""
    engine, form, who = view.engine, view.form, view.who
    name, role = form.text("name", 191), form.text("role", 20)
    acts: dict[str, Callable[[], None]] = {
        "add": lambda: add_user(engine, name, role, form.raw("password"), who=who),
        "role": lambda: set_role(engine, name, role, who=who),
        "password": lambda: set_password(engine, name, form.raw("password"), who=who),
        "disable": lambda: disable_user(engine, name, who=who),
        "enable": lambda: disable_user(engine, name, who=who, disabled=False),
    }
    _one_of(acts, act)()
    return view.done("/users", "saved")


def changes(view: View) -> Response:
    """Lists what people changed, newest first, of one person or subject; `before` continues the list."""
    asked = view.request.query_params
    who, subject, before = asked.get("who", "")[:191], asked.get("subject", "")[:191], asked.get("before", "")
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc())
    if who:
        wanted = wanted.where(AuditEntry.who == who)
    if subject:
        wanted = wanted.where(AuditEntry.subject.startswith(subject, autoescape=True))
    if before.isascii() and before.isdigit() and len(before) < 18:
        wanted = wanted.where(AuditEntry.id < int(before))
    rows = view.look(lambda session: session.scalars(wanted.limit(MOST + 1)).all())
    more = rows[MOST - 1].id if len(rows) > MOST else 0
    return view.page("changes.html", rows=rows[:MOST], more=more, who=who, subject=subject)


def _one_of(acts: dict[str, Any], act: str) -> Callable[[], object]:
    found: Callable[[], object] | None = acts.get(act)
    if found is None:
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    return found
