"""The practice app on one phone: its pages, what lies over them, and the faults that a test can set."""

from __future__ import annotations

import random
from collections.abc import Callable

from phonesim.node import Node
from phonesim.practice import DRIFT_SUFFIX, LABEL, LAUNCHER, PACKAGE, VERSION, overlays, slow
from phonesim.practice.app_faults import AppFaults
from phonesim.practice.author import AuthorPage
from phonesim.practice.comments import CommentsPage
from phonesim.practice.feed import FeedPage
from phonesim.practice.frame import LAYOUT, WIDTH, Frame
from phonesim.practice.guards import LoginPage, RateLimitPage, VerifyPage
from phonesim.practice.me import MePage
from phonesim.practice.menu import MenuPage, ReportPage
from phonesim.practice.page import Page
from phonesim.practice.replies import RepliesPage
from phonesim.practice.search import SearchPage
from phonesim.practice.video import VideoPage
from phonesim.practice.video_search import VideoSearchPage
from phonesim.roughness import Roughness, is_sticker
from phonesim.windows.keyboard import Keyboard
from phonesim.world import Actor, Comment, Gone, MayNotAct, World

TOAST_SECONDS = 2.0
KEY_HOME, KEY_BACK, KEY_ENTER = 3, 4, 66


class PracticeApp(AppFaults):
    """One phone's practice app; fulfils phonesim.node.App and the Shell of its pages."""

    package = PACKAGE

    def __init__(self, world: World, phone_serial: str, account_id: str, clock: Callable[[], float]) -> None:
        """`clock`: seconds, for toasts and loading. Raises KeyError for an account that the world has not."""
        super().__init__()
        self.world = world
        self.version = VERSION
        self.installed = True
        self.running = False
        self.foreground = False
        self.last_toast = ""
        self.rough = Roughness()
        self.keyboard = Keyboard()
        self.rng = random.Random(phone_serial)  # what the phone's roughness is drawn from
        self._clock = clock
        self._serial = phone_serial
        self._account_id = world.account(account_id).id
        self._feed_positions: dict[str, int] = {}
        self._stack: list[Page] = []
        self._popup = self._dialog = ""
        self._rested = False  # the finger that left last lay still before
        self._toast_until = 0.0
        self._size = (1080, 2400)

    # What the phone does with the app

    @property
    def activity(self) -> str:
        """The activity in the foreground; the launcher's when the app is not there."""
        return self._page().activity if self.foreground else ".Launcher"

    def start(self) -> None:
        """Come to the foreground, from the feed if it was not running."""
        if not self.running:
            self.running = True
            self.open_tab("home")
        if not self.foreground:
            self.keyboard.close()
        self.foreground = True

    def stop(self) -> None:
        """Force-stop: pages, pop-ups and the system's dialog about the app are gone."""
        self.running = self.foreground = False
        self._stack.clear()
        self._popup = self._dialog = ""
        self._toast_until = 0.0
        self.keyboard.close()

    def render(self, width: int, height: int) -> Node:
        """The screen as it is now, `width` × `height` pixels."""
        self._size = (width, height)
        return self._frame().root

    def tap(self, x: int, y: int) -> None:
        """The topmost clickable node at the pixel gets it; a disabled one swallows it."""
        self._frame().tap(x, y)

    def long_press(self, x: int, y: int) -> None:
        """The topmost long-clickable node at the pixel gets it."""
        self._frame().hold(x, y)

    def swipe(self, x1: int, y1: int, x2: int, y2: int, *, rested: bool = False) -> None:
        """The topmost scrollable node where the finger starts follows it."""
        self._rested = rested
        self._frame().drag(x1, y1, x2, y2)

    def set_text(self, node: Node, text: str) -> None:
        """Replace the text of the input field where `node` is; no effect if it is gone or disabled."""
        self._frame().edit(node, text)

    def key(self, code: int) -> None:
        """Home, back and enter; other keys do nothing. A system dialog lets only home through."""
        if code == KEY_HOME:
            self.foreground = False
        elif self.foreground and not self._dialog:
            if code == KEY_BACK and self.keyboard_open:
                self.keyboard.close()
            elif code == KEY_BACK:
                self._back()
            elif code == KEY_ENTER and not self._popup:
                self._page().enter()

    # What a test or the control port does

    @property
    def account_id(self) -> str:
        """The account that is logged in."""
        return self._account_id

    def switch_account(self, account_id: str) -> None:
        """Another account is logged in on this phone. Raises KeyError for one that the world has not."""
        self._account_id = self.world.account(account_id).id
        if self.running:
            self.open_tab("home")

    def uninstall(self) -> None:
        """Gone from the phone, with its icon, until it is installed again."""
        self.stop()
        self.installed = False

    @property
    def keyboard_open(self) -> bool:
        """Is the keyboard on the screen?"""
        return self.foreground and not self._dialog and self.keyboard.is_open_on(self._page())

    @property
    def dialog_open(self) -> bool:
        """Does a dialog of the system lie over everything?"""
        return bool(self._dialog)

    def show_popup(self, title: str) -> None:
        """The app's own pop-up, until it is closed."""
        self._popup = title

    def move_on(self) -> None:
        """The video that plays ends, and the next one plays; a panel over it stays that of its own video."""
        playing = next((page for page in reversed(self._stack) if isinstance(page, FeedPage | VideoPage)), None)
        if playing is not None:
            playing.move_on()

    def crash(self) -> None:
        """The app dies; Android says so."""
        self.stop()
        self._dialog = f"{LABEL}屡次停止运行"

    def show_system_dialog(self) -> None:
        """Android says that the app does not answer; it goes on if one waits."""
        self._dialog = f"{LABEL}没有响应"

    # What pages may ask

    @property
    def actor(self) -> Actor:
        return Actor(self._serial, self._account_id)

    def now(self) -> float:
        return self._clock()

    def run_on(self) -> float:
        return self.rng.uniform(0, most) if (most := self.rough.runs_on(rested=self._rested)) else 0.0

    def textless(self, comment: Comment) -> bool:
        return self.rough.textless_rows and not comment.account_id and is_sticker(comment.id)

    def may_act(self, author_id: str) -> bool:
        return not self.may_not_act and self.world.may_act(self._account_id, author_id)

    def write(self, act: Callable[[], object], author_id: str, refusal: str) -> bool:
        if self.rate_limited:
            self.show_limit()
            return False
        if self.network_down:
            self.toast("发送失败，请重试")
            return False
        if not self.may_act(author_id):
            self.toast(refusal)
            return False
        try:
            act()
        except MayNotAct:
            self.toast(refusal)
            return False
        except Gone:
            self.toast("该评论已删除")
            return False
        return True

    def toast(self, text: str) -> None:
        self.last_toast = text
        self._toast_until = self._clock() + TOAST_SECONDS

    def open_keyboard(self) -> None:
        self.keyboard.open_on(self._page())

    def close(self) -> None:
        if len(self._stack) > 1:
            self._stack.pop()
        else:
            self.foreground = False

    def open_tab(self, name: str) -> None:
        self._stack = [FeedPage(self, self._feed_positions)]
        if name == "search":
            self._stack.append(SearchPage(self))
        elif name == "me":
            self._stack.append(MePage(self))

    def open_author(self, author_id: str) -> None:
        self._open(AuthorPage(self, self.world.author(author_id)))

    def open_video(self, video_id: str) -> None:
        self._open(VideoPage(self, self.world.video(video_id)))

    def open_video_search(self, text: str) -> None:
        self._open(VideoSearchPage(self, text))

    def open_comments(self, video_id: str) -> None:
        self._open(CommentsPage(self, self.world.video(video_id)))

    def open_replies(self, comment: Comment) -> None:
        self._open(RepliesPage(self, comment, self.world.video(comment.video_id)))

    def open_menu(self, comment: Comment) -> None:
        self._open(MenuPage(self, comment, self._author_of(comment)))

    def open_report(self, comment: Comment) -> None:
        self._open(ReportPage(self, comment, self._author_of(comment)))

    def _open(self, page: Page) -> None:
        self.keyboard.close()
        self._stack.append(page)

    def _author_of(self, comment: Comment) -> str:
        return self.world.video(comment.video_id).author_id

    def _page(self) -> Page:
        if self.verification:
            return VerifyPage(self)
        if self.logged_out:
            return LoginPage(self)
        if self.limit_shows:
            return RateLimitPage(self, self.hide_limit)
        return self._stack[-1]

    def _back(self) -> None:
        if self._popup:
            self._close_popup()
        elif self._page() is self._stack[-1]:
            self.close()
        else:
            self.foreground = False

    def _close_popup(self) -> None:
        self._popup = ""

    def _dismiss_dialog(self) -> None:
        self._dialog = ""

    def _frame(self) -> Frame:
        width, height = self._size
        frame = Frame(width, height, PACKAGE if self.foreground else LAUNCHER)
        if self.foreground:
            self._build_page(frame)
        else:
            overlays.build_launcher(frame, self.start if self.installed else None)
        if self._dialog:
            overlays.build_system_dialog(frame, self._dialog, self.stop, self._dismiss_dialog)
        return frame

    def _build_page(self, frame: Frame) -> None:
        page = self._page()
        frame.suffix = DRIFT_SUFFIX if self.drifted and page.drifts else ""
        whole = frame.height
        if page.resizes and self.keyboard_open and whole > WIDTH:  # on its side the keyboard takes all the room
            frame.height -= self.keyboard.height(whole)
        root = frame.add(frame.root, LAYOUT, page.name, (0, 0, WIDTH, frame.height))
        page.build(frame, root)
        frame.height = whole
        if self.rough.slow_fields and self._clock() - page.since < slow.SECONDS:
            slow.hold_back(root)
        frame.suffix = ""
        if self.update is not None:
            self.update.apply(frame, root)
        if self._clock() < self._toast_until:
            overlays.build_toast(frame, self.last_toast)
        if self._popup:
            overlays.build_popup(frame, self._popup, self._close_popup)
