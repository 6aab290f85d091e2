"""Patches of app profiles keep both trees of each page that they change, for the person who accepts them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import JsonText

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("profile_patches", sa.Column("trees", JsonText(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("profile_patches") as patches:
        patches.drop_column("trees")
