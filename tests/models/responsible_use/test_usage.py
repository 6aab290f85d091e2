"""What the caps count by: an action in doubt counts as done, one that did not happen does not count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from models.database.content_key import content_key
from models.responsible_use.limits import read_room
from models.responsible_use.usage import accounts_on_videos, actions_by_account, comments_on_videos
from models.tables import ActionRow
from models.transactions.read_write import read, write
from models.values.enums import ActionOutcome
from tests.support.ledger.drive import plant, ready
from tests.support.ledger.drive import work as task

TODAY, BEFORE = date(2026, 3, 2), date(2026, 3, 1)
AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
ONE, TWO = content_key("xp", "one"), content_key("xp", "two")


@pytest.fixture
def acted(ledger: Engine) -> Engine:
    """Accounts a, b and c acted, on two days and on two videos of one title each."""
    (planted,) = ready(ledger, plant(ledger, task(1)))

    def row(
        account: str, outcome: ActionOutcome, day: date = TODAY, author: str = "xp", title: str = "one"
    ) -> ActionRow:
        return ActionRow(
            task_id=planted, attempt=1, incarnation="w", phone_serial="p", account_id=account, kind="comment",
            author_id=author, title=title, target_commenter="", target_comment="", text="hi",
            video_key=content_key(author, title), comment_key=None, basis="owned", asked_by="test", day=day,
            declared_at=AT, outcome=outcome, verified=False,
        )  # fmt: skip

    def work(session: Session) -> None:
        session.add_all(
            [
                row("a", ActionOutcome.DONE),
                row("a", ActionOutcome.DECLARED, title="two"),
                row("a", ActionOutcome.NOT_DONE),
                row("a", ActionOutcome.DONE, BEFORE),
                row("b", ActionOutcome.DECLARED),
                row("b", ActionOutcome.DONE, author="other"),
                row("c", ActionOutcome.NOT_DONE),
            ]
        )

    write(ledger, work)
    return ledger


def use_of_video(
    session: Session, author: str, video: str, *, sandbox: bool = False
) -> tuple[frozenset[str], Mapping[str, int]]:
    """The accounts that acted on a video, and their comments, as a claim reads them with the caps."""
    room = read_room(session, author, video, TODAY, sandbox=sandbox)
    return room.accounts, room.comments


def test_each_account_is_counted_by_the_operators_day(acted: Engine) -> None:
    assert read(acted, lambda session: actions_by_account(session, TODAY, sandbox=False)) == {"a": 2, "b": 2}
    assert read(acted, lambda session: actions_by_account(session, BEFORE, sandbox=False)) == {"a": 1}
    assert read(acted, lambda session: actions_by_account(session, date(2026, 1, 1), sandbox=False)) == {}


@pytest.mark.parametrize(("account", "counted"), [("a", {"a": 2}), ("c", {}), ("nobody", {})])
def test_one_account_can_be_counted_alone(acted: Engine, account: str, counted: dict[str, int]) -> None:
    assert read(acted, lambda session: actions_by_account(session, TODAY, account, sandbox=False)) == counted


def test_accounts_are_told_by_video_on_whatever_day(acted: Engine) -> None:
    found = read(acted, lambda session: accounts_on_videos(session, {"xp"}, {ONE, TWO}, sandbox=False))
    assert found == {ONE: {"a", "b"}, TWO: {"a"}}
    assert read(acted, lambda session: accounts_on_videos(session, ["xp"], [TWO], sandbox=False)) == {TWO: {"a"}}
    assert (
        read(acted, lambda session: accounts_on_videos(session, ["xp"], [content_key("xp", "three")], sandbox=False))
        == {}
    )
    assert read(acted, lambda session: accounts_on_videos(session, [], [], sandbox=False)) == {}


@pytest.mark.parametrize(
    ("author", "video"), [("xp", ONE), ("xp", TWO), ("other", content_key("other", "one")), ("x", "")]
)
def test_one_question_for_a_video_tells_what_those_for_several_tell(acted: Engine, author: str, video: str) -> None:
    def work(session: Session) -> None:
        of_one = {"account_id": "d", "kind": "like_comment", "outcome": ActionOutcome.DONE}
        session.execute(update(ActionRow).where(ActionRow.day == BEFORE).values(of_one))

    write(acted, work)

    def asked(session: Session) -> tuple[object, object]:
        accounts = accounts_on_videos(session, [author], [video], sandbox=False)
        comments = comments_on_videos(session, [author], [video], sandbox=False)
        return frozenset(accounts.get(video, ())), comments.get(video, {})

    assert read(acted, lambda session: use_of_video(session, author, video)) == read(acted, asked)
    assert read(acted, lambda session: use_of_video(session, author, video, sandbox=True)) == (frozenset(), {})


def test_who_only_liked_acted_on_a_video_and_commented_nothing(acted: Engine) -> None:
    liked = update(ActionRow).where(ActionRow.account_id == "b").values(kind="like_comment")
    write(acted, lambda session: session.execute(liked))
    found = read(acted, lambda session: use_of_video(session, "xp", ONE))
    assert found == (frozenset({"a", "b"}), {"a": 2})
