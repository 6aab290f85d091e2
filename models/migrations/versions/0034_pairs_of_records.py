"""How many records of a month have two values: exact totals of two filters. `phonefleet migrate` fills it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_pairs",
        sa.Column("month", UtcTime(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("pair", sa.String(32), nullable=False),
        sa.Column("one", sa.String(191), nullable=False),
        sa.Column("other", sa.String(191), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "sandbox", "pair", "one", "other"),
        **MYSQL_BINARY_TEXT,
    )
