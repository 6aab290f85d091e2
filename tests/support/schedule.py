"""Which test process runs which file: the long tests from the front, and beside them the others from the back."""

from __future__ import annotations

import os

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

LOWER = 8  # three processes at this niceness weigh half as much as one that does not yield


class FromBothEnds(LoadFileScheduling):  # type: ignore[misc]
    """Hands out whole files. The larger half of the processes take them from the back, the others from the front.

    The tests at the front mostly wait for processes; those at the back compute, in what time the others leave.
    """

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node.gateway.id in _from_the_back(self.numnodes):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def give_way() -> None:
    """Lower this process's priority if it takes from the back: leases of the fleets at the front run meanwhile."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if os.environ.get("PYTEST_XDIST_WORKER") in _from_the_back(count):
        os.nice(LOWER)


def _from_the_back(count: int) -> frozenset[str]:
    """The ids of the last half of so many processes, which is the larger one; none, if there is but one."""
    return frozenset(f"gw{number}" for number in range(max(1, count // 2), count))
