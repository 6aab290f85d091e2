"""A breaker for each lane, beside those of its endpoints"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lanes", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("lanes", sa.Column("paused_until", UtcTime(), nullable=True))
