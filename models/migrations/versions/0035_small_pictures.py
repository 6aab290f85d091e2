"""Small pictures of the phones' screens, and until when somebody watches the shelf"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0035"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone_pictures",
        sa.Column("serial", sa.String(191), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "shelf_watch",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )


def downgrade() -> None:
    op.drop_table("shelf_watch")
    op.drop_table("phone_pictures")
