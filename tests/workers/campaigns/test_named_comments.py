"""Dislikes and reports in a campaign file: each names one comment and one account, and waits for its approval."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from models.responsible_use.authors import set_cap
from models.values.refused import Refused
from tests.support.ledger.drive import AUTHOR, known_account, owned_author, rows_in, tasks
from workers.campaigns.build import plant_day
from workers.campaigns.given_campaign import load_campaign
from workers.campaigns.missing import TaskRow, what_is_missing
from workers.control.approvals import awaiting

COMMENT = {"account": "a", "author_id": AUTHOR, "title": "标题", "target_commenter": "某人", "target_comment": "骗人"}
REPORT = COMMENT | {"reason": "虚假信息"}


def planted(engine: Engine, **parts: Any) -> str:
    """Plants a file with these parts, as written; its campaign."""
    owned_author(engine)
    known_account(engine, "a")
    written = yaml.safe_dump({"campaign": "评论", "accounts": ["a"], **parts}, allow_unicode=True, sort_keys=False)
    return plant_day(load_campaign(written, "day.yaml"), engine, asked_by="test").handle.id


def problems(engine: Engine, **parts: Any) -> dict[str, str]:
    """The fields of a refused file with the reasons; nothing of it is planted."""
    before = rows_in(engine)
    with pytest.raises(Refused) as refused:
        planted(engine, **parts)
    assert rows_in(engine) == before
    return {one.field: one.reason for one in refused.value.problems}


def test_each_named_comment_is_a_task_that_waits_for_its_approval(ledger: Engine) -> None:
    campaign = planted(ledger, dislikes=[COMMENT | {"target_comment": "别的"}], reports=[REPORT])
    found = tasks(ledger, campaign)
    assert [(one.flow, one.state, one.pinned_account) for one in found] == [
        ("dislike_comment", "held", "a"),
        ("report_comment", "held", "a"),
    ]
    assert [(one.comment, one.reason, one.asked_by) for one in awaiting(ledger)] == [
        ("别的", "", "test"),
        ("骗人", "虚假信息", "test"),
    ]


@pytest.mark.parametrize(
    ("parts", "field", "reason"),
    [
        ({"reports": [COMMENT]}, "reports.0.reason", "is missing"),
        ({"reports": [REPORT | {"reason": "不好看"}]}, "reports.0.reason", "不好看"),
        ({"dislikes": [REPORT]}, "dislikes.0.reason", "no such field"),
        ({"dislikes": [COMMENT | {"target_comment": " "}]}, "dislikes.0.target_comment", "is empty"),
        (
            {"dislikes": [COMMENT | {"account": "nobody"}]},
            "dislikes.account",
            "line 5, column 12: account 'nobody' is unknown",
        ),
        ({"dislikes": [COMMENT | {"author_id": "nobody"}]}, "dislikes.author_id", "is not registered"),
        ({"reports": [REPORT, REPORT | {"reason": "其他"}]}, "reports", "is named 2 times, and 1 of ours may do it"),
        ({"dislikes": [COMMENT, COMMENT]}, "dislikes", "is named 2 times"),
        ({"dislikes": [COMMENT | {"target_comment": f"第{n}条"} for n in range(101)]}, "dislikes", "may have 100"),
    ],
)
def test_a_mistake_is_named(ledger: Engine, parts: dict[str, Any], field: str, reason: str) -> None:
    found = problems(ledger, **parts)
    assert field in found, found
    assert reason in found[field]


@pytest.mark.parametrize(("part", "one"), [("dislikes", COMMENT), ("reports", REPORT)])
def test_a_file_that_cannot_keep_to_a_days_cap_is_refused_with_the_numbers(
    ledger: Engine, part: str, one: dict[str, str]
) -> None:
    set_cap(ledger, f"{part}_per_author_day", 2, who="admin")
    many = [one | {"target_comment": f"第{number}条"} for number in range(3)]
    assert problems(ledger, **{part: many})[f"caps.{part}_per_author_day"].startswith("3 are asked for on videos of")
    set_cap(ledger, "actions_per_account_day", 1, who="admin")
    told = problems(ledger, **{part: many[:2]})
    assert "2 on named comments" in told["caps.actions_per_account_day"]


def test_what_a_person_decided_against_is_not_missing() -> None:
    def row(code: str) -> TaskRow:
        return TaskRow(
            id=code,
            round=0,
            flow="report_comment",
            state="failed",
            code=code,
            params={name: value for name, value in REPORT.items() if name != "account"},
            takes_from=(),
            in_place_of=None,
            account="a",
            phone=None,
            priority=6,
            hard_limit=660,
        )

    assert what_is_missing([row("approval_refused")], {}).pieces == []
    (piece,) = what_is_missing([row("not_approved")], {}).pieces
    assert (piece.flow, piece.count) == ("report_comment", 1)
