"""Fields that come later than their page: names, ids, counts and moments show a placeholder first."""

from __future__ import annotations

import zlib

from phonesim.node import Node

SECONDS = 0.7  # that a page shows placeholders after it came up
PLACEHOLDERS = ("加载中...", "", "--", "…")
SLOW = frozenset(
    {
        "account_name", "account_id", "author_name", "author_id", "video_author", "video_author_id", "video_title",
        "video_like_count", "video_comment_count", "comments_total", "comment_author", "comment_time", "comment_likes",
        "item_title", "item_count", "item_time", "result_name", "result_id", "parent_author", "reply_author",
        "reply_time", "menu_author", "report_author", "found_title", "found_author", "found_likes", "found_time",
    }
)  # fmt: skip


def hold_back(root: Node) -> None:
    """Put placeholders where slow fields are; what stands before a colon is the page's own and is there at once."""
    for node in root.walk():
        name = node.resource_id.rpartition("/")[2]
        if name in SLOW and node.text:
            label = node.text[: node.text.find("：") + 1]
            node.text = label + PLACEHOLDERS[zlib.crc32(name.encode()) % len(PLACEHOLDERS)]
