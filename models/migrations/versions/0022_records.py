"""Records: what ended, row by row and by the hour"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INDEXES = {
    "account": ("sandbox", "account_id"),
    "phone": ("sandbox", "phone_serial"),
    "author": ("sandbox", "author_id"),
    "campaign": ("campaign_id",),
    "key": ("key_id",),
    "flow": ("sandbox", "flow", "outcome"),
}


def upgrade() -> None:
    for table in ("attempts", "actions"):  # those that ended before are recorded as well, batch by batch
        op.add_column(table, sa.Column("recorded", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.create_index(f"ix_{table}_recorded", table, ["recorded", "id"])
    op.add_column("tasks", sa.Column("owes_record", sa.Boolean(), nullable=True))
    tasks = sa.table("tasks", sa.column("owes_record"), sa.column("attempt"), sa.column("ended_at"))
    unattempted = sa.and_(tasks.c.attempt == 0, tasks.c.ended_at.is_not(None))
    op.execute(sa.update(tasks).where(unattempted).values(owes_record=sa.true()))
    op.create_index("ix_tasks_owes_record", "tasks", ["owes_record", "id"])
    _records()
    _hours()


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("ended_at", UtcTime(), nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("flow", sa.String(191), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("code", sa.String(64), nullable=True),
        sa.Column("culprit", sa.String(64), nullable=True),
        sa.Column("step", sa.String(64), nullable=True),
        sa.Column("reason", sa.String(191), nullable=True),
        sa.Column("account_id", sa.String(191), nullable=True),
        sa.Column("phone_serial", sa.String(191), nullable=True),
        sa.Column("key_id", sa.String(64), nullable=True),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("campaign_id", sa.String(36), nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.String(191), nullable=True),
        sa.Column("title", sa.String(191), nullable=True),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.Column("got", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("evidence", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ended_at", "id"),
        **MYSQL_BINARY_TEXT,
    )
    for name, columns in INDEXES.items():
        op.create_index(f"ix_records_{name}", "records", [*columns, "ended_at", "id"])
    if op.get_bind().dialect.name != "sqlite":  # `phonefleet migrate` takes the months out of it
        months = "PARTITION BY RANGE COLUMNS (ended_at) (PARTITION later VALUES LESS THAN (MAXVALUE))"
        op.execute(sa.text(f"ALTER TABLE records {months}"))


def _hours() -> None:
    op.create_table(
        "record_hours",
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("dimension", sa.String(16), nullable=False),
        sa.Column("value", sa.String(191), nullable=False),
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("flow", sa.String(191), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("sandbox", "dimension", "value", "hour", "flow", "kind", "outcome"),
        **MYSQL_BINARY_TEXT,
    )
