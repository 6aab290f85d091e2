"""The fleet's accounts: registers them, ends their rests and changes whether they take part; records who did it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.history.audit_log import record_change
from models.history.named_rows import register_named
from models.responsible_use.own_accounts import of_sort
from models.tables import Account
from models.transactions.read_write import write
from models.values.refused import refuse


def register_account(engine: Engine, account_id: str, name: str, *, who: str = "", rename: bool = True) -> str | None:
    """Registers an account, or renames a registered one and records that. Returns the old name; None for a new one.

    Raises Refused for bad names, and for a registered account unless `rename`.
    """
    return register_named(engine, Account, account_id, name, who=who, rename=rename, live=True)


def known_accounts(session: Session, *, sandbox: bool) -> Mapping[str, bool]:
    """Returns each account's id → whether it is live, by id: the accounts on simulated phones, or all others.

    A real account need not be logged in anywhere. A simulated one is recognised by its simulated phone.
    """
    which = of_sort(sandbox=sandbox)
    return dict(session.execute(select(Account.id, Account.live).where(which).order_by(Account.id)).all())


def set_live(engine: Engine, account_id: str, live: bool, *, who: str) -> None:
    """Sets whether an account takes part when a campaign says `accounts: all`, and records it. Raises Refused."""

    def work(session: Session) -> None:
        account = _known(session, account_id)
        if account.live == live:
            reason = f"{account_id!r} {'takes part' if live else 'does not take part'} already"
            raise refuse("account", reason, "nothing is to be done")
        record_change(session, who, f"account:{account_id}", {"live": account.live}, {"live": live})
        account.live = live

    write(engine, work)


def rest_is_over(engine: Engine, account_id: str, *, who: str) -> None:
    """Ends an account's rest, after a person checked it, and records that. Raises Refused."""

    def work(session: Session) -> None:
        account = _known(session, account_id)
        if account.resting_since is None and account.resting_why is None:
            raise refuse("account", f"{account_id!r} does not rest", "see: phonefleet accounts")
        record_change(session, who, f"account:{account_id}", {"resting": account.resting_why}, {"resting": None})
        account.resting_since, account.resting_why = None, None

    write(engine, work)


def _known(session: Session, account_id: str) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise refuse("account", f"{account_id!r} is unknown", "phonefleet accounts list")
    return account
