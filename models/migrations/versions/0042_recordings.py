"""Recordings of apps that people make in the console, with the screens that the phone gave"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    long_text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    op.create_table(
        "recordings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("phone_serial", sa.String(191), nullable=False),
        sa.Column("package", sa.String(191), nullable=False),
        sa.Column("heading", sa.String(191), nullable=False),
        sa.Column("flow", sa.Boolean(), nullable=False),
        sa.Column("who", sa.String(191), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("version", sa.String(64), nullable=True),
        sa.Column("lines", JsonText(), nullable=False),
        sa.Column("asked", JsonText(), nullable=True),
        sa.Column("asked_until", UtcTime(), nullable=True),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.Column("failed", long_text, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_recordings_asked_until", "recordings", ["asked_until"])
    op.create_table(
        "recorded_screens",
        sa.Column("recording_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dump", long_text, nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("recording_id", "number"),
        **MYSQL_BINARY_TEXT,
    )


def downgrade() -> None:
    op.drop_table("recorded_screens")
    op.drop_table("recordings")
