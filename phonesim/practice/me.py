"""page_me: which account is logged in."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice.frame import LABEL_VIEW, VIEW, Frame
from phonesim.practice.page import Page, build_tabs


class MePage(Page):
    """The account's name and id."""

    name = "page_me"

    def build(self, frame: Frame, root: Node) -> None:
        account = self.shell.world.account(self.shell.actor.account_id)
        frame.add(root, VIEW, "account_avatar", (60, 240, 260, 440))
        frame.add(root, LABEL_VIEW, "account_name", (300, 250, 1040, 340), account.name)
        frame.add(root, LABEL_VIEW, "account_id", (300, 350, 1040, 420), f"账号ID：{account.id}")
        build_tabs(frame, root, self.shell, "me")
