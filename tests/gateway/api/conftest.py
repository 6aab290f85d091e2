"""What the tests of the API share."""

from __future__ import annotations

import pytest

from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.drive import owned_author


@pytest.fixture
def acme(api: Api) -> Caller:
    """A customer that may give any priority, with an author that it may act on."""
    owned_author(api.engine)
    return api.caller(highest_priority=0)
