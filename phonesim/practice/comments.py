"""page_comments: the panel over a video with its comments."""

from __future__ import annotations

from dataclasses import dataclass

from phonesim.node import Bounds, Node
from phonesim.practice.comment_row import CommentRow, comment_height
from phonesim.practice.frame import GROUP, IMAGE_BUTTON, LABEL_VIEW, Frame
from phonesim.practice.input_bar import HEIGHT, InputBar
from phonesim.practice.page import Page, Shell, build_list
from phonesim.practice.scroll import PartList
from phonesim.practice.video_view import build_behind
from phonesim.world import Comment, Video
from phonesim.world.formats import count_text

TOP = 420


@dataclass(slots=True)
class Row:
    """A comment in the panel, with the replies that its height has room for."""

    comment: Comment
    replies: int
    sticker: bool

    def height(self) -> int:
        return comment_height(self.comment.text, self.replies, sticker=self.sticker)


class CommentsPage(Page):
    """The comments as they were when the panel was opened; likes and reply counts are today's."""

    name = "page_comments"
    activity = ".VideoActivity"
    resizes = True
    drifts = True

    def __init__(self, shell: Shell, video: Video) -> None:
        super().__init__(shell)
        self._video = video
        self._input = InputBar("comment", self._send, shell.open_keyboard)
        comments = shell.world.comments(video.id, shell.actor.account_id)
        self._rows = PartList((self._row(comment) for comment in comments), Row.height, shell)

    @property
    def focused(self) -> bool:
        return self._input.focused

    def build(self, frame: Frame, root: Node) -> None:
        world, video = self.shell.world, self._video
        frame.shield(root, GROUP, "comments_outside", (0, 0, 1080, TOP), tap=self.shell.close)
        build_behind(frame, root, video, TOP - 80)
        panel = frame.add(root, GROUP, "comments_panel", (0, TOP, 1080, frame.height))
        total = count_text(world.shown_count(video.id, self.shell.actor.account_id))
        frame.add(panel, LABEL_VIEW, "comments_total", (300, TOP + 20, 780, TOP + 100), f"评论 {total}")
        close_box = (960, TOP + 15, 1060, TOP + 105)
        frame.add(panel, IMAGE_BUTTON, "comments_close", close_box, desc="关闭", tap=self.shell.close)
        self._build_rows(frame, panel, (0, TOP + 120, 1080, frame.height - HEIGHT))
        self._input.build(frame, panel, enabled=self.shell.may_act(video.author_id))

    def _build_rows(self, frame: Frame, panel: Node, edge: Bounds) -> None:
        self._rows.fit(edge[3] - edge[1])
        self._count_replies()

        def build_row(parent: Node, row: Row, top: int, height: int) -> None:
            picture = CommentRow(self.shell, row.comment, row.replies, self._video.author_id)
            picture.build(frame, parent, (0, top, 1080, top + height), edge)

        build_list(frame, panel, "comment_list", edge, self._rows, build_row)

    def _count_replies(self) -> None:
        changed = False
        for row, _top, _height in self._rows.visible():
            replies = self.shell.world.reply_count(row.comment, self.shell.actor.account_id)
            changed = changed or replies != row.replies
            row.replies = replies
        if changed:
            self._rows.measure()

    def _row(self, comment: Comment) -> Row:
        replies = self.shell.world.reply_count(comment, self.shell.actor.account_id)
        return Row(comment, replies, self.shell.textless(comment))

    def _send(self, text: str) -> bool:
        actor = self.shell.actor

        def act() -> None:
            self._rows.put_first(self._row(self.shell.world.write_comment(actor, self._video.id, text)))

        if not self.shell.write(act, self._video.author_id, "你暂时无法评论"):
            return False
        self.shell.toast("评论成功")
        return True
