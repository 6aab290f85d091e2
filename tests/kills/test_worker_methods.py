"""The kill matrix: every method that strikes a worker, at every moment of a task's path."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kills.cells import Place
from tests.kills.fleet import KillFleet
from tests.kills.matrix import Rounds, check, matrix
from tests.kills.methods import WORKER_METHODS, Method
from tests.kills.moments import Moment

pytestmark = pytest.mark.fleet


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    with KillFleet(tmp_path_factory.mktemp("kills"), lease=16) as fleet:
        yield Rounds(fleet, WORKER_METHODS)


@matrix(WORKER_METHODS)
def test_every_row_tells_what_happened(rounds: Rounds, method: Method, place: Place, moment: Moment) -> None:
    check(rounds.of(method)[place, moment], method)
