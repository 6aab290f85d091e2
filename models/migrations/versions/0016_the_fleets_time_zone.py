"""Values that all processes of the fleet share: its time zone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import MYSQL_BINARY_TEXT

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fleet_values",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.String(191), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        **MYSQL_BINARY_TEXT,
    )
