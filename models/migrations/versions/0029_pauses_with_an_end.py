"""Pauses that end by themselves, phones that finish their task or show their number, and acts on many"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None

LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    op.add_column("phones", sa.Column("draining", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "pause_ends",
        sa.Column("subject", sa.String(191), primary_key=True),
        sa.Column("ends_at", UtcTime(), nullable=False),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_pause_ends_until", "pause_ends", ["ends_at"])
    op.create_table(
        "phone_shows",
        sa.Column("serial", sa.String(191), primary_key=True),
        sa.Column("asked_until", UtcTime(), nullable=True),
        sa.Column("shown_at", UtcTime(), nullable=True),
        sa.Column("why_not", LONG_TEXT, nullable=True),
        **MYSQL_BINARY_TEXT,
    )
    _acts_on_many()


def _acts_on_many() -> None:
    op.create_table(
        "bulk_acts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("filter", JsonText(), nullable=False),
        sa.Column("asked_by", sa.String(191), nullable=False),
        sa.Column("act", sa.String(64), nullable=True),
        sa.Column("given", JsonText(), nullable=True),
        sa.Column("reason", LONG_TEXT, nullable=True),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("begun_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_bulk_acts_state", "bulk_acts", ["state", "created_at"])
    op.create_table(
        "bulk_rows",
        sa.Column("bulk_id", sa.String(36), sa.ForeignKey("bulk_acts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("subject", sa.String(191), nullable=False),
        sa.Column("told", LONG_TEXT, nullable=False),
        sa.Column("given", JsonText(), nullable=True),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("result", LONG_TEXT, nullable=True),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("bulk_id", "position"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_bulk_rows_state", "bulk_rows", ["bulk_id", "state", "position"])
