"""The bytes of parameters and results that a campaign, and a key on one day, may keep"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("stored_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("api_keys", sa.Column("stored_day", sa.String(64), nullable=True))
    op.add_column("api_keys", sa.Column("stored_bytes", sa.BigInteger(), nullable=False, server_default="0"))
