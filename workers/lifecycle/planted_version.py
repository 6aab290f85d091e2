"""Gives a task that no worker runs another version of its flow."""

from __future__ import annotations

from flows.specs.catalogue import spec_of
from models.responsible_use.action_journal import unpin
from models.tables import Task


def give_version(task: Task, version: str) -> None:
    """Has the task run under this version, free of a trial's phone.

    A limit that the old version's manifest set becomes the new one's; one that the campaign set stays.
    """
    if not task.verifying and task.own_pins is not None:
        unpin(task)
    old, new = spec_of(task.flow, task.flow_version), spec_of(task.flow, version)
    if old is not None and new is not None:
        task.acts = bool(new.acts)
        if (task.soft_limit, task.hard_limit) == (old.limits.soft, old.limits.hard):
            task.soft_limit, task.hard_limit = new.limits.soft, new.limits.hard
    task.flow_version = version
