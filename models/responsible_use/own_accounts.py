"""The fleet's own accounts, by the names that commenters carry: on their comments the fleet does not act."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.responsible_use.caps import Refusal
from models.tables import Account, Phone


def of_sort(*, sandbox: bool) -> ColumnElement[bool]:
    """Selects the accounts on simulated phones, or all others: a real account need not be logged in anywhere."""
    simulated = select(Phone.account_id).where(Phone.sandbox, Phone.account_id.is_not(None))
    return Account.id.in_(simulated) if sandbox else Account.id.not_in(simulated)


def own_names(session: Session, *, sandbox: bool) -> frozenset[str]:
    """Returns the names in the app of the fleet's accounts: those on simulated phones, or all others."""
    return frozenset(session.scalars(select(Account.name).where(of_sort(sandbox=sandbox))))


def own_comment_refusal(commenter: str, account_id: str | None) -> Refusal | None:
    """Returns why the fleet may not act on this commenter's comment; None for a comment of somebody else. Pure.

    `account_id`: the account of the fleet with that name, if there is one. An app tells commenters by name alone. A
    stranger with the name of one of our accounts is left alone too.
    """
    if account_id is None:
        return None
    return Refusal("own_comment", f"{commenter!r} is account {account_id!r} of this fleet")
