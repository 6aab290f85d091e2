"""Indexes of records that have what is often asked for as well, so that a page reads no record in vain"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

OF_ROW = ("ended_at", "id")
BESIDE = ("flow", "outcome", "kind", "code")
# index → the columns before the order's, and those behind it
INDEXES = {
    "account": (("sandbox", "account_id"), (*BESIDE, "key_id")),
    "phone": (("sandbox", "phone_serial"), (*BESIDE, "key_id")),
    "author": (("sandbox", "author_id"), (*BESIDE, "key_id")),
    "key": (("key_id",), BESIDE),
    "flow": (("sandbox", "flow", "outcome"), ("kind", "code")),
}


def upgrade() -> None:
    _change({name: (*first, *OF_ROW, *beside) for name, (first, beside) in INDEXES.items()})


def downgrade() -> None:
    _change({name: (*first, *OF_ROW) for name, (first, _) in INDEXES.items()})


def _change(indexes: dict[str, tuple[str, ...]]) -> None:
    """The names stay: coordinators and gateways of the version before name them in their statements."""
    if op.get_bind().dialect.name == "sqlite":
        for name, columns in indexes.items():
            op.drop_index(f"ix_records_{name}", table_name="records")
            op.create_index(f"ix_records_{name}", "records", list(columns))
        return
    # in one statement: it reads the records once, others write meanwhile, and no index is away at any moment
    changes = [f"DROP INDEX ix_records_{name}" for name in indexes]
    changes += [f"ADD INDEX ix_records_{name} ({', '.join(columns)})" for name, columns in indexes.items()]
    op.execute(sa.text(f"ALTER TABLE records {', '.join(changes)}, ALGORITHM = INPLACE, LOCK = NONE"))
