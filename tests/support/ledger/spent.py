"""Actions that an account did today, as the ledger keeps them."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.content_key import content_key
from models.responsible_use.caps import operator_day
from models.tables import ActionRow
from models.transactions.read_write import write
from models.values.enums import ActionOutcome
from tests.support.ledger.drive import plant, ready
from tests.support.ledger.drive import work as desk_work
from workers.settings import settings


def spend(engine: Engine, account_id: str, count: int) -> None:
    """The account did so many actions today, on a video that nothing else is about."""
    (task_id,) = ready(engine, plant(engine, desk_work(1)))

    def work(session: Session) -> None:
        now = database_now(session)
        session.add_all(
            ActionRow(
                task_id=task_id, attempt=1, incarnation="w", phone_serial="p", account_id=account_id, kind="reply",
                author_id="elsewhere", title="t", target_commenter="c", target_comment=str(number), text="",
                video_key=content_key("elsewhere", "t"), comment_key=content_key("elsewhere", str(number)),
                basis="owned", asked_by="test", day=operator_day(now, settings().timezone.key), declared_at=now,
                outcome=ActionOutcome.DONE, verified=False,
            )
            for number in range(count)
        )  # fmt: skip

    write(engine, work)
