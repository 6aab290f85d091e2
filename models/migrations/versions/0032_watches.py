"""Watches: what is looked at and when, each look, the items seen, and the numbers of each hour"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0032"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    long_text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    op.create_table(
        "watches",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(191), nullable=False),
        sa.Column("flow", sa.String(191), nullable=False),
        sa.Column("params", JsonText(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=True),
        sa.Column("cron", sa.String(191), nullable=True),
        sa.Column("words", JsonText(), nullable=False),
        sa.Column("mood", sa.String(64), nullable=True),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("deviation", sa.Double(), nullable=True),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("min_interval", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.String(64), nullable=True),
        sa.Column("quiet_to", sa.String(64), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=True),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("last_due", UtcTime(), nullable=True),
        sa.Column("next_due", UtcTime(), nullable=False),
        sa.Column("looked_at", UtcTime(), nullable=True),
        sa.Column("held_why", long_text, nullable=True),
        sa.Column("judge_at", UtcTime(), nullable=True),
        sa.Column("alerted_at", UtcTime(), nullable=True),
        sa.Column("failed_looks", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(191), nullable=False),
        sa.Column("removed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_watches_next_due", "watches", ["removed_at", "paused", "next_due"])
    op.create_index("ix_watches_judge_at", "watches", ["judge_at"])
    op.create_index("ix_watches_key", "watches", ["key_id", "created_at", "id"])
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "watch_looks",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("watch_id", sa.String(36), nullable=False),
        sa.Column("due", UtcTime(), nullable=False),
        sa.Column("planted_at", UtcTime(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(36), nullable=True),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("looked_at", UtcTime(), nullable=True),
        sa.Column("reason", long_text, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("uq_watch_looks_due", "watch_looks", ["watch_id", "due"], unique=True)
    op.create_index("uq_watch_looks_task", "watch_looks", ["task_id"], unique=True)
    op.create_index("ix_watch_looks_outcome", "watch_looks", ["outcome", "id"])
    op.create_index("ix_watch_looks_due", "watch_looks", ["due"])
    op.create_table(
        "watch_items",
        sa.Column("watch_id", sa.String(36), nullable=False),
        sa.Column("item_key", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("words", JsonText(), nullable=True),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("alerted_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("watch_id", "item_key"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_watch_items_pending", "watch_items", ["watch_id", "matched", "alerted_at", "first_seen_at"])
    op.create_index("ix_watch_items_told", "watch_items", ["item_key", "owner", "alerted_at"])
    op.create_index("ix_watch_items_last_seen", "watch_items", ["last_seen_at"])
    op.create_index("ix_watch_items_task", "watch_items", ["task_id"])
    op.create_table(
        "watch_hours",
        sa.Column("watch_id", sa.String(36), nullable=False),
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("watch_id", "hour"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_watch_hours_hour", "watch_hours", ["hour"])


def downgrade() -> None:
    for table in ("watch_hours", "watch_items", "watch_looks", "watches"):
        op.drop_table(table)
