"""JSON as text, and indexes for the lists of customers

MariaDB's JSON is text with a check that refuses what is nested deeper than 32 levels; MySQL's refuses 100 levels and
gives objects back in another order. Both become LONGTEXT. SQLite's columns hold text already.

Each list of a customer reads along an index that begins with its key and ends with the order of the list.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = {
    "tasks": {
        "ix_tasks_key": ["key_id", "created_at", "id"],
        "ix_tasks_key_state": ["key_id", "state", "created_at", "id"],
        "ix_tasks_key_flow": ["key_id", "flow", "created_at", "id"],
        "ix_tasks_key_author": ["key_id", "author_id", "created_at", "id"],
        "ix_tasks_key_account": ["key_id", "account_id", "created_at", "id"],
        "ix_tasks_key_phone": ["key_id", "phone_serial", "created_at", "id"],
        "ix_tasks_key_pinned_account": ["key_id", "pinned_account", "created_at", "id"],
        "ix_tasks_key_pinned_phone": ["key_id", "pinned_phone", "created_at", "id"],
        "ix_tasks_campaign_created": ["campaign_id", "created_at", "id"],
    },
    "campaigns": {
        "ix_campaigns_key": ["key_id", "created_at", "id"],
        "ix_campaigns_key_outcome": ["key_id", "outcome", "created_at", "id"],
    },
    "deliveries": {"ix_deliveries_key_state": ["key_id", "state", "number"]},
}
# Replaced by longer ones of the same name, or served by one of those above.
DROPPED = {
    "tasks": ("ix_tasks_key", "ix_tasks_key_state", "ix_tasks_account", "ix_tasks_flow_created"),
    "campaigns": ("ix_campaigns_key",),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        _json_as_text()
    for table, names in DROPPED.items():
        for name in names:
            op.drop_index(name, table_name=table)
    for table, indexes in INDEXES.items():
        for name, columns in indexes.items():
            op.create_index(name, table, columns)


def _json_as_text() -> None:
    for table, columns in _json_columns().items():
        changes = ", ".join(
            f"MODIFY `{name}` {LONGTEXT().compile(dialect=op.get_bind().dialect)} CHARACTER SET utf8mb4 "
            f"COLLATE utf8mb4_bin {'NULL' if nullable else 'NOT NULL'}"
            for name, nullable in columns
        )
        op.execute(f"ALTER TABLE `{table}` {changes}")


def _json_columns() -> dict[str, list[tuple[str, bool]]]:
    """Table → its columns of JSON, and whether each may be null. MariaDB's are told by their check alone."""
    bind = op.get_bind()
    columns = (
        "SELECT TABLE_NAME, COLUMN_NAME, IS_NULLABLE FROM information_schema.COLUMNS c WHERE TABLE_SCHEMA = DATABASE()"
    )
    if getattr(bind.dialect, "is_mariadb", False):
        which = (
            " AND EXISTS (SELECT 1 FROM information_schema.CHECK_CONSTRAINTS k WHERE k.CONSTRAINT_SCHEMA = DATABASE()"
            " AND k.TABLE_NAME = c.TABLE_NAME AND k.CONSTRAINT_NAME = c.COLUMN_NAME"
            " AND k.CHECK_CLAUSE LIKE 'json_valid(%')"
        )
    else:
        which = " AND DATA_TYPE = 'json'"
    found: dict[str, list[tuple[str, bool]]] = {}
    for table, column, nullable in bind.execute(sa.text(columns + which)):
        found.setdefault(table, []).append((column, nullable == "YES"))
    return found
