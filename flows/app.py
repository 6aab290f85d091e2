"""The app on a phone, as flows handle it: look, touch, wait for a page, get obstacles out of the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Protocol, TypeVar

from flows.covers import cover, keyboard
from flows.failures import FlowFailure
from flows.lossy import holds, match
from flows.phone import Key
from flows.screen import Node, Screen
from flows.session import Session

P = TypeVar("P", bound="RecognisedPage")
T = TypeVar("T")

SETTLE = 0.3  # seconds between two looks at a screen that is not yet what it should be
LOOKS = 25  # looks at most until a page is there: about 8 seconds, then the app is slow beyond use
SLOW_LOOKS = 10  # looks at a page of which some fields are still to come: about 3 seconds
HIDE_LOOKS = 5  # looks until a keyboard is gone after back: longer than its animation
RESTARTS = 2  # times that a flow goes on after the app died

# pages that end a flow, and what they mean
BARRIERS = {"login": "logged_out", "rate_limit": "rate_limited", "verify": "verification_asked"}


class AppGone(Exception):
    """The app is not in the foreground any more: it crashed, hung or was left."""


class RecognisedPage(Protocol):
    """A page of the app as `App.see` needs it: made of a screen that the profile recognised by this name."""

    name: ClassVar[str]

    def __init__(self, app: App, screen: Screen) -> None: ...

    @property
    def waiting(self) -> bool:
        """Does the page still show placeholders where values will be?"""


class App:
    """The app in a session's hand. Every touch asks the session's watch first."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.profile = session.profile
        self.cleared = 0  # obstacles closed so far
        self.untouched: RecognisedPage | None = None  # the page seen last, until the next touch
        self.scrolls = session.scrolls
        self.screen: Screen | None = None  # the last look
        self._waited_for_hang = False
        self._keyboard_looks = 0  # since back was pressed to close the keyboard

    def look(self) -> Screen:
        """One dump of the screen."""
        self.session.watch.check()
        return self._look()

    def read(self, screen: Screen, nodes: Iterable[Node], *, glancing: bool = False) -> bool:
        """Read the unclear texts among these nodes whole, one call for each id; False when the screen has moved since.

        Costs nothing where none is unclear. `glancing`: without asking the watch, see `glance`.
        """
        unclear: dict[str, list[Node]] = {}
        for node in nodes:
            if node.unclear:
                unclear.setdefault(node.resource_id, []).append(node)
        for resource_id, wanted in unclear.items():
            if not glancing:
                self.session.watch.check()
            found = match(screen, wanted, self.session.phone.texts(resource_id))
            if found is None:
                return False
            for node, text in found:
                node.read(text)
        return True

    def glance(self) -> Screen:
        """A look that does not ask the watch: only behind a point of no return, to learn what came of it."""
        self.untouched = None
        return self._look()

    def _look(self) -> Screen:
        self.screen = self.profile.own(self.session.phone.look())
        return self.screen

    def covered(self, node: Node) -> str:
        """The package of what lay over the node's middle at the last look; empty when nothing did."""
        return cover(self.screen, node, {self.profile.package, *self.profile.dialogs}) if self.screen else ""

    def refuse_covered(self, node: Node) -> None:
        """Raises FlowFailure('page_not_reached') where the keyboard, a bar or another app would take the tap."""
        by = self.covered(node)
        if by:
            details = {"node": node.resource_id, "covered_by": by}
            raise FlowFailure("page_not_reached", f"{node.resource_id} is covered by {by}", details)

    def tap(self, node: Node) -> None:
        """Tap the middle of a node. Raises FlowFailure('page_not_reached') for one that is covered."""
        self.refuse_covered(node)
        self._touch()
        self.session.phone.tap(node)

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float = 0.4) -> None:
        """Drag a finger, slowly enough that the list does not fling."""
        self._touch()
        self.session.phone.swipe(start, end, seconds)

    def set_text(self, node: Node, text: str) -> None:
        """Replace the text of an input field."""
        self._touch()
        self.session.phone.set_text(node, text)

    def press(self, key: Key) -> None:
        """Press a key."""
        self._touch()
        self.session.phone.press(key)

    def settle(self) -> None:
        """Give the screen a moment."""
        self.session.pause(SETTLE)

    def see(self, *kinds: type[P], looks: int = LOOKS) -> P:
        """Wait until the screen is one of these pages, and return it.

        Raises FlowFailure: logged_out, rate_limited, verification_asked; page_drift when the app
        shows a page that its profile does not know; page_not_reached when it stays on another one.
        Raises AppGone when the app is not there any more.
        """
        page = self.glimpse(*kinds, looks=looks)
        if page is None:
            raise self._not_there([kind.name for kind in kinds])
        return page

    def glimpse(self, *kinds: type[P], looks: int = LOOKS) -> P | None:
        """As `see`, but None when none of these pages came."""
        late = 0
        for turn in range(looks):
            if turn:
                self.settle()
            self.seen = screen = self.look()
            if self.clear(screen):
                continue
            name = self.profile.page_of(screen)
            self.session.notes["page"] = name or ""  # for evidence
            if name is not None:
                self.session.pages.add(name)
            if name in BARRIERS:
                raise FlowFailure(BARRIERS[name], self.profile.text_on(name, screen), {"page": name})
            if (
                name is None
                and self.profile.package not in screen.packages
                and screen.packages & {*self.profile.launchers}
            ):
                raise AppGone("the launcher is in front")
            if name is not None and self.hide_keyboard(screen):
                continue
            page = next((kind(self, screen) for kind in kinds if kind.name == name), None)
            if page is None:
                continue
            late += 1
            if page.waiting and late <= SLOW_LOOKS and turn + 1 < looks:
                continue
            self.untouched = page
            return page
        return None

    def clear(self, screen: Screen) -> bool:
        """Close what lies over the page; True when something did. Raises AppGone after a crash dialog."""
        close = self.profile.popup_close(screen)
        if close is not None:
            if self.hide_keyboard(screen):
                return True
            self.tap(close)
            self.cleared += 1
            return True
        overlays = self.profile.overlays
        title = screen.find(overlays.dialog_title)
        if title is None:
            return False
        button = screen.find(overlays.dialog_wait)
        hung = any(holds(title.text, hint) for hint in self.profile.texts.hang)
        if button is not None and hung and not self._waited_for_hang:
            self._waited_for_hang = True
            self.tap(button)
            self.cleared += 1
            return True
        button = screen.find(overlays.dialog_close)
        if button is not None:
            self.tap(button)
        raise AppGone(title.text)

    def hide_keyboard(self, screen: Screen) -> bool:
        """Close the keyboard by one press of back, which does not leave the page; True while it is on its way down.

        One that stays up is lived with: another back might leave the page.
        """
        if keyboard(screen) is None:
            self._keyboard_looks = 0
            return False
        if not self._keyboard_looks:
            self.press("back")
            self.cleared += 1
        self._keyboard_looks += 1
        return self._keyboard_looks <= HIDE_LOOKS

    def start(self) -> None:
        """Bring the app to the foreground from its first page."""
        self._touch()
        self.session.phone.start_app(self.profile.package)

    def restart(self) -> None:
        """Stop the app and start it afresh."""
        self._touch()
        self.session.phone.stop_app(self.profile.package)
        self._waited_for_hang = False
        self.start()

    def through_crashes(self, body: Callable[[], T]) -> T:
        """Run the body; when the app dies under it, restart the app and run the body again, a bounded number of times.

        The body keeps what it achieved outside itself. Raises FlowFailure('app_crashed').
        """
        reason = ""
        for life in range(RESTARTS + 1):
            if life:
                self.restart()
            try:
                return body()
            except AppGone as gone:
                reason = str(gone)
        raise FlowFailure("app_crashed", f"the app died {RESTARTS + 1} times: {reason}", {"times": RESTARTS + 1})

    def _touch(self) -> None:
        """Ask the watch before a touch; what was seen before it is old."""
        self.session.watch.check()
        self.untouched = None

    def _not_there(self, wanted: list[str]) -> FlowFailure:
        screen = self.seen
        name = self.profile.page_of(screen)
        details = {"page": name or "", "wanted": wanted, "packages": sorted(screen.packages)}
        if name is None and self.profile.package in screen.packages:
            return FlowFailure(
                "page_drift", f"no page of the profile fits the screen; expected {', '.join(wanted)}", details
            )
        return FlowFailure(
            "page_not_reached", f"on page {name or 'of another app'}, expected {', '.join(wanted)}", details
        )
