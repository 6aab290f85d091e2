"""The app on a phone: looks at it, touches it, waits for a page, and closes obstacles."""

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

SETTLE = 0.3  # seconds between two looks at a screen that is not the expected one yet
LOOKS = 25  # looks at most until a page appears: about 8 seconds; then the app is too slow
SLOW_LOOKS = 10  # looks at a page with fields that have not loaded: about 3 seconds
HIDE_LOOKS = 5  # looks until a keyboard is gone after back: longer than its animation
RESTARTS = 2  # times that a flow continues after the app died

# pages that end a flow → the failure code
BARRIERS = {"login": "logged_out", "rate_limit": "rate_limited", "verify": "verification_asked"}


class AppGone(Exception):
    """The app is not in the foreground any more: it crashed, it hung, or another app covers it."""


class RecognisedPage(Protocol):
    """A page class that `App.see` can return, made from a screen that the profile recognised by this name."""

    name: ClassVar[str]

    def __init__(self, app: App, screen: Screen) -> None: ...

    @property
    def waiting(self) -> bool:
        """True while the page shows placeholders in place of values."""


class App:
    """The app on a session's phone. Every touch asks the session's watch first."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.profile = session.profile
        self.cleared = 0  # obstacles closed so far
        self.untouched: RecognisedPage | None = None  # the last page seen, until the next touch
        self.scrolls = session.scrolls
        self.screen: Screen | None = None  # the last look
        self._waited_for_hang = False
        self._keyboard_looks = 0  # since back was pressed to close the keyboard

    def look(self) -> Screen:
        """Returns one dump of the screen."""
        self.session.watch.check()
        return self._look()

    def read(self, screen: Screen, nodes: Iterable[Node], *, glancing: bool = False) -> bool:
        """Reads the unclear texts among these nodes whole, with one call for each id.

        Returns False when the screen has moved since the dump. Makes no call when no text is unclear. `glancing`: does
        not ask the watch, see `glance`.
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
        """Looks without asking the watch: only after a point of no return, to verify its outcome."""
        self.untouched = None
        return self._look()

    def _look(self) -> Screen:
        self.screen = self.profile.own(self.session.phone.look())
        return self.screen

    def covered(self, node: Node) -> str:
        """Returns the package of the window over the node's middle at the last look; empty when none was there."""
        return cover(self.screen, node, {self.profile.package, *self.profile.dialogs}) if self.screen else ""

    def refuse_covered(self, node: Node) -> None:
        """Raises FlowFailure('page_not_reached') if the keyboard, a bar or another app would get the tap."""
        by = self.covered(node)
        if by:
            details = {"node": node.resource_id, "covered_by": by}
            raise FlowFailure("page_not_reached", f"{node.resource_id} is covered by {by}", details)

    def tap(self, node: Node) -> None:
        """Taps the middle of a node. Raises FlowFailure('page_not_reached') if it is covered."""
        self.refuse_covered(node)
        self._touch()
        self.session.phone.tap(node)

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float = 0.4) -> None:
        """Drags a finger, slowly enough that the list does not fling."""
        self._touch()
        self.session.phone.swipe(start, end, seconds)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drags a finger that lies still at the end, so that a list stops with it. Pages turn by `swipe` alone."""
        self._touch()
        self.session.phone.drag(start, end)

    def set_text(self, node: Node, text: str) -> None:
        """Replaces the text of an input field."""
        self._touch()
        self.session.phone.set_text(node, text)

    def press(self, key: Key) -> None:
        """Presses a key."""
        self._touch()
        self.session.phone.press(key)

    def settle(self) -> None:
        """Waits briefly for the screen to settle."""
        self.session.pause(SETTLE)

    def see(self, *kinds: type[P], looks: int = LOOKS) -> P:
        """Waits until the screen is one of these pages. Returns the page.

        Raises FlowFailure: logged_out, rate_limited, verification_asked; page_drift when the app shows a page that its
        profile does not know; page_not_reached when it stays on another page. Raises AppGone.
        """
        page = self.glimpse(*kinds, looks=looks)
        if page is None:
            raise self._not_there([kind.name for kind in kinds])
        return page

    def glimpse(self, *kinds: type[P], looks: int = LOOKS) -> P | None:
        """As `see`, but returns None when none of these pages appears."""
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
        """Closes obstacles over the page. Returns whether there was one. Raises AppGone after a crash dialog."""
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
        """Closes the keyboard by pressing back once. Returns True while the keyboard closes.

        A keyboard that stays open is left open, because another press of back could leave the page.
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
        """Brings the app to the foreground, at its first page."""
        self._touch()
        self.session.phone.start_app(self.profile.package)

    def restart(self) -> None:
        """Stops the app and starts it again."""
        self._touch()
        self.session.phone.stop_app(self.profile.package)
        self._waited_for_hang = False
        self.start()

    def through_crashes(self, body: Callable[[], T]) -> T:
        """Runs the body; when the app dies meanwhile, restarts the app and runs the body again, at most twice.

        The body must keep its progress outside itself. Raises FlowFailure('app_crashed').
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
        """Asks the watch before a touch, which makes the page seen before it out of date."""
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
