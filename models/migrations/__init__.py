"""Alembic's room: how one version of the tables becomes the next."""
