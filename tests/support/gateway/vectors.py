"""The test vectors that other languages test against: docs/interface/test-vectors.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.protocol.seal import Secret, seal, sign
from tests.support.documents import ROOT

FILE = ROOT / "docs" / "interface" / "test-vectors.json"


@dataclass(frozen=True, slots=True)
class Vector:
    """What goes into the seal, all of it fixed, and what must come out."""

    name: str
    secrets: tuple[Secret, ...]  # the first one seals; all of them sign
    id: str
    event_type: str
    created: datetime
    timestamp: int
    nonce: str
    payload: Mapping[str, Any]
    body: str
    headers: Mapping[str, str]

    def made(self) -> tuple[bytes, dict[str, str]]:
        """Body and headers as the code makes them."""
        body = seal(
            self.payload,
            secret=self.secrets[0],
            event_type=self.event_type,
            id=self.id,
            now=self.created,
            nonce=self.nonce.encode(),
        )
        return body, sign(self.id, self.timestamp, body, self.secrets)


def read_vectors() -> list[Vector]:
    """Every vector of the file."""
    return [_vector(one) for one in json.loads(FILE.read_text(encoding="utf-8"))["vectors"]]


def _vector(one: Mapping[str, Any]) -> Vector:
    return Vector(
        name=one["name"],
        secrets=tuple(Secret.of_texts(s["seal_key"], s["signing_secret"], s["id"]) for s in one["secrets"]),
        id=one["id"],
        event_type=one["event_type"],
        created=datetime.fromisoformat(one["created"]),
        timestamp=one["timestamp"],
        nonce=one["nonce"],
        payload=one["payload"],
        body=one["body"],
        headers=one["headers"],
    )
