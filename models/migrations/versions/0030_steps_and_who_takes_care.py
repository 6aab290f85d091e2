"""Attempts keep the times of their steps; a person takes care of an alert"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import JsonText, UtcTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("steps", JsonText(), nullable=True))
    op.add_column("alerts", sa.Column("taken_by", sa.String(191), nullable=True))
    op.add_column("alerts", sa.Column("taken_at", UtcTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("alerts") as alerts:
        alerts.drop_column("taken_at")
        alerts.drop_column("taken_by")
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_column("steps")
