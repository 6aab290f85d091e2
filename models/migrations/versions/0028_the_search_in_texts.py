"""The search in collected titles and comments: their bigrams, in a table beside them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.database.base import MYSQL_BINARY_TEXT

revision = "0028"
down_revision = "0031"
branch_labels = None
depends_on = None

INDEXES = {
    "kind": ("sandbox", "kind", "id"),
    "author": ("sandbox", "kind", "author_id", "id"),
    "title": ("kind", "title_id", "id"),
}


def upgrade() -> None:
    for table in ("titles", "comments"):  # those collected before become searchable as well, batch by batch
        op.add_column(table, sa.Column("searchable", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.create_index(f"ix_{table}_searchable", table, ["searchable", "id"])
    op.create_table(
        "texts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.String(191), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    for name, columns in INDEXES.items():
        op.create_index(f"ix_texts_{name}", "texts", list(columns))
    op.create_table(
        "text_grams",
        sa.Column("gram", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("gram", "text_id"),
        sqlite_with_rowid=False,
        **MYSQL_BINARY_TEXT,
    )
