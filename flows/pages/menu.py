"""The "more" menu of a comment, and the report page behind it."""

from __future__ import annotations

from flows.pages.page import Page


class MenuPage(Page):
    """The actions on a comment besides liking and replying."""

    name = "menu"


class ReportPage(Page):
    """The reasons for which a comment can be reported."""

    name = "report"
