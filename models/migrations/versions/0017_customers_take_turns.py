"""Customers take turns: the weight of a key, the step of a ticket, and an index of each customer's next tasks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OWED = (
    "state",
    "rung_at",
    "runs_on",
    "pinned_phone",
    "pinned_account",
    "sandbox",
    "key_id",
    "priority",
    "not_before",
    "position",
)


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("tasks", sa.Column("rung_step", sa.Integer(), nullable=True))
    op.create_index("ix_tasks_owed", "tasks", list(OWED))
    op.create_index("ix_tasks_begun", "tasks", ["state", "rung_at", "attempt"])
