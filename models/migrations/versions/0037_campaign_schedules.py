"""Scheduled campaigns: a campaign file with its times, and each due time that came"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0037"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign_schedules",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(191), nullable=False),
        sa.Column("file", JsonText(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=True),
        sa.Column("cron", sa.String(191), nullable=True),
        sa.Column("last_due", UtcTime(), nullable=False),
        sa.Column("next_due", UtcTime(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(191), nullable=False),
        sa.Column("removed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_campaign_schedules_next_due", "campaign_schedules", ["removed_at", "next_due"])
    op.create_table(
        "scheduled_campaigns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("schedule_id", sa.String(36), nullable=False),
        sa.Column("due", UtcTime(), nullable=False),
        sa.Column("planted_at", UtcTime(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.String(36), nullable=True),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("uq_scheduled_campaigns_due", "scheduled_campaigns", ["schedule_id", "due"], unique=True)
    op.create_index("ix_scheduled_campaigns_campaign", "scheduled_campaigns", ["campaign_id"])
    op.create_index("ix_scheduled_campaigns_due", "scheduled_campaigns", ["due"])


def downgrade() -> None:
    op.drop_table("scheduled_campaigns")
    op.drop_table("campaign_schedules")
