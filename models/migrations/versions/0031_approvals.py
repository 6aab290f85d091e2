"""Acts that a named person approves first: the approvals, and which tasks wait for one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    long_text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("tasks", sa.Column("awaits_approval", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_tasks_awaits_approval", "tasks", ["awaits_approval", "created_at"])
    op.create_table(
        "approvals",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("comment_key", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(191), nullable=False),
        sa.Column("text", long_text, nullable=False),
        sa.Column("approved_by", sa.String(191), nullable=False),
        sa.Column("why", long_text, nullable=False),
        sa.Column("approved_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("used_by", number, nullable=True),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(191), nullable=True),
        sa.Column("withdrawn_why", long_text, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_approvals_task", "approvals", ["task_id", "id"])


def downgrade() -> None:
    op.drop_table("approvals")
    op.drop_index("ix_tasks_awaits_approval", table_name="tasks")
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_column("awaits_approval")
