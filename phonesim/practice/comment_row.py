"""One comment in the panel: how high it is and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from phonesim.node import Bounds, Node
from phonesim.practice.frame import BUTTON, GROUP, IMAGE_BUTTON, LABEL_VIEW, VIEW, Frame, Touch
from phonesim.practice.page import Shell, shown
from phonesim.practice.text import wrap
from phonesim.world import Comment
from phonesim.world.formats import count_text, time_text

LEFT, RIGHT = 140, 920  # the column of the texts
EMS = 18.0  # characters in a line of 780 units
LINE = 54
NAME_END = 68  # from the row's top
META = 64
THREAD = 58
PAD = 22


STICKER = 240  # units, high and wide


def comment_height(text: str, replies: int, *, sticker: bool = False) -> int:
    """A row's height in design units."""
    body = STICKER if sticker else LINE * len(wrap(text, EMS))
    return NAME_END + body + META + (THREAD if replies else 0) + PAD


Part = tuple[str, str, str, Bounds, Touch | None, bool]  # class, id, text, box, tap, selected


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment and what the panel knows about it."""

    shell: Shell
    comment: Comment
    replies: int
    author_id: str  # of the video

    def build(self, frame: Frame, parent: Node, box: Bounds, edge: Bounds) -> None:
        """Add the row whose whole box is `box`; what is outside `edge` is cut off or left out."""
        outline = shown(box, edge)
        if outline is None:
            return
        row = frame.add(parent, GROUP, "comment_item", outline)
        frame.on_hold(row, self._menu)
        text_end = box[3] - PAD - (THREAD if self.replies else 0) - META
        for cls, name, text, part, tap, selected in (*self._upper(box[1], text_end), *self._lower(text_end)):
            visible = shown(part, edge)
            if visible is not None:
                frame.add(row, cls, name, visible, text, tap=tap).selected = selected

    def _upper(self, top: int, text_end: int) -> list[Part]:
        world, comment = self.shell.world, self.comment
        likes = world.like_count(comment)
        liked = world.likes_it(self.shell.actor.account_id, comment.id)
        shown_likes = count_text(likes) if likes else ""
        return [
            (VIEW, "comment_avatar", "", (32, top + 22, 112, top + 102), None, False),
            (LABEL_VIEW, "comment_author", comment.commenter, (LEFT, top + 18, RIGHT, top + NAME_END), None, False),
            (IMAGE_BUTTON, "comment_like", "", (950, top + 18, 1050, top + 98), self._like, liked),
            (LABEL_VIEW, "comment_likes", shown_likes, (930, top + 98, 1070, top + 140), None, False),
            self._body(top, text_end),
        ]

    def _body(self, top: int, text_end: int) -> Part:
        if self.shell.textless(self.comment):
            return VIEW, "comment_picture", "", (LEFT, top + NAME_END, LEFT + STICKER, text_end), None, False
        return LABEL_VIEW, "comment_text", self.comment.text, (LEFT, top + NAME_END, RIGHT, text_end), None, False

    def _lower(self, top: int) -> list[Part]:
        when = time_text(self.comment.created, self.shell.world.now())
        parts: list[Part] = [
            (LABEL_VIEW, "comment_time", when, (LEFT, top + 6, 420, top + META - 8), None, False),
            (BUTTON, "comment_reply", "回复", (440, top, 560, top + META), self._thread, False),
            (IMAGE_BUTTON, "comment_more", "", (580, top, 680, top + META), self._menu, False),
        ]
        if self.replies:
            line = (LEFT, top + META, 620, top + META + THREAD)
            parts.append((BUTTON, "comment_replies", f"展开{self.replies}条回复", line, self._thread, False))
        return parts

    def _like(self) -> None:
        world, actor = self.shell.world, self.shell.actor
        self.shell.write(lambda: world.toggle_comment_like(actor, self.comment), self.author_id, "你暂时无法互动")

    def _thread(self) -> None:
        self.shell.open_replies(self.comment)

    def _menu(self) -> None:
        self.shell.open_menu(self.comment)
