"""How each node looks: colours, sizes and icons by what it is called. A node nobody lists still shows its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from phonesim.node import Node
from phonesim.practice import DRIFT_SUFFIX

RED, GREY, DARK = "#fe2c55", "#8a8b91", "#161823"


@dataclass(frozen=True, slots=True)
class Look:
    """Sizes are design units of a screen 1080 wide; `veil` darkens what is below, from 0 to 1."""

    ink: str = DARK
    size: int = 40
    fill: str = ""
    radius: int = 0
    line: str = ""
    icon: str = ""
    centred: bool = False
    hint: bool = False
    veil: float = 0.0
    pad: int = 0


BUTTON = Look(ink="white", size=42, fill=RED, radius=16, centred=True)
FIELD = Look(size=40, fill="#f1f1f2", radius=24, hint=True, pad=28)
TITLE = Look(size=46, centred=True)
SMALL = Look(ink=GREY, size=34)
COVER = Look(fill="#2f3e55", radius=12, icon="play", ink="#c9d3e3")
WHITE_BUTTON = Look(ink=DARK, size=44, fill="white", line="#e8e8e8", centred=True)

LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "video_surface": Look(icon="scene"),
        "video_author": Look(ink="white", size=50),
        "video_author_id": Look(ink="#c4c6cc", size=34),
        "video_title": Look(ink="white", size=44),
        "video_like": Look(ink="white", icon="heart"),
        "video_like_count": Look(ink="white", size=36, centred=True),
        "video_comment": Look(ink="white", icon="bubble"),
        "video_comment_count": Look(ink="white", size=36, centred=True),
        "video_more": Look(ink="white", icon="dots"),
        "notice": Look(ink="white", size=34, fill="#5b3a1e", radius=10, centred=True),
        "back_button": Look(ink=GREY, icon="arrow"),
        "search_input": FIELD,
        "search_button": BUTTON,
        "search_empty": replace(SMALL, centred=True),
        "result_item": Look(line="#eeeeee"),
        "result_avatar": Look(ink="#6c8ebf", icon="person"),
        "result_name": Look(size=46),
        "result_id": SMALL,
        "author_avatar": Look(ink="#6c8ebf", icon="person"),
        "author_name": Look(size=56),
        "author_id": SMALL,
        "video_item": Look(line="#eeeeee"),
        "item_cover": COVER,
        "item_title": Look(size=42),
        "item_count": SMALL,
        "item_time": SMALL,
        "comments_outside": Look(veil=0.35),
        "comments_panel": Look(fill="white", radius=28),
        "comments_total": Look(size=42, centred=True),
        "comments_close": Look(icon="cross"),
        "comment_avatar": Look(ink="#a7b6cc", icon="person"),
        "comment_author": Look(ink=GREY, size=36),
        "comment_text": Look(size=42),
        "comment_time": SMALL,
        "comment_reply": Look(ink="#55565c", size=34),
        "comment_more": Look(ink=GREY, icon="dots"),
        "comment_replies": Look(ink="#4a6fa5", size=34),
        "comment_like": Look(ink="#c8c9cc", icon="heart"),
        "comment_likes": Look(ink=GREY, size=28, centred=True),
        "comment_input": FIELD,
        "comment_send": BUTTON,
        "replies_title": TITLE,
        "replies_close": Look(icon="cross"),
        "parent_item": Look(fill="#f7f7f8"),
        "parent_avatar": Look(ink="#a7b6cc", icon="person"),
        "parent_author": Look(ink=GREY, size=36),
        "parent_text": Look(size=42),
        "reply_author": Look(ink=GREY, size=34),
        "reply_time": SMALL,
        "reply_input": FIELD,
        "reply_send": BUTTON,
        "menu_panel": Look(fill="white", radius=28),
        "menu_author": Look(ink=GREY, size=34),
        "menu_text": Look(size=42),
        "menu_dislike": WHITE_BUTTON,
        "menu_disliked": replace(WHITE_BUTTON, ink=GREY),
        "menu_report": WHITE_BUTTON,
        "menu_cancel": replace(WHITE_BUTTON, ink=GREY),
        "report_title": TITLE,
        "report_author": Look(ink=GREY, size=34),
        "report_text": Look(size=42),
        "report_reason": Look(size=44, line="#eeeeee", pad=60),
        "report_submit": BUTTON,
        "report_cancel": replace(BUTTON, fill="#f1f1f2", ink=DARK),
        "account_avatar": Look(ink="#6c8ebf", icon="person"),
        "account_name": Look(size=56),
        "account_id": SMALL,
        "login_hint": TITLE,
        "login_button": BUTTON,
        "limit_text": TITLE,
        "limit_ok": BUTTON,
        "verify_text": TITLE,
        "list_end": replace(SMALL, centred=True),
        "list_loading": replace(SMALL, centred=True),
        "list_retry": Look(ink="#4a6fa5", size=36, centred=True),
        "popup": Look(veil=0.6),
        "popup_card": Look(fill="white", radius=32),
        "popup_title": TITLE,
        "popup_close": Look(ink="white", icon="cross"),
        "toast": Look(ink="white", size=40, fill="#3a3a3a", radius=18, centred=True),
        "parentPanel": Look(fill="white", radius=40),
        "alertTitle": Look(size=44),
        "button1": Look(ink="#1a73e8", size=42),
        "button2": Look(ink="#1a73e8", size=42),
        "clock": Look(ink=GREY, size=32),
        "keyboard_holder": Look(fill="#d2d5db"),
        "candidate": Look(size=40, centred=True),
        "workspace": Look(fill="#274b6d"),
        "icon": Look(ink="white", size=34, fill=DARK, radius=48, centred=True),
    }
)
KEY = Look(size=44, ink=DARK, fill="white", radius=10, line="#b4b8c0", centred=True, hint=True)
TAB = Look(size=42, ink=GREY, fill="white", centred=True)
DARK_PAGES = ("page_feed", "page_video", "page_comments", "page_menu")
PLAIN = Look()


def look_of(node: Node) -> Look:
    """The look of a node, also one whose id drifted, is chosen or is disabled."""
    name = short_name(node)
    if name.startswith("key_pos_"):
        return KEY
    look = TAB if name.startswith("tab_") else LOOKS.get(name, PLAIN)
    if node.selected:
        look = replace(look, ink=RED, icon="tick" if name == "report_reason" else look.icon)
    if not node.enabled:
        look = replace(look, ink="#b9bac0", fill="#e4e4e6" if look.fill else "")
    if name.startswith("page_"):
        return Look(fill="#20242e" if name in DARK_PAGES else "white")
    return look


def backdrop(root: Node) -> str:
    """The colour behind everything."""
    return "#20242e" if root.package != "android" else "black"


def short_name(node: Node) -> str:
    """The resource id without its package and without what page drift put behind it."""
    return node.resource_id.rpartition("/")[2].removesuffix(DRIFT_SUFFIX)
