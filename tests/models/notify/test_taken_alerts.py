"""Who takes care of an alert: one person at a time, recorded, and on the list for as long as it is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.alerts import end_alerts, raise_alert
from models.notify.taken_alerts import give_back_alert, open_alerts, take_alert
from models.tables import Alert, AuditEntry
from models.transactions.read_write import read, write
from models.values.refused import Refused


def raised(engine: Engine, subject: str, hours_ago: float = 0) -> int:
    def work(session: Session) -> None:
        at = database_now(session) - timedelta(hours=hours_ago)
        raise_alert(session, "phone_unfit", subject, "hot", "cool it", at)

    write(engine, work)
    return read(engine, lambda session: session.scalars(select(Alert.id).where(Alert.subject == subject)).one())


def listed(engine: Engine) -> list[tuple[str, str | None]]:
    found = read(engine, lambda session: open_alerts(session, database_now(session), 10))
    return [(one.subject, one.taken_by) for one in found]


def test_one_person_takes_an_alert_and_anybody_gives_it_back(ledger: Engine) -> None:
    number = raised(ledger, "phone:a")
    take_alert(ledger, number, who="小王")
    take_alert(ledger, number, who="小王")
    assert listed(ledger) == [("phone:a", "小王")]
    with pytest.raises(Refused, match="小王 takes care of it"):
        take_alert(ledger, number, who="李娜")
    give_back_alert(ledger, number, who="李娜")
    give_back_alert(ledger, number, who="李娜")
    assert listed(ledger) == [("phone:a", None)]
    changes = read(ledger, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    assert [(one.who, one.subject, one.before, one.after) for one in changes] == [
        ("小王", f"alert:{number}", None, {"taken by": "小王"}),
        ("李娜", f"alert:{number}", {"taken by": "小王"}, None),
    ]


def test_an_old_alert_stays_on_the_list_only_while_somebody_has_it(ledger: Engine) -> None:
    old, _ = raised(ledger, "phone:old", hours_ago=30), raised(ledger, "phone:new", hours_ago=1)
    assert listed(ledger) == [("phone:new", None)]
    take_alert(ledger, old, who="小王")
    assert listed(ledger) == [("phone:new", None), ("phone:old", "小王")]
    write(ledger, lambda session: end_alerts(session, "phone_unfit", "phone:old", database_now(session)))
    assert listed(ledger) == [("phone:new", None)]


@pytest.mark.parametrize("act", [take_alert, give_back_alert])
def test_an_unknown_alert_is_refused(ledger: Engine, act: Callable[..., None]) -> None:
    with pytest.raises(Refused, match="unknown"):
        act(ledger, 10**9, who="x")
