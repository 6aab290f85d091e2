"""page_search: find authors by id or name; the way to videos by a word of their title."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice.frame import BUTTON, GROUP, INPUT, LABEL_VIEW, VIEW, Frame, Touch, swallow
from phonesim.practice.page import Page, Shell, build_list, build_tabs, shown
from phonesim.practice.scroll import Loading, PartList
from phonesim.world import Author

ROW = 190
UNDER_KINDS = 330  # where the results begin


class SearchPage(Page):
    """What was typed, and what the last search found."""

    name = "page_search"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._text = ""
        self._focused = False
        self._found: PartList[Author] | None = None

    @property
    def focused(self) -> bool:
        return self._focused

    def enter(self) -> None:
        self._search()

    def build(self, frame: Frame, root: Node) -> None:
        box = (36, 100, 850, 210)
        field = frame.add(root, INPUT, "search_input", box, self._text, desc="搜索作者", tap=self._focus)
        field.focused = self._focused
        frame.on_edit(field, self._edit)
        frame.add(root, BUTTON, "search_button", (870, 100, 1044, 210), "搜索", tap=self._search)
        build_kinds(frame, root, "users", users=swallow, videos=lambda: self.shell.open_video_search(self._text))
        self._build_found(frame, root)
        build_tabs(frame, root, self.shell, "search")

    def _build_found(self, frame: Frame, root: Node) -> None:
        if self._found is None:
            return
        self._found.settle()
        if self._found.loading is Loading.ENDED and not self._found.rows:
            frame.add(root, LABEL_VIEW, "search_empty", (0, 600, 1080, 720), "没有找到相关结果")
            return
        edge = (0, UNDER_KINDS, 1080, frame.height - 150)

        def build_row(parent: Node, author: Author, top: int, height: int) -> None:
            box = shown((0, top, 1080, top + height), edge)
            if box is None:
                return
            row = frame.add(parent, GROUP, "result_item", box, tap=lambda: self.shell.open_author(author.id))
            for cls, name, text, part in (
                (VIEW, "result_avatar", "", (40, top + 30, 170, top + 160)),
                (LABEL_VIEW, "result_name", author.name, (200, top + 30, 1040, top + 95)),
                (LABEL_VIEW, "result_id", f"视频号ID：{author.id}", (200, top + 105, 1040, top + 160)),
            ):
                visible = shown(part, edge)
                if visible is not None:
                    frame.add(row, cls, name, visible, text)

        build_list(frame, root, "search_results", edge, self._found, build_row)

    def _search(self) -> None:
        self._focused = False
        if self._text.strip():
            self._found = PartList(iter(self.shell.world.search(self._text)), lambda _author: ROW, self.shell)

    def _focus(self) -> None:
        self._focused = True
        self.shell.open_keyboard()

    def _edit(self, text: str) -> None:
        self._text = text
        self._focused = True


def build_kinds(frame: Frame, root: Node, chosen: str, *, users: Touch, videos: Touch) -> None:
    """What is looked for: authors or videos."""
    for place, (name, label, tap) in enumerate((("users", "用户", users), ("videos", "视频", videos))):
        box = (36 + place * 240, 225, 256 + place * 240, 315)
        kind = frame.add(root, BUTTON, f"search_{name}", box, label, tap=tap)
        kind.selected = name == chosen
