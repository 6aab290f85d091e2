"""Patches of app profiles: proposed after an app update, accepted by a person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, JsonText, UtcTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    long_text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    op.create_table(
        "profile_patches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("package", sa.String(191), nullable=False),
        sa.Column("app_version", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("patch", JsonText(), nullable=False),
        sa.Column("model", sa.String(191), nullable=True),
        sa.Column("proposed_by", sa.String(191), nullable=False),
        sa.Column("proposed_at", UtcTime(), nullable=False),
        sa.Column("accepted_by", sa.String(191), nullable=True),
        sa.Column("accepted_at", UtcTime(), nullable=True),
        sa.Column("accepted_why", long_text, nullable=True),
        sa.Column("withdrawn_by", sa.String(191), nullable=True),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.Column("withdrawn_why", long_text, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_profile_patches_app", "profile_patches", ["package", "app_version", "id"])
    op.create_index("uq_profile_patches_digest", "profile_patches", ["digest"], unique=True)


def downgrade() -> None:
    op.drop_table("profile_patches")
