"""The console: its users, their sessions, and the reason of each change"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _long_text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=191), primary_key=True),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("password_hash", _long_text(), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(length=191), nullable=False),
        sa.Column("disabled_at", UtcTime(), nullable=True),
        sa.Column("disabled_by", sa.String(length=191), nullable=True),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "user_sessions",
        sa.Column("token_hash", sa.String(length=64), primary_key=True),
        sa.Column("user", sa.String(length=191), sa.ForeignKey("users.name"), nullable=False),
        sa.Column("address", sa.String(length=191), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_user_sessions_user", "user_sessions", ["user"])
    op.create_index("ix_user_sessions_ends", "user_sessions", ["ends_at"])
    op.add_column("changes", sa.Column("reason", _long_text(), nullable=True))
