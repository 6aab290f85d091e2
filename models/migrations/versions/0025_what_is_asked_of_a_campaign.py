"""A stop, pause or resume of a campaign is one row's change; the coordinator carries it out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("control", sa.String(64), nullable=True))
    op.add_column("campaigns", sa.Column("stop_reason", LONG_TEXT, nullable=True))
    op.create_index("ix_campaigns_control", "campaigns", ["control"])
