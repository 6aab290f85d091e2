"""The kill matrix: every method that strikes a worker, at every moment of a task's path."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kills.fleet import KillFleet
from tests.kills.methods import WORKER_METHODS, Method
from tests.kills.moments import DESK, PHONE, Moment
from tests.kills.round import Round, check_desk, check_phone, run_round

pytestmark = pytest.mark.fleet

METHODS = pytest.mark.parametrize("method", WORKER_METHODS, ids=lambda method: method.name, scope="module")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillFleet]:
    with KillFleet(tmp_path_factory.mktemp("kills")) as running:
        yield running


@pytest.fixture(scope="module")
def struck(fleet: KillFleet, method: Method) -> Round:
    """All moments are struck at once; each is a test."""
    return run_round(fleet, method)


@METHODS
@pytest.mark.parametrize("moment", PHONE, ids=str)
def test_at_a_phone(struck: Round, method: Method, moment: Moment) -> None:
    check_phone(struck[False, moment], method)


@METHODS
@pytest.mark.parametrize("moment", DESK, ids=str)
def test_at_the_desk(struck: Round, method: Method, moment: Moment) -> None:
    check_desk(struck[True, moment], method)
