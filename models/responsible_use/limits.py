"""Reads what limits an action with one statement: the caps, the actions done so far, the fleet's zone and accounts.

Each trip to the database is one more while the author's and the account's rows are locked. An action in doubt counts as
done; actions of sandbox tasks and real ones are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, bindparam, func, literal_column, null, select, union_all
from sqlalchemy.orm import Session

from models.responsible_use.act import Act
from models.responsible_use.caps import COMMENTS, DISLIKE, LIKES, REPORT, WORDS, Caps, Use
from models.responsible_use.operator_zone import ZONE
from models.responsible_use.own_accounts import of_sort
from models.responsible_use.usage import HAPPENED
from models.tables import Account, ActionRow, CapValue, FleetValue

_COUNT = func.count()
_HERE = (ActionRow.sandbox == bindparam("sandbox"), HAPPENED)
_ON_VIDEO = (ActionRow.author_id == bindparam("author"), ActionRow.video_key == bindparam("video"), *_HERE)
_TODAY = (ActionRow.day == bindparam("today"), *_HERE)
_MINE = ActionRow.account_id == bindparam("account")


def _part(what: str, name: Any, kind: Any, number: Any, *where: ColumnElement[bool]) -> Select[Any]:
    columns: tuple[Any, ...] = (literal_column(f"'{what}'").label("what"), name.label("name"), kind.label("kind"))
    return select(*columns, number.label("number")).where(*where)


_CAPS = _part("cap", CapValue.name, null(), CapValue.value)
_ZONE = _part("zone", FleetValue.value, null(), literal_column("0"), FleetValue.name == ZONE)
_ALL_TODAY = _part("today", ActionRow.account_id, null(), _COUNT, *_TODAY).group_by(ActionRow.account_id)
_MINE_TODAY = _part("today", ActionRow.account_id, null(), _COUNT, _MINE, *_TODAY).group_by(ActionRow.account_id)
_VIDEO = _part("video", ActionRow.account_id, ActionRow.kind, _COUNT, *_ON_VIDEO).group_by(
    ActionRow.account_id, ActionRow.kind
)
_COMMENT = _part(
    "comment", null(), ActionRow.kind, _COUNT, ActionRow.comment_key == bindparam("comment"), *_HERE
).group_by(ActionRow.kind)
# the text of a report is its reason
_TEXT = _part(
    "text", null(), null(), _COUNT, *_ON_VIDEO, _MINE, ActionRow.text == bindparam("text"), ActionRow.kind.in_(WORDS)
)
_AUTHOR_TODAY = _part(
    "author", null(), null(), _COUNT,
    ActionRow.author_id == bindparam("author"), ActionRow.kind == bindparam("kind"), *_TODAY,
)  # fmt: skip
_OWN = {
    sandbox: _part(
        "own", func.min(Account.id), null(), literal_column("0"),
        Account.name.in_((bindparam("commenter"), bindparam("stripped"))), of_sort(sandbox=sandbox),
    )
    for sandbox in (False, True)
}  # fmt: skip
_ROOM = union_all(_CAPS, _ALL_TODAY, _VIDEO)


@dataclass(frozen=True, slots=True)
class Limits:
    """What limits an action: the caps, what was done, and the fleet's account that wrote the comment, if one did."""

    caps: Caps
    use: Use
    zone: str | None
    own_account: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """What limits the accounts that may act on a video.

    `today`: each account's number of actions on that day; no entry for 0. `accounts`: those that acted on the video,
    and `comments`: each one's number of comments there; replies are none.
    """

    caps: Caps
    today: Mapping[str, int]
    accounts: frozenset[str]
    comments: Mapping[str, int]


def read_limits(session: Session, act: Act, today: date) -> Limits:
    """Reads what limits this action on the operator's day `today`."""
    values = {
        "today": today, "sandbox": act.sandbox, "account": act.account_id, "author": act.author_id,
        "video": act.video_key, "comment": act.comment_key, "text": act.text, "kind": act.kind,
        "commenter": act.target_commenter, "stripped": act.target_commenter.strip(),
    }  # fmt: skip
    says, turns_away = bool(act.text) and act.kind in WORDS, act.kind in (DISLIKE, REPORT)
    statement = _limits(act.comment_key is not None, says, turns_away, bool(act.target_commenter), act.sandbox)
    rows = _Rows(session.execute(statement, values))
    on_comment = {kind: number for _, kind, number in rows.of("comment")}
    room = _room(rows)
    return Limits(
        caps=room.caps,
        use=Use(
            account_actions_today=room.today.get(act.account_id, 0),
            accounts_on_video=room.accounts,
            comments_on_video=room.comments,
            replies_on_comment=sum(on_comment.get(kind, 0) for kind in WORDS),
            likes_on_comment=sum(on_comment.get(kind, 0) for kind in LIKES),
            same_on_comment=on_comment.get(act.kind, 0),
            same_of_author_today=sum(number for *_, number in rows.of("author")),
            text_on_video=any(number for *_, number in rows.of("text")),
        ),
        zone=next((zone for zone, *_ in rows.of("zone")), None),
        own_account=next((account for account, *_ in rows.of("own")), None),
    )


def read_room(session: Session, author_id: str, video_key: str, today: date, *, sandbox: bool) -> Room:
    """Reads what limits every account that may act on a video on the operator's day `today`."""
    values = {"today": today, "sandbox": sandbox, "author": author_id, "video": video_key}
    return _room(_Rows(session.execute(_ROOM, values)))


@lru_cache
def _limits(comment: bool, says: bool, turns_away: bool, commenter: bool, sandbox: bool) -> CompoundSelect[Any]:
    """Returns the statement with the parts that an action needs; made once, because making costs what sending does."""
    parts = [_CAPS, _ZONE, _MINE_TODAY, _VIDEO]
    parts += [_COMMENT] if comment else []
    parts += [_TEXT] if says else []
    parts += [_AUTHOR_TODAY] if turns_away else []
    parts += [_OWN[sandbox]] if commenter else []
    return union_all(*parts)


class _Rows:
    """The rows of a statement by their part: (name, kind, number) of each."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._by_part: dict[str, list[tuple[Any, Any, int]]] = {}
        for what, name, kind, number in rows:
            self._by_part.setdefault(what, []).append((name, kind, number))

    def of(self, what: str) -> list[tuple[Any, Any, int]]:
        return self._by_part.get(what, [])


def _room(rows: _Rows) -> Room:
    comments: dict[str, int] = {}
    for account, kind, number in rows.of("video"):
        if kind in COMMENTS:
            comments[account] = comments.get(account, 0) + number
    return Room(
        caps=Caps().with_values({name: value for name, _, value in rows.of("cap")}),
        today={account: number for account, _, number in rows.of("today")},
        accounts=frozenset(account for account, *_ in rows.of("video")),
        comments=comments,
    )
