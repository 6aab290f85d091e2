"""A ledger in which one person's data stands wherever the product writes such data."""

from __future__ import annotations

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from models.history.records.fill import fill_records
from models.tables import ActionRow, Alert, Approval, Delivery, Hold
from models.tasks.collected import note_result
from models.transactions.read_write import write
from tests.support.ledger import ended
from tests.support.ledger.ended import ENDED_AT, START


def everywhere(engine: Engine, name: str) -> None:
    """A ledger in which a person stands wherever the product writes such a name."""
    ended.add_campaign(engine, "c1", outcome="failed", ended_at=ENDED_AT, asked_for={"reply_to": [name, "小明"]})
    result = ended.comments("很好", "路过")
    result["comments"][0]["commenter"] = name
    target = {"target_commenter": name, "target_comment": "很好", "text": "谢谢"}
    tasks = [
        ended.task_row("t-comments", "c1", "collect_comments", ended.VIDEO, result=result),
        ended.task_row("t-failed", "c1", "directed", {**ended.VIDEO, **target},
                       **ended.failed("target_not_found", f"the comment of {name} is not there")),
    ]  # fmt: skip
    attempt = ended.attempt_row("t-failed", outcome="failed", failure_code="target_not_found",
                                reason=f"the comment of {name} is not there", details={"target": name})  # fmt: skip
    ended.add(engine, tasks, [attempt])

    def work(session: Session) -> None:
        note_result(session, "collect_comments", "t-comments", result, ENDED_AT, sandbox=False)
        session.execute(
            insert(ActionRow), [ended.action_row(1, "t-failed", target_commenter=name, target_comment="很好")]
        )
        payload = {"result": result, "params": target}
        session.execute(insert(Delivery), [ended.delivery_row(payload=payload)])
        hold = {
            "flow": "directed", "scope": "comment", "key": "k", "what": f"a comment of {name}", "failure_code": "f",
            "reason": f"{name} again", "remedy": "look", "phones": [], "since": START, "in_force": True,
        }  # fmt: skip
        session.execute(insert(Hold), [hold])
        alert = {"at": START, "kind": "hold", "subject": "hold:1", "text": f"held: {name}", "remedy": "look",
                 "details": {"who": name}}  # fmt: skip
        session.execute(insert(Alert), [alert])
        approval = {
            "task_id": "t-failed", "sandbox": False, "kind": "report_comment", "comment_key": "c", "account_id": "a",
            "text": "其他", "approved_by": "wang", "why": f"{name} insults people", "approved_at": START,
            "expires_at": ENDED_AT, "withdrawn_at": ENDED_AT, "withdrawn_by": "wang", "withdrawn_why": f"not {name}",
        }  # fmt: skip
        session.execute(insert(Approval), [approval])

    write(engine, work)
    fill_records(engine)
