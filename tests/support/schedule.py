"""Which test process runs which file: the long tests from the front, and beside them the others from the back."""

from __future__ import annotations

import os

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

LOWER = 5


class FromBothEnds(LoadFileScheduling):  # type: ignore[misc]
    """Hands out whole files. The last process takes them from the back, all others from the front.

    The tests at the front mostly wait for processes; those at the back compute.
    """

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node.gateway.id == _last(self.numnodes):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def give_way() -> None:
    """Lower this process's priority if it takes from the back: leases of the fleets at the front run meanwhile."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if os.environ.get("PYTEST_XDIST_WORKER") == _last(count):
        os.nice(LOWER)


def _last(count: int) -> str:
    """The id of the last of so many processes; none, if there is but one."""
    return f"gw{count - 1}" if count > 1 else ""
