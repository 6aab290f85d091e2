"""The client of the HTTP interface for customers' systems, and `verify` for their callbacks (docs/interface/)."""

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
