"""What the tests of this folder ask for."""

from __future__ import annotations

from tests.support.ledger.drive import AUTHOR

TITLES = {"author_id": AUTHOR, "count": 2}
LIKE = {
    "kind": "like_comment",
    "author_id": AUTHOR,
    "title": "标题",
    "target_commenter": "小红",
    "target_comment": "好看",
}
