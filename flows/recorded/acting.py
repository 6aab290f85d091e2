"""What a tap may act on: labels and ids of elements that change something. A recorded flow only reads, and taps none.

No list has every word of every app. It catches what a person clicks by mistake; who goes around it on purpose also
goes around a check of Python code. That an act happens at all still needs a basis and a cap.
"""

from __future__ import annotations

from flows.drift.traits import tokens
from flows.screen import BY_DESC, BY_TEXT, Node

LABELS = frozenset(
    {
        "发送", "发布", "发表", "提交", "点赞", "赞", "喜欢", "不喜欢", "踩", "在看", "关注", "取消关注", "举报",
        "删除", "支付", "付款", "购买", "下单", "转发", "分享", "收藏", "拉黑", "投诉", "回复",
        "确认", "确定", "同意", "授权", "退出登录", "注销", "打赏", "投票", "报名", "预约",
        "send", "post", "publish", "submit", "like", "unlike", "dislike", "follow", "unfollow", "report", "delete",
        "pay", "buy", "order", "share", "repost", "favorite", "block", "reply", "confirm", "agree", "log out", "vote",
    }
)  # fmt: skip
TOKENS = frozenset(
    {
        "send", "publish", "submit", "like", "unlike", "dislike", "follow", "unfollow", "report", "delete", "remove",
        "pay", "buy", "purchase", "share", "repost", "favorite", "block", "reply", "confirm", "agree", "logout", "vote",
    }
)  # fmt: skip


def acting_word(node: Node) -> str:
    """Returns the word by which an element may act, from its label or its id; empty if nothing says so."""
    return _label(node.text) or _label(node.desc) or _of_id(node.resource_id)


def acting_selector(selector: str) -> str:
    """As `acting_word`, for a selector of a profile."""
    for prefix in (BY_DESC, BY_TEXT):
        if selector.startswith(prefix):
            return _label(selector.removeprefix(prefix))
    return _of_id(selector)


def _label(text: str) -> str:
    plain = " ".join(text.split()).strip("+＋ ").lower()
    return plain if plain in LABELS else ""


def _of_id(resource_id: str) -> str:
    return next(iter(sorted(tokens(resource_id) & TOKENS)), "")
