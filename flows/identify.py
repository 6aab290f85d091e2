"""Reads which account is logged in on the phone; flows check it before they act in its name."""

from __future__ import annotations

from dataclasses import dataclass

from flows.app import App
from flows.failures import FlowFailure
from flows.pages.me import MePage
from flows.pages.tabs import to_me
from flows.placeholders import is_placeholder

LOADING_LOOKS = 20  # about six seconds


@dataclass(frozen=True, slots=True)
class Account:
    """The logged-in account: its id in the app, and the name that others see."""

    id: str
    name: str


def read_account(app: App) -> Account:
    """Reads the account that is logged in; looks again while the page's fields have not loaded.

    Raises FlowFailure: logged_out when no account is logged in; page_not_reached when its id does not load.
    """
    page = to_me(app)
    for _ in range(LOADING_LOOKS):
        page = page.whole("id", "name")
        if not is_placeholder(page.account_id) and not is_placeholder(page.account_name):
            return Account(page.account_id, page.account_name)
        app.settle()
        page = app.see(MePage)
    raise FlowFailure("page_not_reached", f"the app shows no account id, but {page.account_id!r}", {"page": page.name})


def check_account_for_reading(app: App) -> None:
    """As `check_account`, for flows that only read: for them a reading some minutes old is enough."""
    if not app.session.account_read_lately:
        check_account(app)


def check_account(app: App) -> Account:
    """Checks, in every flow that acts, that the account is the one that the ledger expects (step `account`).

    Raises FlowFailure('wrong_account') with the account seen in `details['account_id']`.
    """
    with app.session.watch.step("account"):
        account = app.through_crashes(lambda: read_account(app))
        expected = app.session.account_id
        if account.id != expected:
            raise FlowFailure(
                "wrong_account",
                f"the phone holds {account.id!r}, the ledger says {expected!r}",
                {"account_id": account.id, "account_name": account.name, "expected": expected},
            )
        return account
