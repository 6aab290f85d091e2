"""For a customer's own system: the client of the HTTP interface, and `verify` for its callbacks (docs/interface/)."""

from __future__ import annotations

from gateway.client.client import (
    ERRORS,
    Client,
    Event,
    NoAnswer,
    NotEnded,
    Problem,
    SealBroken,
    Secret,
    SignatureRefused,
    Status,
    Unusable,
    in_words,
    secret_of,
    verify,
)

__all__ = [
    "ERRORS",
    "Client",
    "Event",
    "NoAnswer",
    "NotEnded",
    "Problem",
    "SealBroken",
    "Secret",
    "SignatureRefused",
    "Status",
    "Unusable",
    "in_words",
    "secret_of",
    "verify",
]
