"""Versions of flow packages side by side: where each stands, and the runs of those on trial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    long_text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    op.create_table(
        "flow_versions",
        sa.Column("flow", sa.String(191), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("why", long_text, nullable=True),
        sa.Column("phones", JsonText(), nullable=True),
        sa.Column("tried_at", UtcTime(), nullable=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("flow", "version"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "flow_trial_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("flow", sa.String(191), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phone_serial", sa.String(191), nullable=True),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("failure_code", sa.String(64), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_flow_trial_runs_version", "flow_trial_runs", ["flow", "version", "id"])


def downgrade() -> None:
    op.drop_table("flow_trial_runs")
    op.drop_table("flow_versions")
