"""Run by Alembic, over the connection that models.migrate hands it."""

from __future__ import annotations

from alembic import context

import models.tables  # noqa: F401 - fills the metadata
from models.database.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
