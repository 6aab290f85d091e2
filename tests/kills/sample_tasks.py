"""Desk tasks for the tests: one that grows, one that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery import group
from celery.canvas import Signature

from workers.app import app
from workers.desk import Desk
from workers.execution.register import desk_task

LEAVES = 2


@desk_task
def grow_two(desk: Desk, name: str) -> Signature:
    """Put two tasks that give their name back in this one's place."""
    return group(app.signature("gather", args=([f"{name} {number}"],)) for number in range(LEAVES))


@desk_task
def after_it(desk: Desk, result: Mapping[str, Any]) -> str:
    """The words that the step before wrote, or those of the comment that it acted on."""
    return str(result.get("text") or result["target_comment"])
