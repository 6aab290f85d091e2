"""Alerts go out: channels, and the alerts of which each is told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    long_text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    op.create_table(
        "alert_channels",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(191), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("sealed", long_text, nullable=False),
        sa.Column("kinds", JsonText(), nullable=True),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.String(64), nullable=True),
        sa.Column("quiet_to", sa.String(64), nullable=True),
        sa.Column("not_before", UtcTime(), nullable=False),
        sa.Column("claimed_by", sa.String(36), nullable=True),
        sa.Column("claimed_until", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", long_text, nullable=True),
        sa.Column("last_told_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(191), nullable=False),
        sa.Column("removed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_alert_channels_due", "alert_channels", ["removed_at", "not_before"])
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "alert_notices",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("channel_id", sa.String(36), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("told_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("uq_alert_notices", "alert_notices", ["channel_id", "alert_id"], unique=True)
    op.create_index("ix_alert_notices_owed", "alert_notices", ["channel_id", "told_at", "id"])
    op.create_index("ix_alert_notices_at", "alert_notices", ["at"])
