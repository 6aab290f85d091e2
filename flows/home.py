"""Returns the app to its feed after a stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from flows.app import App
from flows.failures import FlowFailure
from flows.pages.tabs import to_feed

TOUCHES = 10  # the deepest page is six levels below the feed; a pop-up or a restart needs a few more


@dataclass(frozen=True, slots=True)
class _MayTouch:
    """A watch that only asks whether the worker may touch the phone."""

    check: Callable[[], None]

    def step(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()


class _Homebound(App):
    """An app with a bounded number of touches."""

    touches = 0

    def _touch(self) -> None:
        if self.touches == TOUCHES:
            raise FlowFailure("page_not_reached", f"the feed is not to be reached with {TOUCHES} touches")
        self.touches += 1
        super()._touch()


def go_home(app: App, may_touch: Callable[[], None]) -> bool:
    """Goes back to the feed from any page. Returns whether the feed was reached.

    Touches the phone at most ten times: back, a tab, a pop-up's button, the app's start. Does not ask the session's
    own watch, which ordered the stop. Calls `may_touch` before every touch instead, which raises when the worker must
    not touch the phone any more. Passes on that exception and PhoneError.
    """
    homebound = _Homebound(replace(app.session, watch=_MayTouch(may_touch)))
    try:
        homebound.through_crashes(lambda: to_feed(homebound))
    except FlowFailure:
        return False
    return True
