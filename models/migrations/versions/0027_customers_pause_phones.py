"""Customers pause phones for their own tasks: those that paused each phone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import JsonText

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("phones") as phones:
        phones.add_column(sa.Column("paused_for", JsonText(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("phones") as phones:
        phones.drop_column("paused_for")
