"""Count the tickets that raise before their task is claimed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("tickets_failed", sa.Integer(), nullable=False, server_default="0"))
