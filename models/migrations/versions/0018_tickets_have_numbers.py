"""Tickets have numbers: a message of a ticket that was taken back runs nothing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("ticket", sa.Integer(), nullable=False, server_default="0"))
