"""A long body: sealed and signed in pieces, it is byte for byte what the whole gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol.seal import Secret, check, open_sealed, seal_json, sign
from gateway.protocol.signed_text import of_answer
from gateway.protocol.stream import SealingStream, SigningStream

SECRET = Secret.make("one")
ID, NOW, NONCE = "req_1", datetime(2030, 1, 31, 8, 0, tzinfo=UTC), b"12characters"
HEAD = of_answer(200, "GET", "/v1/tasks/x", b"")


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_pieces_are_sealed_as_the_whole_is(pieces: list[bytes]) -> None:
    stream = SealingStream(SECRET, "answer", ID, NOW, NONCE)
    sealed = b"".join([*map(stream.update, pieces), stream.finish()])
    assert sealed == seal_json(b"".join(pieces), secret=SECRET, event_type="answer", id=ID, now=NOW, nonce=NONCE)


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_pieces_are_signed_as_the_whole_is(pieces: list[bytes]) -> None:
    stream = SigningStream(SECRET, ID, NOW, HEAD)
    for piece in pieces:
        stream.update(piece)
    body = HEAD + b"".join(pieces)
    assert stream.headers() == sign(ID, int(NOW.timestamp()), body, [SECRET])
    assert check(stream.headers(), body, [SECRET], NOW) == ID


def test_no_two_long_bodies_have_the_same_nonce() -> None:
    bodies = []
    for _ in range(2):
        stream = SealingStream(SECRET, "answer", ID, NOW)
        bodies.append(stream.update(b'{"a":1}') + stream.finish())
    assert [open_sealed(body, [SECRET]) for body in bodies] == [{"a": 1}] * 2
    assert len({json.loads(body)["resource"]["nonce"] for body in bodies}) == 2
