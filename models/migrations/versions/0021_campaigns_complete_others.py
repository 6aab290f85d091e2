"""Campaigns complete others: which one, and until when the coordinator plants what is missing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import UtcTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("campaigns") as campaigns:
        campaigns.add_column(sa.Column("completes", sa.String(36), nullable=True))
        campaigns.add_column(sa.Column("complete_until", UtcTime(), nullable=True))
        campaigns.create_index("ix_campaigns_completes", ["completes"])
        campaigns.create_index("ix_campaigns_complete_until", ["complete_until"])


def downgrade() -> None:
    with op.batch_alter_table("campaigns") as campaigns:
        campaigns.drop_index("ix_campaigns_complete_until")
        campaigns.drop_index("ix_campaigns_completes")
        campaigns.drop_column("complete_until")
        campaigns.drop_column("completes")
