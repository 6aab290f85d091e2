"""Run by Alembic, over the connection that models.migrate hands it."""

from __future__ import annotations

from alembic import context

from models.tables import metadata_of_all

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata_of_all(),
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
