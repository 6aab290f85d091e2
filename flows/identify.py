"""Which account is logged in on the phone: read before anything is done in its name."""

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
    """The account that is logged in: its id in the app, and the name that others see."""

    id: str
    name: str


def read_account(app: App) -> Account:
    """The account that is logged in. A page whose fields have not loaded yet is looked at again.

    Raises FlowFailure: logged_out when none is; page_not_reached when its id does not come.
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
    """As `check_account`, for flows that only read: a look of minutes ago is good enough for them."""
    if not app.session.account_read_lately:
        check_account(app)


def check_account(app: App) -> Account:
    """The step `account` of every flow that acts: the account must be the one that the ledger expects.

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
