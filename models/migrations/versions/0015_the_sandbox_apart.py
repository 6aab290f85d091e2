"""Actions and titles of the sandbox, apart from the real ones

The key of a title that simulated phones showed holds its sort: the unique constraint on author and key then keeps both
apart. A title that both sorts of phones showed stays a real one; what the sandbox alone collected of it counts no more.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TASKS = sa.table("tasks", sa.column("id"), sa.column("sandbox", sa.Boolean()))
_ACTIONS = sa.table("actions", sa.column("task_id"), sa.column("sandbox", sa.Boolean()))
_TITLES = sa.table(
    "titles",
    sa.column("id"),
    sa.column("title"),
    sa.column("title_key"),
    sa.column("sandbox", sa.Boolean()),
    sa.column("first_task_id"),
    sa.column("comments_task_id"),
    sa.column("comments_collected_at"),
)


def upgrade() -> None:
    for table in ("actions", "titles"):
        op.add_column(table, sa.Column("sandbox", sa.Boolean(), nullable=False, server_default=sa.false()))
    bind = op.get_bind()
    in_sandbox = sa.select(_TASKS.c.id).where(_TASKS.c.sandbox)
    bind.execute(sa.update(_ACTIONS).where(_ACTIONS.c.task_id.in_(in_sandbox)).values(sandbox=True))
    collected_there = _TITLES.c.comments_task_id.in_(in_sandbox)
    seen_there = _TITLES.c.first_task_id.in_(in_sandbox)
    alone = sa.and_(seen_there, sa.or_(_TITLES.c.comments_task_id.is_(None), collected_there))
    for title_id, title in bind.execute(sa.select(_TITLES.c.id, _TITLES.c.title).where(alone)).all():
        bind.execute(
            sa.update(_TITLES).where(_TITLES.c.id == title_id).values(sandbox=True, title_key=_key("sandbox", title))
        )
    bind.execute(
        sa.update(_TITLES)
        .where(collected_there, _TITLES.c.sandbox.is_(False))
        .values(comments_task_id=None, comments_collected_at=None)
    )


def _key(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:32]
