"""Alerts that end by themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("over_at", UtcTime(), nullable=True))
