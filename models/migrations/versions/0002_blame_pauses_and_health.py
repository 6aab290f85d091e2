"""Blame, pauses, health"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _long_text() -> sa.Text:
    return sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("flow", sa.String(length=191), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=191), nullable=False),
        sa.Column("what", _long_text(), nullable=False),
        sa.Column("failure_code", sa.String(length=64), nullable=False),
        sa.Column("reason", _long_text(), nullable=False),
        sa.Column("remedy", _long_text(), nullable=False),
        sa.Column("phones", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("released_at", UtcTime(), nullable=True),
        sa.Column("released_by", sa.String(length=191), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_holds_flow", "holds", ["flow", "released_at"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=191), nullable=False),
        sa.Column("text", _long_text(), nullable=False),
        sa.Column("remedy", _long_text(), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_alerts_at", "alerts", ["at"])
    op.create_index("ix_alerts_subject", "alerts", ["subject", "at"])

    op.add_column("tasks", _flag("paused"))
    op.add_column("tasks", sa.Column("hold_id", sa.Integer(), nullable=True))
    op.add_column("tasks", sa.Column("author_id", sa.String(length=191), nullable=True))
    op.add_column("tasks", sa.Column("comment_key", sa.String(length=32), nullable=True))
    op.add_column("tasks", _count("passed_on"))
    op.create_index("ix_tasks_flow_video", "tasks", ["flow", "video_key", "state"])
    op.create_index("ix_tasks_author", "tasks", ["author_id", "created_at"])
    op.create_index("ix_tasks_hold", "tasks", ["hold_id"])
    op.create_index("ix_tasks_pinned_account", "tasks", ["pinned_account", "state"])
    op.create_index("ix_tasks_pinned_phone", "tasks", ["pinned_phone", "state"])

    op.add_column("campaigns", _flag("paused"))
    op.create_index("ix_attempts_failure", "attempts", ["failure_code", "ended_at"])

    op.add_column("phones", sa.Column("account_read_at", UtcTime(), nullable=True))
    op.add_column("phones", sa.Column("twice_since", UtcTime(), nullable=True))
    op.add_column("phones", _flag("paused"))
    op.add_column("phones", sa.Column("paused_why", _long_text(), nullable=True))
    op.add_column("phones", sa.Column("quarantined_until", UtcTime(), nullable=True))
    op.add_column("phones", sa.Column("quarantine_why", _long_text(), nullable=True))
    op.add_column("phones", _count("quarantines"))
    op.add_column("phones", sa.Column("unfit_why", _long_text(), nullable=True))
    op.add_column("phones", sa.Column("health", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("phones", sa.Column("health_at", UtcTime(), nullable=True))
    op.add_column("phones", sa.Column("state_since", UtcTime(), nullable=True))
