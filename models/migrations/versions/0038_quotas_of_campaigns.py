"""Campaigns have quotas of their own: the most actions that their file allows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import JsonText

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("quotas", JsonText(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("campaigns") as campaigns:
        campaigns.drop_column("quotas")
