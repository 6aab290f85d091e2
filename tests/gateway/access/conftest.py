"""What the tests of access share."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.support.gateway.api_server import Api, Raw
from tests.support.ledger.drive import online_worker, owned_author
from workers.runtime.worker_identity import WorkerIdentity


@pytest.fixture
def raw(api: Api) -> Raw:
    """Requests by hand for a customer that may act on an author."""
    owned_author(api.engine)
    return Raw(api, api.caller())


@pytest.fixture
def shelf(ledger: Engine) -> list[WorkerIdentity]:
    """Four phones, and an author whose content we may act on."""
    owned_author(ledger)
    return [online_worker(ledger, serial) for serial in ("p1", "p2", "p3", "p4")]
