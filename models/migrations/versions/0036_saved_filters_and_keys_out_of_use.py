"""People keep filters by name; a key is out of use until somebody takes it into use again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0036"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("disabled_at", UtcTime(), nullable=True))
    op.add_column("api_keys", sa.Column("disabled_by", sa.String(191), nullable=True))
    op.create_table(
        "saved_filters",
        sa.Column("user", sa.String(191), sa.ForeignKey("users.name"), nullable=False),
        sa.Column("name", sa.String(191), nullable=False),
        sa.Column("filter", JsonText(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("user", "name"),
        **MYSQL_BINARY_TEXT,
    )


def downgrade() -> None:
    op.drop_table("saved_filters")
    with op.batch_alter_table("api_keys") as keys:
        keys.drop_column("disabled_by")
        keys.drop_column("disabled_at")
