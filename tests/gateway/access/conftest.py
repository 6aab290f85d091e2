"""What the tests of access share."""

from __future__ import annotations

import pytest

from tests.support.gateway.api_server import Api, Raw
from tests.support.ledger.drive import owned_author


@pytest.fixture
def raw(api: Api) -> Raw:
    """Requests by hand for a customer that may act on an author."""
    owned_author(api.engine)
    return Raw(api, api.caller())
