"""Holds that reach one customer's tasks alone, or the sandbox's"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("holds", sa.Column("sandbox", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("holds", sa.Column("own", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("holds", sa.Column("customer", sa.String(191), nullable=False, server_default=""))
    op.drop_index("uq_holds_in_force", table_name="holds")
    op.create_index(
        "uq_holds_in_force", "holds", ["flow", "scope", "key", "sandbox", "own", "customer", "in_force"], unique=True
    )
