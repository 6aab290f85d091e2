"""The seal: what goes in comes out for who holds the secret, and nothing that was touched does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.client.verify import verify
from gateway.protocol.seal import SealBroken, Secret, SignatureRefused, check, open_sealed, seal, sign

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OLD, NEW, OTHER = Secret.make("old"), Secret.make("new"), Secret.make("other")
ID = "0b1f9a52-6a0e-4a0f-9a53-0d3a8c1f2e10"
PAYLOAD = {"task_id": "t1", "state": "succeeded", "result": ["好看 😀", 1, None]}

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_values = st.recursive(
    _scalars | _texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3)
)
_payloads = st.dictionaries(_texts, _values, max_size=4)


def sealed(payload: Mapping[str, Any] = PAYLOAD, secret: Secret = OLD) -> bytes:
    return seal(payload, secret=secret, event_type="task.succeeded", id=ID, now=NOW)


def signed(body: bytes, *secrets: Secret) -> dict[str, str]:
    return sign(ID, int(NOW.timestamp()), body, secrets or (OLD,))


@given(_payloads)
def test_what_is_sealed_is_opened(payload: dict[str, Any]) -> None:
    assert open_sealed(sealed(payload), [OTHER, OLD], id=ID) == payload


def test_a_body_says_nothing_of_its_payload_and_never_looks_the_same() -> None:
    one, two = sealed(), sealed()
    assert b"succeeded" not in one.replace(b"task.succeeded", b"")
    assert json.loads(one)["resource"]["nonce"] != json.loads(two)["resource"]["nonce"]


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_a_body_that_was_touched_at_any_byte_has_no_valid_signature(flip: int) -> None:
    body = sealed()
    headers = signed(body)
    for place in range(len(body)):
        touched = body[:place] + bytes([body[place] ^ flip]) + body[place + 1 :]
        with pytest.raises(SignatureRefused, match="signature_wrong"):
            check(headers, touched, [OLD], NOW)


@given(st.data())
def test_without_its_signature_as_well_a_touched_body_is_not_opened_to_anything_else(data: st.DataObject) -> None:
    touched = _touch(sealed(), data)
    try:
        assert open_sealed(touched, [OLD], id=ID) == PAYLOAD  # what the touch changed is no part of what is sealed
    except SealBroken:
        return
    before, after = json.loads(sealed()), json.loads(touched)
    assert {name for name in before if name != "resource" and before[name] != after.get(name)} <= {"summary"}


@pytest.mark.parametrize("field", ["ciphertext", "nonce", "associated_data"])
def test_every_byte_of_what_is_sealed_counts(field: str) -> None:
    envelope = json.loads(sealed())
    whole = envelope["resource"][field]
    for place in range(len(whole)):
        other = "A" if whole[place] != "A" else "B"
        envelope["resource"][field] = whole[:place] + other + whole[place + 1 :]
        with pytest.raises(SealBroken):
            open_sealed(json.dumps(envelope).encode(), [OLD])


@pytest.mark.parametrize("field", ["id", "create_time", "event_type", "resource_type"])
def test_the_envelope_cannot_be_changed_around_what_is_sealed(field: str) -> None:
    envelope = json.loads(sealed())
    envelope[field] += "x"
    with pytest.raises(SealBroken):
        open_sealed(json.dumps(envelope).encode(), [OLD])


def test_the_envelope_and_what_it_is_bound_to_cannot_be_changed_together() -> None:
    envelope = json.loads(sealed())
    envelope["event_type"] = "task.failed"
    envelope["resource"]["associated_data"] = envelope["resource"]["associated_data"].replace("succeeded", "failed")
    with pytest.raises(SealBroken):
        open_sealed(json.dumps(envelope).encode(), [OLD])


def test_the_nonce_of_another_body_does_not_open_this_one() -> None:
    one, two = json.loads(sealed()), json.loads(sealed())
    one["resource"]["nonce"] = two["resource"]["nonce"]
    with pytest.raises(SealBroken):
        open_sealed(json.dumps(one).encode(), [OLD])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[" * 100_000,
        b'{"resource":' * 50_000,
        b"\xff\xfe",
        b'{"id":1,"create_time":2,"event_type":3,"resource":[]}',
        b'{"id":"a","create_time":"b","event_type":"c","resource":"d"}',
        json.dumps({**json.loads(sealed()), "resource": {"algorithm": "AEAD_AES_256_GCM"}}).encode(),
        json.dumps(json.loads(sealed()) | {"id": "\ud800"}).encode(),
    ],
    ids=range(10),
)
def test_what_is_no_sealed_body_is_not_opened(body: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(body, [OLD])


def test_what_another_secret_sealed_is_not_opened_nor_a_body_of_another_id() -> None:
    with pytest.raises(SealBroken):
        open_sealed(sealed(), [OTHER, NEW])
    with pytest.raises(SealBroken):
        open_sealed(sealed(), [])
    with pytest.raises(SealBroken):
        open_sealed(sealed(), [OLD], id="another")


def test_a_payload_that_is_no_object_is_refused() -> None:
    with pytest.raises(SealBroken):
        open_sealed(sealed([1, 2]), [OLD])  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", [{"a": float("nan")}, {"a": "\ud800"}, {"a": object()}])
def test_what_json_cannot_hold_is_not_sealed(payload: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        sealed(payload)


@pytest.mark.parametrize("known", [[OLD], [NEW], [OTHER, OLD, NEW]])
def test_while_a_key_is_rotated_each_of_both_secrets_verifies(known: list[Secret]) -> None:
    body = sealed()
    headers = signed(body, OLD, NEW)
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert check(headers, body, known, NOW) == ID


def test_names_of_headers_are_of_any_case() -> None:
    body = sealed()
    assert check({name.title(): value for name, value in signed(body).items()}, body, [OLD], NOW) == ID


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(name: str) -> None:
    body = sealed()
    with pytest.raises(SignatureRefused, match="headers_missing"):
        check({key: value for key, value in signed(body).items() if key != name}, body, [OLD], NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"webhook-id": "another"}, "signature_wrong"),
        ({"webhook-id": ""}, "id_malformed"),
        ({"webhook-id": "a b"}, "id_malformed"),
        ({"webhook-id": "a" * 192}, "id_malformed"),
        ({"webhook-timestamp": "1772352001"}, "signature_wrong"),
        ({"webhook-timestamp": "-1"}, "timestamp_malformed"),
        ({"webhook-timestamp": "１７７２"}, "timestamp_malformed"),
        ({"webhook-timestamp": "1" * 400}, "timestamp_malformed"),
        ({"webhook-signature": ""}, "signature_wrong"),
        ({"webhook-signature": "v1,"}, "signature_wrong"),
        ({"webhook-signature": "签名"}, "signature_wrong"),
        ({"webhook-signature": "v1,\udcff"}, "signature_wrong"),
        ({"webhook-signature": "v1a," + "A" * 44}, "signature_wrong"),
    ],
)
def test_a_changed_header_is_refused(change: dict[str, str], reason: str) -> None:
    body = sealed()
    with pytest.raises(SignatureRefused) as refused:
        check(signed(body) | change, body, [OLD], NOW)
    assert refused.value.reason_code == reason


@pytest.mark.parametrize(
    ("seconds", "reason"), [(300, None), (301, "too_old"), (-300, None), (-301, "too_new"), (10**9, "too_old")]
)
def test_a_signature_lives_for_five_minutes_either_way(seconds: int, reason: str | None) -> None:
    body = sealed()
    later = NOW + timedelta(seconds=seconds)
    if reason is None:
        assert check(signed(body), body, [OLD], later) == ID
        return
    with pytest.raises(SignatureRefused, match=reason):
        check(signed(body), body, [OLD], later)


def test_nobody_is_let_in_without_a_secret() -> None:
    body = sealed()
    for known in ([], [NEW, OTHER]):
        with pytest.raises(SignatureRefused, match="signature_wrong"):
            check(signed(body), body, known, NOW)


def test_no_error_and_no_repr_shows_a_secret() -> None:
    hidden = [OLD.seal_key, OLD.signing_key]
    texts = [repr(OLD), str(OLD), f"{OLD!r}", str(SealBroken("body", "x")), str(SignatureRefused("signature_wrong"))]
    with pytest.raises(ValueError, match="32 bytes") as error:
        Secret("id", OLD.seal_key[:5], OLD.signing_key)
    texts.append(repr(error.value))
    with pytest.raises(ValueError, match="not base64") as error:
        Secret.of_texts("ключ", OLD.texts()[1])
    texts.append(repr(error.value))
    assert error.value.__suppress_context__
    for text in texts:
        assert not [one for one in hidden if one.hex() in text or base64.b64encode(one).decode() in text]
        assert not [one for one in hidden if repr(one)[2:-1] in text]


def test_a_secret_comes_back_from_its_texts() -> None:
    assert Secret.of_texts(*OLD.texts(), "old") == OLD


def test_a_receiver_gets_the_event() -> None:
    body = sealed()
    event = verify(signed(body), body, OLD, now=NOW)
    assert (event.id, event.type, event.created, event.data) == (ID, "task.succeeded", NOW, PAYLOAD)


def test_a_receiver_does_not_take_one_body_under_the_id_of_another() -> None:
    body = sealed()
    headers = sign("another", int(NOW.timestamp()), body, [OLD])
    with pytest.raises(SealBroken):
        verify(headers, body, [OLD], now=NOW)


def _touch(body: bytes, data: st.DataObject) -> bytes:
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != body[place]))
    return body[:place] + bytes([other]) + body[place + 1 :]


def changed(place: str, value: object) -> bytes:
    """A good envelope with one place changed; None: left out."""
    envelope = json.loads(sealed(PAYLOAD))
    part, name = (envelope["resource"], place.removeprefix("resource.")) if "." in place else (envelope, place)
    if value is None:
        del part[name]
    else:
        part[name] = value(part[name]) if callable(value) else value
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text + "\n",
        lambda text: text + "\r\n",
        lambda text: f" {text}\t",
        lambda text: "\n".join(text[at : at + 64] for at in range(0, len(text), 64)),
        lambda text: "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + "\r\n",
        lambda text: text.rstrip("="),
        lambda text: text.replace("+", "-").replace("/", "_"),
        lambda text: text.replace("+", "-").replace("/", "_").rstrip("=") + "\n",
    ],
    ids=["LF", "CRLF", "blanks", "lines of openssl", "lines of MIME", "no padding", "for URLs", "JWT's and LF"],
)
def test_base64_in_the_forms_that_libraries_write_is_opened(written: Callable[[str], str]) -> None:
    for count in range(1, 30):  # each padding, and enough bytes for each character
        payload = {"text": "讲" * count, "number": count}
        envelope = json.loads(sealed(payload))
        envelope["resource"]["ciphertext"] = written(envelope["resource"]["ciphertext"])
        assert open_sealed(json.dumps(envelope).encode(), [OLD], id=ID) == payload


@pytest.mark.parametrize(
    ("place", "value", "field", "reason"),
    [
        ("id", "another", "id", "webhook-id"),
        ("id", None, "id", "missing"),
        ("id", 5, "id", "no text"),
        ("create_time", None, "create_time", "missing"),
        ("event_type", "other", "resource.associated_data", "id|create_time|event_type"),
        ("resource_type", "x", "resource_type", "encrypt-resource"),
        ("resource", None, "resource", "no JSON object"),
        ("resource", [1], "resource", "no JSON object"),
        ("resource.algorithm", "AES", "resource.algorithm", "AEAD_AES_256_GCM"),
        ("resource.nonce", "short", "resource.nonce", "12"),
        ("resource.nonce", "twelve chars", "resource.ciphertext", "does not open"),
        ("resource.associated_data", "x", "resource.associated_data", "id|create_time|event_type"),
        ("resource.ciphertext", "not base64!", "resource.ciphertext", "no base64"),
        ("resource.ciphertext", lambda text: text[:8] + "=" + text[8:], "resource.ciphertext", "no base64"),
        ("resource.ciphertext", lambda text: text + "===", "resource.ciphertext", "no base64"),
        ("resource.ciphertext", "AAAA", "resource.ciphertext", "shorter"),
        ("resource.ciphertext", lambda text: text[::-1].lstrip("="), "resource.ciphertext", ""),
        ("resource.ciphertext", None, "resource.ciphertext", "missing"),
    ],
)
def test_what_does_not_open_names_its_place(place: str, value: object, field: str, reason: str) -> None:
    with pytest.raises(SealBroken) as broken:
        open_sealed(changed(place, value), [OLD], id=ID)
    assert broken.value.field == field
    assert reason in broken.value.reason


def test_a_body_that_is_no_envelope_names_the_body() -> None:
    for body in (b"", b"[]", b"5", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(SealBroken) as broken:
            open_sealed(body, [OLD])
        assert broken.value.field == "body"


def test_secrets_are_read_with_the_line_break_that_a_file_ends_with() -> None:
    seal_key, signing = OLD.texts()
    for one in (Secret.of_texts(seal_key + "\n", signing + "\r\n"), Secret.of_texts(f" {seal_key} ", f" {signing}")):
        assert (one.seal_key, one.signing_key) == (OLD.seal_key, OLD.signing_key)
