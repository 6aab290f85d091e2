"""page_feed: one video after the other, full screen."""

from __future__ import annotations

from collections.abc import MutableMapping

from phonesim.node import Node
from phonesim.practice.frame import GROUP, Frame
from phonesim.practice.page import Page, Shell, build_tabs
from phonesim.practice.video_view import build_video

TURN = 200  # a finger's way, in design units, that turns to the next video


class FeedPage(Page):
    """The feed goes on where the account left it, also after a restart of the app."""

    name = "page_feed"

    def __init__(self, shell: Shell, positions: MutableMapping[str, int]) -> None:
        """`positions`: where each account's feed stands; kept by the app."""
        super().__init__(shell)
        self._positions = positions

    def build(self, frame: Frame, root: Node) -> None:
        account_id = self.shell.actor.account_id
        video = self.shell.world.feed(account_id, self._positions.get(account_id, 0))
        bottom = frame.height - 150
        pager = frame.add(root, GROUP, "feed_pager", (0, 0, 1080, bottom))
        frame.on_drag(pager, self._turn)
        build_video(frame, pager, self.shell, video, bottom)
        build_tabs(frame, root, self.shell, "home")

    def move_on(self) -> None:
        """The next video plays: the one before has ended."""
        self._go(1)

    def _turn(self, _right: int, down: int) -> None:
        if abs(down) >= TURN:
            self._go(1 if down < 0 else -1)

    def _go(self, way: int) -> None:
        account_id = self.shell.actor.account_id
        self._positions[account_id] = max(0, self._positions.get(account_id, 0) + way)
