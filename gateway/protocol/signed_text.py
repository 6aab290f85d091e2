"""The signed text of a request and of its answer: method, address and body, so that none can be swapped.

A request's body is signed as `METHOD TARGET`, a line feed, then the body as it is sent, where TARGET
is the path with its query exactly as it goes over the wire. An answer's is signed as
`STATUS METHOD TARGET`, a line feed, then the body. So nobody can send a signed body elsewhere, pass
an answer off as that to another question, or as a callback.
"""

from __future__ import annotations

KEY_HEADER = "phonefleet-key"
SEAL_PARAMETER, PLAIN = "seal", "none"
REQUEST, ANSWER = "request", "answer"  # event types of the sealed bodies


def of_request(method: str, target: str, body: bytes) -> bytes:
    """Returns the bytes that a request's signature covers, besides id and time."""
    return f"{method} {target}\n".encode() + body


def of_answer(status: int, method: str, target: str, body: bytes) -> bytes:
    """Returns the bytes that an answer's signature covers, besides id and time."""
    return f"{status} {method} {target}\n".encode() + body
