"""page_author: an author's videos, newest first."""

from __future__ import annotations

from phonesim.node import Bounds, Node
from phonesim.practice.frame import GROUP, IMAGE_BUTTON, LABEL_VIEW, VIEW, Frame
from phonesim.practice.page import Page, Shell, build_list, shown
from phonesim.practice.scroll import PartList
from phonesim.world import Author, Video
from phonesim.world.formats import count_text, cut_title, time_text

ROW = 240


class AuthorPage(Page):
    """The list is as it was when the page was opened."""

    name = "page_author"
    activity = ".AuthorActivity"
    drifts = True

    def __init__(self, shell: Shell, author: Author) -> None:
        super().__init__(shell)
        self._author = author
        self._videos = PartList(iter(shell.world.videos(author.id)), lambda _video: ROW, shell)

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, IMAGE_BUTTON, "back_button", (20, 90, 140, 210), desc="返回", tap=self.shell.close)
        frame.add(root, VIEW, "author_avatar", (60, 240, 240, 420))
        frame.add(root, LABEL_VIEW, "author_name", (280, 250, 1040, 330), self._author.name)
        frame.add(root, LABEL_VIEW, "author_id", (280, 340, 1040, 410), f"视频号ID：{self._author.id}")
        edge = (0, 460, 1080, frame.height)

        def build_row(parent: Node, video: Video, top: int, height: int) -> None:
            self._build_row(frame, parent, video, (0, top, 1080, top + height), edge)

        build_list(frame, root, "video_list", edge, self._videos, build_row)

    def _build_row(self, frame: Frame, parent: Node, video: Video, row_box: Bounds, edge: Bounds) -> None:
        box = shown(row_box, edge)
        if box is None:
            return
        world, top = self.shell.world, row_box[1]
        row = frame.add(parent, GROUP, "video_item", box, tap=lambda: self.shell.open_video(video.id))
        count = count_text(world.shown_count(video.id, self.shell.actor.account_id))
        for cls, name, text, part in (
            (VIEW, "item_cover", "", (36, top + 20, 236, top + 220)),
            (LABEL_VIEW, "item_title", cut_title(video.title), (266, top + 24, 1040, top + 148)),
            (LABEL_VIEW, "item_count", f"评论 {count}", (266, top + 160, 560, top + 214)),
            (LABEL_VIEW, "item_time", time_text(video.created, world.now()), (600, top + 160, 1040, top + 214)),
        ):
            visible = shown(part, edge)
            if visible is not None:
                frame.add(row, cls, name, visible, text)
