"""Going home: after a stop, the app is brought back to its feed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from flows.app import App
from flows.failures import FlowFailure
from flows.pages.tabs import to_feed

TOUCHES = 10  # the deepest page lies six levels below the feed; a pop-up or a restart takes some more


@dataclass(frozen=True, slots=True)
class _MayTouch:
    """A watch that asks one thing only."""

    check: Callable[[], None]

    def step(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()


class _Homebound(App):
    """An app that takes a bounded number of touches."""

    touches = 0

    def _touch(self) -> None:
        if self.touches == TOUCHES:
            raise FlowFailure("page_not_reached", f"the feed is not to be reached with {TOUCHES} touches")
        self.touches += 1
        super()._touch()


def go_home(app: App, may_touch: Callable[[], None]) -> bool:
    """Back to the feed, whatever page a flow was stopped on; True when it was reached.

    Touches the phone at most ten times: back, a tab, what closes a pop-up, the app's start. The
    session's own watch, which said stop, is not asked; `may_touch` is asked before every call
    instead, and raises when the worker must not touch the phone any more. That goes through, as
    does PhoneError.
    """
    homebound = _Homebound(replace(app.session, watch=_MayTouch(may_touch)))
    try:
        homebound.through_crashes(lambda: to_feed(homebound))
    except FlowFailure:
        return False
    return True
