"""The published vectors hold, and two libraries that are not ours agree with them."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from Crypto.Cipher import AES
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.protocol.seal import TAG_BYTES, Secret, check, open_sealed, seal, sign
from gateway.protocol.signed_text import of_answer, of_request
from tests.support.gateway.vectors import FILE, Vector, read_vectors

VECTORS = read_vectors()
by_name = pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one.name)


def open_as_for_wechat_pay(seal_key: bytes, body: bytes) -> Any:
    """What integrators of WeChat Pay v3 have in their code already."""
    return json.loads(decrypted(seal_key, json.loads(body)["resource"]))


def decrypted(seal_key: bytes, resource: dict[str, str]) -> bytes:
    """The plaintext by another library than the seal's. Raises ValueError."""
    cipher = AES.new(seal_key, AES.MODE_GCM, nonce=resource["nonce"].encode())
    cipher.update(resource["associated_data"].encode())
    sealed = base64.b64decode(resource["ciphertext"])
    return cipher.decrypt_and_verify(sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])


def test_there_are_vectors_of_several_events_and_of_a_rotation() -> None:
    assert {"task.succeeded", "task.failed", "campaign.ended"} <= {one.event_type for one in VECTORS}
    assert any(len(one.secrets) == 2 for one in VECTORS)


@by_name
def test_the_seal_makes_what_the_vector_says(vector: Vector) -> None:
    body, headers = vector.made()
    assert body.decode() == vector.body
    assert headers == vector.headers


@by_name
def test_the_seal_opens_what_the_vector_says(vector: Vector) -> None:
    body = vector.body.encode()
    at = datetime.fromtimestamp(vector.timestamp, UTC)
    for secret in vector.secrets:
        assert check(vector.headers, body, [secret], at) == vector.id
    assert open_sealed(body, vector.secrets, id=vector.id) == vector.payload


@by_name
def test_the_plaintext_in_the_file_is_what_is_inside(vector: Vector) -> None:
    (raw,) = [one for one in json.loads(FILE.read_text(encoding="utf-8"))["vectors"] if one["name"] == vector.name]
    plain = decrypted(vector.secrets[0].seal_key, json.loads(vector.body)["resource"])
    assert plain.decode() == raw["plaintext"]


@by_name
def test_pycryptodome_opens_it(vector: Vector) -> None:
    assert open_as_for_wechat_pay(vector.secrets[0].seal_key, vector.body.encode()) == vector.payload


def test_pycryptodome_does_not_open_what_was_touched() -> None:
    body = VECTORS[0].body.replace("aZ09kLmNpQrS", "aZ09kLmNpQrT").encode()
    with pytest.raises(ValueError, match="MAC"):
        open_as_for_wechat_pay(VECTORS[0].secrets[0].seal_key, body)


def test_standardwebhooks_verifies_what_we_sign_and_no_other_body() -> None:
    old, new = Secret.make("old"), Secret.make("new")
    body = seal({"text": "好看 😀"}, secret=old, event_type="alert", id="one", now=datetime.now(UTC))
    headers = sign("one", int(time.time()), body, [old, new])
    for secret in (old, new):
        assert Webhook(secret.texts()[1]).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.texts()[1]).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(Secret.make("other").texts()[1]).verify(body, headers)


def test_we_verify_what_standardwebhooks_signs() -> None:
    secret, now = Secret.make("one"), datetime.now(UTC)
    body = b'{"a":1}'
    signature = Webhook(secret.texts()[1]).sign("one", now, body.decode())
    headers = {
        "webhook-id": "one",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    assert check(headers, body, [secret], now) == "one"


@pytest.mark.parametrize("one", json.loads(FILE.read_text(encoding="utf-8"))["exchanges"], ids=lambda one: one["name"])
def test_requests_and_answers_are_signed_as_the_vector_says(one: dict[str, Any]) -> None:
    told = one["secret"]
    secret = Secret.of_texts(told["seal_key"], told["signing_secret"], told["id"])
    body, at = b"", datetime.fromtimestamp(one["timestamp"], UTC)
    kind = "answer" if "status" in one else "request"
    if "payload" in one:
        nonce = one["nonce"].encode()
        body = seal(one["payload"], secret=secret, event_type=kind, id=one["id"], now=at, nonce=nonce)
    assert body.decode() == one["body"]
    method, target = one["method"], one["target"]
    signed = of_answer(one["status"], method, target, body) if kind == "answer" else of_request(method, target, body)
    assert signed.decode() == one["signed"]
    assert sign(one["id"], one["timestamp"], signed, [secret]) == one["headers"]
    # another library than ours comes to the same signature
    assert Webhook(told["signing_secret"]).sign(one["id"], at, one["signed"]) == one["headers"]["webhook-signature"]
