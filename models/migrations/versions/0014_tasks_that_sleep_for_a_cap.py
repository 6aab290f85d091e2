"""Tasks that sleep until a cap can have changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("capped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_tasks_capped", "tasks", ["capped", "state"])
