"""What a page of the practice app is, and what it may ask of the app around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

from phonesim.node import Bounds, Node
from phonesim.practice.frame import BUTTON, GROUP, LABEL_VIEW, LIST, Frame, Touch
from phonesim.practice.scroll import FOOTER, Loading, Loads, PartList, T
from phonesim.world import Actor, Comment, World


class Shell(Loads, Protocol):
    """The app around a page."""

    world: World

    @property
    def actor(self) -> Actor:
        """Who acts on this phone now."""

    def textless(self, comment: Comment) -> bool:
        """Is this comment a sticker alone, as the app shows it on this phone?"""

    def may_act(self, author_id: str) -> bool:
        """May the account write on this author's videos from this phone?"""

    def write(self, act: Callable[[], object], author_id: str, refusal: str) -> bool:
        """Carry out an act on the world; when it cannot be, show why (`refusal` if not allowed). Was it done?"""

    def toast(self, text: str) -> None:
        """Show a toast."""

    def open_keyboard(self) -> None:
        """A finger gave a field of the page on top the focus."""

    def close(self) -> None:
        """Leave the page on top."""

    def open_tab(self, name: str) -> None:
        """Go to feed, search or me."""

    def open_author(self, author_id: str) -> None: ...

    def open_video(self, video_id: str) -> None: ...

    def open_video_search(self, text: str) -> None: ...

    def open_comments(self, video_id: str) -> None: ...

    def open_replies(self, comment: Comment) -> None: ...

    def open_menu(self, comment: Comment) -> None: ...

    def open_report(self, comment: Comment) -> None: ...


class Page(ABC):
    """One page: its state, and how it is drawn."""

    name: ClassVar[str]
    activity: ClassVar[str] = ".MainActivity"
    drifts: ClassVar[bool] = False  # do its resource ids change with the page-drift fault?
    resizes: ClassVar[bool] = False  # does the keyboard push its lower edge up (adjustResize), or cover it?

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.since = shell.now()  # when it came up

    @abstractmethod
    def build(self, frame: Frame, root: Node) -> None:
        """Add the page's nodes below its root node, which covers the screen."""

    @property
    def focused(self) -> bool:
        """Has a field of the page the focus?"""
        return False

    def enter(self) -> None:  # noqa: B027 - most pages have no use for it
        """The enter key."""


def shown(box: Bounds, edge: Bounds) -> Bounds | None:
    """The part of a box inside an edge; None if there is none."""
    left, top, right, bottom = box
    if top >= edge[3] or bottom <= edge[1]:
        return None
    return left, max(top, edge[1]), right, min(bottom, edge[3])


def build_list(
    frame: Frame,
    root: Node,
    name: str,
    edge: Bounds,
    rows: PartList[T],
    build_row: Callable[[Node, T, int, int], None],
    *,
    ends: bool = True,
) -> None:
    """A scrolling list inside `edge`; `build_row` gets the list's node, the row, its top on the screen and height.

    `ends`: say so below the last row.
    """
    rows.fit(edge[3] - edge[1])
    parent = frame.add(root, LIST, name, edge)
    frame.on_drag(parent, lambda _right, down: rows.scroll(down))
    for row, top, height in rows.visible():
        build_row(parent, row, edge[1] + top, height)
    foot = rows.footer()
    box = None if foot is None else shown((0, edge[1] + foot, 1080, edge[1] + foot + FOOTER), edge)
    if box is None:
        return
    if rows.loading is Loading.ENDED:
        if ends:
            frame.add(parent, LABEL_VIEW, "list_end", box, "没有更多了")
    elif rows.loading is Loading.FAILED:
        frame.add(parent, LABEL_VIEW, "list_retry", box, "加载失败，点击重试", tap=rows.load)
    else:
        frame.add(parent, LABEL_VIEW, "list_loading", box, "正在加载…")


def build_tabs(frame: Frame, root: Node, shell: Shell, chosen: str) -> None:
    """The tabs at the bottom."""
    top = frame.height - 150
    bar = frame.add(root, GROUP, "", (0, top, 1080, frame.height))
    for place, (name, label) in enumerate((("home", "首页"), ("search", "搜索"), ("me", "我"))):
        box = (place * 360, top, place * 360 + 360, frame.height)
        tab = frame.add(bar, BUTTON, f"tab_{name}", box, label, tap=_to_tab(shell, name))
        tab.selected = name == chosen


def _to_tab(shell: Shell, name: str) -> Touch:
    return lambda: shell.open_tab(name)
