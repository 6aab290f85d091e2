"""The demo's report: its numbers from the ledger, and the judge's result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import ActionRow, CollectedComment, CollectedTitle, Phone, Task
from models.tasks.states import ENDED, State


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of one run. `tasks` by state, `actions` by kind; `truth_mismatches` must be 0."""

    phones: int
    tasks: dict[str, int]
    accounts_nurtured: int
    titles: int
    comments: int
    actions: dict[str, int]
    truth_mismatches: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Returns the report as JSON values, for report.json."""
        return asdict(self)

    def problems(self, accounts: int, unnurtured: Sequence[str]) -> list[str]:
        """Returns every deviation from the expected result; empty when the demo succeeded."""
        found = []
        still_open = {state: count for state, count in self.tasks.items() if State(state) not in ENDED}
        if still_open:
            found.append(f"tasks that have not ended: {still_open}")
        if self.accounts_nurtured != accounts:
            found.append(f"nurtured {self.accounts_nurtured} of {accounts} accounts; missing: {', '.join(unnurtured)}")
        if self.truth_mismatches:
            found.append(f"{self.truth_mismatches} differences between the ledger and what really happened")
        return found


def read_report(session: Session, seconds: float, truth_mismatches: int) -> Report:
    """Counts the numbers of a run in the ledger."""
    states = session.execute(select(Task.state, func.count()).group_by(Task.state))
    kinds = session.execute(
        select(ActionRow.kind, func.count()).where(ActionRow.outcome == "done").group_by(ActionRow.kind)
    )
    nurtured = session.scalar(
        select(func.count(Task.account_id.distinct())).where(Task.flow == "nurture", Task.state == State.SUCCEEDED)
    )
    return Report(
        phones=session.scalar(select(func.count()).select_from(Phone)) or 0,
        tasks=dict(states.all()),
        accounts_nurtured=nurtured or 0,
        titles=session.scalar(select(func.count()).select_from(CollectedTitle)) or 0,
        comments=session.scalar(select(func.count()).select_from(CollectedComment)) or 0,
        actions=dict(kinds.all()),
        truth_mismatches=truth_mismatches,
        seconds=round(seconds, 1),
    )


def per_account(session: Session) -> list[tuple[str, str, dict[str, int], int]]:
    """Returns for each phone's account: account, phone, actions done by kind, directed tasks done."""
    logins = session.execute(
        select(Phone.account_id, Phone.serial).where(Phone.account_id.is_not(None)).order_by(Phone.serial)
    )
    rows: list[tuple[str, str, dict[str, int], int]] = []
    for account, serial in logins:
        done = session.execute(
            select(ActionRow.kind, func.count())
            .where(ActionRow.account_id == account, ActionRow.outcome == "done")
            .group_by(ActionRow.kind)
        )
        directed = session.scalar(
            select(func.count()).where(
                Task.account_id == account, Task.flow == "directed", Task.state == State.SUCCEEDED
            )
        )
        rows.append((account or "", serial, dict(done.all()), directed or 0))
    return rows


def accounts_table(rows: Sequence[tuple[str, str, dict[str, int], int]]) -> Table:
    """Returns the table of actions by account."""
    table = Table(title="账号 accounts", title_justify="left")
    for heading in (
        "account",
        "phone",
        "likes 点赞",
        "comments 评论",
        "replies 盖楼",
        "comment likes",
        "directed 定向",
    ):
        table.add_column(heading, justify="left" if heading in ("account", "phone") else "right")
    for account, serial, done, directed in rows:
        counts = [str(done.get(kind, 0)) for kind in ("like_video", "comment", "reply", "like_comment")]
        table.add_row(account, serial, *counts, str(directed))
    return table


def report_table(report: Report) -> Table:
    """Returns the table of totals."""
    table = Table(title="standard day 标准日", title_justify="left", show_header=False)
    table.add_row("phones 手机", str(report.phones))
    table.add_row("tasks 任务", ", ".join(f"{count} {state}" for state, count in sorted(report.tasks.items())))
    table.add_row("accounts nurtured 养号", str(report.accounts_nurtured))
    table.add_row("titles 标题", str(report.titles))
    table.add_row("comments collected 采集评论", str(report.comments))
    table.add_row("actions 操作", ", ".join(f"{count} {kind}" for kind, count in sorted(report.actions.items())))
    table.add_row(
        "ledger against truth 核对", "equal" if not report.truth_mismatches else f"{report.truth_mismatches} differ"
    )
    table.add_row("seconds 用时", f"{report.seconds:.1f}")
    return table
