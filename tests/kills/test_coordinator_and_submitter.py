"""The kill matrix away from the workers: a coordinator and a submitter, struck at their moments of a task's path."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kills.fleet import KillFleet
from tests.kills.moments import Moment

pytestmark = pytest.mark.fleet

SUBMITTER = (Moment.PLANTING, Moment.PLANTED, Moment.RINGING)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillFleet]:
    with KillFleet(tmp_path_factory.mktemp("kills"), phones=1, coordinators=2) as running:
        yield running
