"""Fewer indexes of tasks: what four of them found, others find, and each was written with every task"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

AWAY = {
    "ix_tasks_state_due": ("state", "not_before"),
    "ix_tasks_campaign_state": ("campaign_id", "state"),
    "ix_tasks_hold": ("hold_id",),
    "ix_tasks_awaits_approval": ("awaits_approval", "created_at"),
}
BEFORE = {"ix_tasks_campaign": ("campaign_id", "flow", "state")}
AFTER = {"ix_tasks_campaign": ("campaign_id", "state", "flow")}  # it finds what `ix_tasks_campaign_state` found
Indexes = Mapping[str, Sequence[str]]


def upgrade() -> None:
    _change({**AWAY, **BEFORE}, AFTER)
    op.create_index("ix_phones_account", "phones", ["account_id"])


def downgrade() -> None:
    op.drop_index("ix_phones_account", table_name="phones")
    _change(AFTER, {**AWAY, **BEFORE})


def _change(before: Indexes, after: Indexes) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in before:
            op.drop_index(name, table_name="tasks")
        for name, columns in after.items():
            op.create_index(name, "tasks", list(columns))
        return
    # in one statement: it reads the tasks once, others write meanwhile, and a campaign's tasks have an index throughout
    changes = [f"DROP INDEX {name}" for name in before]
    changes += [f"ADD INDEX {name} ({', '.join(columns)})" for name, columns in after.items()]
    op.execute(sa.text(f"ALTER TABLE tasks {', '.join(changes)}, ALGORITHM = INPLACE, LOCK = NONE"))
