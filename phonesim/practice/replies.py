"""page_replies: the thread of one comment."""

from __future__ import annotations

from phonesim.node import Bounds, Node
from phonesim.practice.frame import GROUP, IMAGE_BUTTON, LABEL_VIEW, VIEW, Frame
from phonesim.practice.input_bar import HEIGHT, InputBar
from phonesim.practice.page import Page, Shell, build_list, shown
from phonesim.practice.scroll import PartList
from phonesim.practice.text import wrap
from phonesim.practice.video_view import build_behind
from phonesim.world import Comment, Reply, Video
from phonesim.world.formats import time_text

EMS = 20.0  # characters in a line of 860 units
LINE = 54


class RepliesPage(Page):
    """The comment on top, its replies below, oldest first."""

    name = "page_replies"
    activity = ".VideoActivity"
    resizes = True

    def __init__(self, shell: Shell, comment: Comment, video: Video) -> None:
        super().__init__(shell)
        self._comment = comment
        self._video = video
        self._input = InputBar("reply", self._send, shell.open_keyboard)
        self._replies = PartList(shell.world.replies(comment, shell.actor.account_id), _height, shell)

    @property
    def focused(self) -> bool:
        return self._input.focused

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, LABEL_VIEW, "replies_title", (300, 90, 780, 140), "回复")
        build_behind(frame, root, self._video, 142)
        frame.add(root, IMAGE_BUTTON, "replies_close", (960, 80, 1060, 180), desc="关闭", tap=self.shell.close)
        lines = min(8, len(wrap(self._comment.text, EMS)))
        end = 290 + LINE * lines
        parent = frame.add(root, GROUP, "parent_item", (0, 200, 1080, end + 30))
        frame.add(parent, VIEW, "parent_avatar", (32, 222, 112, 302))
        frame.add(parent, LABEL_VIEW, "parent_author", (140, 220, 1000, 280), self._comment.commenter)
        frame.add(parent, LABEL_VIEW, "parent_text", (140, 285, 1000, end), self._comment.text)
        edge = (0, end + 30, 1080, frame.height - HEIGHT)

        def build_row(parent: Node, reply: Reply, top: int, height: int) -> None:
            self._build_row(frame, parent, reply, (0, top, 1080, top + height), edge)

        build_list(frame, root, "reply_list", edge, self._replies, build_row)
        self._input.build(frame, root, enabled=self.shell.may_act(self._video.author_id))

    def _build_row(self, frame: Frame, parent: Node, reply: Reply, box: Bounds, edge: Bounds) -> None:
        outline = shown(box, edge)
        if outline is None:
            return
        top, bottom = box[1], box[3]
        row = frame.add(parent, GROUP, "reply_item", outline)
        when = time_text(reply.created, self.shell.world.now())
        for name, text, part in (
            ("reply_author", reply.commenter, (200, top + 14, 1000, top + 64)),
            ("reply_text", reply.text, (200, top + 66, 1000, bottom - 66)),
            ("reply_time", when, (200, bottom - 62, 600, bottom - 12)),
        ):
            visible = shown(part, edge)
            if visible is not None:
                frame.add(row, LABEL_VIEW, name, visible, text)

    def _send(self, text: str) -> bool:
        actor = self.shell.actor

        def act() -> None:
            self._replies.take_all()
            self._replies.put_last(self.shell.world.write_reply(actor, self._comment, text))

        if not self.shell.write(act, self._video.author_id, "你暂时无法评论"):
            return False
        self.shell.toast("回复成功")
        return True


def _height(reply: Reply) -> int:
    return 132 + LINE * len(wrap(reply.text, EMS - 1))
