"""Retention: actions outlive their tasks, and old comments are found by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_NAMES = {"fk": "fk_%(table_name)s_%(column_0_name)s"}  # SQLite's foreign keys have no names


def upgrade() -> None:
    op.create_index("ix_comments_last_seen", "comments", ["last_seen_at"])
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("actions", naming_convention=_NAMES) as actions:
            actions.drop_constraint("fk_actions_task_id", type_="foreignkey")
        return
    for key in sa.inspect(op.get_bind()).get_foreign_keys("actions"):
        if key["referred_table"] == "tasks" and key["name"]:
            op.drop_constraint(key["name"], "actions", type_="foreignkey")
