"""The pages that stand before all others: login, rate limit, verification."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice.frame import BUTTON, LABEL_VIEW, Frame, Touch
from phonesim.practice.page import Page, Shell


class LoginPage(Page):
    """Nobody is logged in. Only a person can log in: the button leads nowhere."""

    name = "page_login"
    activity = ".LoginActivity"

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, LABEL_VIEW, "login_hint", (200, 800, 880, 900), "请先登录")
        frame.add(root, BUTTON, "login_button", (200, 1000, 880, 1140), "登录", tap=self._ask)

    def _ask(self) -> None:
        self.shell.toast("请输入手机号和验证码")


class RateLimitPage(Page):
    """The account did too much; ok only closes the page."""

    name = "page_rate_limit"

    def __init__(self, shell: Shell, dismiss: Touch) -> None:
        super().__init__(shell)
        self._dismiss = dismiss

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, LABEL_VIEW, "limit_text", (100, 900, 980, 1000), "操作过于频繁，请稍后再试")
        frame.add(root, BUTTON, "limit_ok", (300, 1100, 780, 1230), "我知道了", tap=self._dismiss)


class VerifyPage(Page):
    """A person has to answer this one."""

    name = "page_verify"
    activity = ".VerifyActivity"

    def build(self, frame: Frame, root: Node) -> None:
        frame.add(root, LABEL_VIEW, "verify_text", (100, 900, 980, 1000), "请完成安全验证")
