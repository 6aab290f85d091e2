"""page_menu and page_report: what else one can do with a comment, which both name at their top."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice.frame import BUTTON, GROUP, LABEL_VIEW, Frame, Touch
from phonesim.practice.page import Page, Shell
from phonesim.world import Comment
from phonesim.world.words import REPORT_REASONS

ROW = 150


def _quote(shell: Shell, frame: Frame, parent: Node, name: str, comment: Comment, top: int) -> None:
    """Whose comment it is, and its text; none for a sticker."""
    frame.add(parent, LABEL_VIEW, f"{name}_author", (60, top, 1020, top + 60), comment.commenter)
    if not shell.textless(comment):
        frame.add(parent, LABEL_VIEW, f"{name}_text", (60, top + 65, 1020, top + 145), comment.text)


class MenuPage(Page):
    """Dislike, or take that back; report; cancel."""

    name = "page_menu"
    activity = ".VideoActivity"

    def __init__(self, shell: Shell, comment: Comment, author_id: str) -> None:
        super().__init__(shell)
        self._comment = comment
        self._author_id = author_id

    def build(self, frame: Frame, root: Node) -> None:
        frame.shield(root, GROUP, "", (0, 0, 1080, frame.height), tap=self.shell.close)
        top = frame.height - 5 * ROW
        panel = frame.shield(root, GROUP, "menu_panel", (0, top, 1080, frame.height))
        _quote(self.shell, frame, panel, "menu", self._comment, top)
        top += ROW
        dislike = ("menu_dislike", "不喜欢", self._dislike)
        if self.shell.world.dislikes_it(self.shell.actor.account_id, self._comment.id):
            dislike = ("menu_disliked", "取消不喜欢", self._take_back)
        rows: tuple[tuple[str, str, Touch], ...] = (
            dislike,
            ("menu_report", "举报", self._report),
            ("menu_cancel", "取消", self.shell.close),
        )
        for place, (name, text, tap) in enumerate(rows):
            box = (0, top + place * ROW, 1080, top + (place + 1) * ROW)
            frame.add(panel, BUTTON, name, box, text, tap=tap)

    def _dislike(self) -> None:
        actor = self.shell.actor
        self.shell.close()
        if self.shell.write(
            lambda: self.shell.world.dislike_comment(actor, self._comment), self._author_id, "你暂时无法互动"
        ):
            self.shell.toast("已不喜欢该评论")

    def _take_back(self) -> None:
        actor = self.shell.actor
        self.shell.close()
        self.shell.write(
            lambda: self.shell.world.undislike_comment(actor, self._comment), self._author_id, "你暂时无法互动"
        )

    def _report(self) -> None:
        self.shell.close()
        self.shell.open_report(self._comment)


class ReportPage(Page):
    """Choose a reason, then submit."""

    name = "page_report"
    activity = ".ReportActivity"

    def __init__(self, shell: Shell, comment: Comment, author_id: str) -> None:
        super().__init__(shell)
        self._comment = comment
        self._author_id = author_id
        self._reason = ""

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, LABEL_VIEW, "report_title", (300, 90, 780, 180), "举报评论")
        _quote(self.shell, frame, root, "report", self._comment, 200)
        for place, reason in enumerate(REPORT_REASONS):
            box = (0, 360 + place * ROW, 1080, 360 + (place + 1) * ROW)
            row = frame.add(root, LABEL_VIEW, "report_reason", box, reason, tap=self._choice(reason))
            row.selected = reason == self._reason
        top = frame.height - 220
        frame.add(root, BUTTON, "report_cancel", (60, top, 510, top + 130), "取消", tap=self.shell.close)
        box = (570, top, 1020, top + 130)
        frame.add(root, BUTTON, "report_submit", box, "提交", tap=self._submit, enabled=bool(self._reason))

    def _choice(self, reason: str) -> Touch:
        def choose() -> None:
            self._reason = reason

        return choose

    def _submit(self) -> None:
        actor = self.shell.actor
        self.shell.close()
        if self.shell.write(
            lambda: self.shell.world.report_comment(actor, self._comment, self._reason),
            self._author_id,
            "你暂时无法互动",
        ):
            self.shell.toast("举报成功")
