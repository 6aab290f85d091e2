"""The page of the account that is logged in."""

from __future__ import annotations

from flows.pages.page import Page, after_colon


class MePage(Page):
    """The logged-in account's page."""

    name = "me"
    fields = ("id", "name")

    @property
    def account_id(self) -> str:
        return after_colon(self.need("id").text)

    @property
    def account_name(self) -> str:
        return self.need("name").text
