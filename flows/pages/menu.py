"""The "more" menu of a comment, and the report page behind it."""

from __future__ import annotations

from flows.pages.page import Page


class MenuPage(Page):
    """What can be done with a comment besides liking and replying."""

    name = "menu"


class ReportPage(Page):
    """Why a comment is reported."""

    name = "report"
