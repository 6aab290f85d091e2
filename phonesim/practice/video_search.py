"""page_video_search: find videos by a word of their title or of their author's name."""

from __future__ import annotations

from phonesim.node import Bounds, Node
from phonesim.practice.frame import BUTTON, GROUP, IMAGE_BUTTON, INPUT, LABEL_VIEW, VIEW, Frame, Touch
from phonesim.practice.page import Page, Shell, build_list, shown
from phonesim.practice.scroll import Loading, PartList
from phonesim.practice.search import UNDER_KINDS, build_kinds
from phonesim.world import Video
from phonesim.world.formats import count_text, cut_title, time_text

ROW = 260


class VideoSearchPage(Page):
    """What was typed, and the videos that the last search found: the best liked first, or the newest."""

    name = "page_video_search"
    activity = ".SearchActivity"
    drifts = True

    def __init__(self, shell: Shell, text: str) -> None:
        """`text`: what was typed on the page before."""
        super().__init__(shell)
        self._text = text
        self._focused = False
        self._newest = False
        self._found: PartList[Video] | None = None
        self._search()

    @property
    def focused(self) -> bool:
        return self._focused

    def enter(self) -> None:
        self._search()

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, IMAGE_BUTTON, "back_button", (20, 100, 130, 210), desc="返回", tap=self.shell.close)
        box = (150, 100, 850, 210)
        field = frame.add(root, INPUT, "found_input", box, self._text, desc="搜索视频", tap=self._focus)
        field.focused = self._focused
        frame.on_edit(field, self._edit)
        frame.add(root, BUTTON, "found_button", (870, 100, 1044, 210), "搜索", tap=self._search)
        build_kinds(frame, root, "videos", users=self.shell.close, videos=self._search)
        for left, name, label, newest in ((600, "sort_hot", "最热", False), (820, "sort_new", "最新", True)):
            order = frame.add(root, BUTTON, name, (left, 225, left + 210, 315), label, tap=self._order(newest))
            order.selected = self._newest == newest
        self._build_found(frame, root)

    def _build_found(self, frame: Frame, root: Node) -> None:
        if self._found is None:
            return
        self._found.settle()
        if self._found.loading is Loading.ENDED and not self._found.rows:
            frame.add(root, LABEL_VIEW, "found_empty", (0, 600, 1080, 720), "没有找到相关视频")
            return
        edge = (0, UNDER_KINDS, 1080, frame.height)

        def build_row(parent: Node, video: Video, top: int, height: int) -> None:
            self._build_row(frame, parent, video, (0, top, 1080, top + height), edge)

        build_list(frame, root, "found_list", edge, self._found, build_row)

    def _build_row(self, frame: Frame, parent: Node, video: Video, row_box: Bounds, edge: Bounds) -> None:
        box = shown(row_box, edge)
        if box is None:
            return
        world, top = self.shell.world, row_box[1]
        row = frame.add(parent, GROUP, "found_item", box, tap=lambda: self.shell.open_video(video.id))
        for cls, name, text, part in (
            (VIEW, "found_cover", "", (36, top + 20, 256, top + 240)),
            (LABEL_VIEW, "found_title", cut_title(video.title), (286, top + 24, 1040, top + 128)),
            (LABEL_VIEW, "found_author", video.author_name, (286, top + 134, 1040, top + 178)),
            (LABEL_VIEW, "found_likes", count_text(world.like_count(video)), (286, top + 186, 560, top + 240)),
            (LABEL_VIEW, "found_time", time_text(video.created, world.now()), (600, top + 186, 1040, top + 240)),
        ):
            visible = shown(part, edge)
            if visible is not None:
                frame.add(row, cls, name, visible, text)

    def _search(self) -> None:
        self._focused = False
        if self._text.strip():
            found = self.shell.world.search_videos(self._text, newest=self._newest)
            self._found = PartList(iter(found), lambda _video: ROW, self.shell)

    def _order(self, newest: bool) -> Touch:
        def choose() -> None:
            self._newest = newest
            self._search()

        return choose

    def _focus(self) -> None:
        self._focused = True
        self.shell.open_keyboard()

    def _edit(self, text: str) -> None:
        self._text = text
        self._focused = True
