"""One hold in force on the same thing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HOLDS = sa.table(
    "holds",
    *(sa.column(name) for name in ("id", "flow", "scope", "key", "released_at")),
    sa.column("in_force", sa.Boolean()),
)


def upgrade() -> None:
    op.add_column("holds", sa.Column("in_force", sa.Boolean(), nullable=True))
    op.execute(HOLDS.update().where(HOLDS.c.id.in_(_oldest_in_force())).values(in_force=True))
    op.create_index("uq_holds_in_force", "holds", ["flow", "scope", "key", "in_force"], unique=True)


def _oldest_in_force() -> list[int]:
    """Of several that were laid at once one stays in force; the others go on as they are until they are released."""
    oldest = (
        sa.select(sa.func.min(HOLDS.c.id))
        .where(HOLDS.c.released_at.is_(None))
        .group_by(HOLDS.c.flow, HOLDS.c.scope, HOLDS.c.key)
    )
    return list(op.get_bind().execute(oldest).scalars())
