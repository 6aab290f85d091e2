"""The highest priority that a key may ask for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("highest_priority", sa.Integer(), nullable=False, server_default="3"))
