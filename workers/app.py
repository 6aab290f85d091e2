"""The Celery application that every phonefleet process shares."""

from __future__ import annotations

from celery import Celery

app = Celery("phonefleet")
app.config_from_object("celeryconfig")
