"""The seal: encrypts and signs the bodies between phonefleet and a customer, the same way in both directions.

The body has the form of WeChat Pay v3 notifications: the payload is AES-256-GCM ciphertext inside
`resource`, and `associated_data` binds it to the envelope's id, time and type. The headers are those
of Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`, an HMAC-SHA256 over
`id.timestamp.body`. Functions of values: no clock, no network, no ledger.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets as random_source
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

ALGORITHM = "AEAD_AES_256_GCM"
RESOURCE_TYPE = "encrypt-resource"
WINDOW_SECONDS = 300  # Standard Webhooks: how far a timestamp may be from now
KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
SIGNING_PREFIX = "whsec_"
MOST_SIGNATURES = 8
ID_HEADER, TIME_HEADER, SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"

# The form makes the nonce a text of 12 characters, and receivers take its bytes as they are. 92
# characters give 78 bits: eight million bodies under one key before two alike are as likely as 2^-32.
_NONCE_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')
# A byte draws a character: two bytes stand for each character, and the rest for none.
_TO_NONCE = bytes(ord(_NONCE_CHARACTERS[byte % len(_NONCE_CHARACTERS)]) for byte in range(256))
_NOT_FAIR = bytes(range(256 - 256 % len(_NONCE_CHARACTERS), 256))
_ID = re.compile(r"[A-Za-z0-9._:-]{1,191}")
_BASE64 = re.compile(r"([A-Za-z0-9+/]*)={0,2}")
# Drops blanks and line breaks (MIME, openssl), and maps the alphabet for URLs (RFC 4648, 5) to the usual one.
_ONE_ALPHABET = str.maketrans("-_", "+/", " \t\r\n")
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)

Reason = Literal["headers_missing", "id_malformed", "timestamp_malformed", "too_old", "too_new", "signature_wrong"]


class SealBroken(Exception):
    """A body is not sealed, or not with one of these secrets, or was changed.

    `field` and `reason` say why.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"the body cannot be opened: {field}: {reason}")
        self.field = field
        self.reason = reason


class SignatureRefused(Exception):
    """The headers do not show that a holder of the secret sent this body just now."""

    def __init__(self, reason_code: Reason) -> None:
        super().__init__(reason_code)
        self.reason_code: Reason = reason_code


@dataclass(frozen=True, slots=True)
class Secret:
    """The shared secret: a key that seals and a key that signs. repr shows neither."""

    id: str
    seal_key: bytes = field(repr=False)  # 32 bytes
    signing_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seal_key) != KEY_BYTES or len(self.signing_key) < KEY_BYTES - 8:
            raise ValueError("a seal key has 32 bytes, a signing key at least 24")

    @classmethod
    def make(cls, secret_id: str) -> Secret:
        """A new one, from the system's randomness."""
        return cls(secret_id, random_source.token_bytes(KEY_BYTES), random_source.token_bytes(KEY_BYTES))

    @classmethod
    def of_texts(cls, seal_key: str, signing_secret: str, secret_id: str = "") -> Secret:
        """From the two texts that `phonefleet keys` shows: base64, and `whsec_…`. Raises ValueError."""
        sealing, signing = _unbase64(seal_key), _unbase64(signing_secret.strip().removeprefix(SIGNING_PREFIX))
        if sealing is None or signing is None:
            raise ValueError("a secret is not base64") from None
        return cls(secret_id, sealing, signing)

    def texts(self) -> tuple[str, str]:
        """The seal key in base64, and the signing secret as `whsec_…`: to be shown once."""
        return _base64(self.seal_key), SIGNING_PREFIX + _base64(self.signing_key)


def seal(
    payload: Mapping[str, Any],
    *,
    secret: Secret,
    event_type: str,
    id: str,  # noqa: A002 - the field's name in the envelope
    now: datetime,
    nonce: bytes | None = None,
) -> bytes:
    """A JSON body with the payload encrypted inside; `nonce` is drawn unless a test vector fixes it.

    Raises ValueError for a payload that JSON or UTF-8 cannot hold.
    """
    plain = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return seal_json(plain, secret=secret, event_type=event_type, id=id, now=now, nonce=nonce)


def seal_json(
    plain: bytes,
    *,
    secret: Secret,
    event_type: str,
    id: str,  # noqa: A002 - see above
    now: datetime,
    nonce: bytes | None = None,
) -> bytes:
    """Seals a payload that is JSON in UTF-8 already; parameters as in `seal`."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as in _decrypt

    drawn = nonce or draw_nonce()
    envelope, bound = envelope_of("", event_type=event_type, id=id, now=now, nonce=drawn)
    envelope["resource"]["ciphertext"] = _base64(AESGCM(secret.seal_key).encrypt(drawn, plain, bound.encode()))
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def draw_nonce() -> bytes:
    """Draws a nonce of 12 characters."""
    drawn = b""
    while len(drawn) < NONCE_BYTES:  # each byte is taken with a chance of 184 in 256
        drawn += random_source.token_bytes(2 * NONCE_BYTES).translate(_TO_NONCE, _NOT_FAIR)
    return drawn[:NONCE_BYTES]


def envelope_of(
    ciphertext: str,
    *,
    event_type: str,
    id: str,  # noqa: A002 - see above
    now: datetime,
    nonce: bytes,
) -> tuple[dict[str, Any], str]:
    """Returns the envelope around a ciphertext in base64, and its associated data."""
    created = now.astimezone(UTC).isoformat(timespec="seconds")
    bound = _bound(id, created, event_type)
    resource = {
        "algorithm": ALGORITHM,
        "ciphertext": ciphertext,
        "nonce": nonce.decode("ascii"),
        "associated_data": bound,
    }
    envelope = {
        "id": id,
        "create_time": created,
        "event_type": event_type,
        "resource_type": RESOURCE_TYPE,
        "summary": event_type,
        "resource": resource,
    }
    return envelope, bound


def open_sealed(
    body: bytes,
    secrets: Sequence[Secret],
    *,
    id: str | None = None,  # noqa: A002 - see above
    read: Callable[[bytes], Any] = json.loads,
) -> Mapping[str, Any]:
    """Returns the payload of a sealed body with this `id`. Raises SealBroken with the place, and errors of `read`."""
    try:
        envelope = read(body)
    except (ValueError, RecursionError):
        raise SealBroken("body", "it is no JSON in UTF-8") from None
    said = [_said(envelope, name) for name in ("id", "create_time", "event_type", "resource_type")]
    if id is not None and said[0] != id:
        raise SealBroken("id", "it is not the webhook-id that the body came with")
    if said[3] != RESOURCE_TYPE:
        raise SealBroken("resource_type", f"it is not {RESOURCE_TYPE}")
    resource = envelope.get("resource")
    algorithm, ciphertext, nonce, bound = (
        _said(resource, name, "resource.") for name in ("algorithm", "ciphertext", "nonce", "associated_data")
    )
    if algorithm != ALGORITHM:
        raise SealBroken("resource.algorithm", f"it is not {ALGORITHM}")
    if bound != _bound(*said[:3]):
        raise SealBroken("resource.associated_data", "it is not id|create_time|event_type of this envelope")
    opened = _decrypt(
        _sealed_bytes(ciphertext), nonce.encode(errors="replace"), bound.encode("utf-8", "surrogatepass"), secrets
    )
    try:
        payload = read(opened)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise SealBroken("resource.ciphertext", "what it holds is no JSON object in UTF-8")
    return payload


def _said(part: Any, name: str, before: str = "") -> str:
    if not isinstance(part, dict):
        raise SealBroken(before.removesuffix(".") or "body", "it is no JSON object")
    if name not in part:
        raise SealBroken(before + name, "it is missing")
    if not isinstance(part[name], str):
        raise SealBroken(before + name, "it is no text")
    return str(part[name])


def _sealed_bytes(text: str) -> bytes:
    found = _unbase64(text)
    if found is None:
        raise SealBroken("resource.ciphertext", "it is no base64")
    return found


def _unbase64(text: str) -> bytes | None:
    """The bytes of a base64 text, as other libraries write it: with line breaks, in the alphabet for URLs, unpadded.

    Each of these has one meaning; ambiguous text is refused.
    """
    found = _BASE64.fullmatch(text.translate(_ONE_ALPHABET))
    if found is None or len(found[1]) % 4 == 1:
        return None
    return base64.b64decode(found[1] + "=" * (-len(found[1]) % 4))


def _bound(envelope_id: str, created: str, event_type: str) -> str:
    return f"{envelope_id}|{created}|{event_type}"


def _decrypt(sealed: bytes, nonce: bytes, bound: bytes, secrets: Sequence[Secret]) -> bytes:
    if len(nonce) != NONCE_BYTES:
        raise SealBroken("resource.nonce", f"it is not {NONCE_BYTES} ASCII characters")
    if len(sealed) < TAG_BYTES:
        raise SealBroken("resource.ciphertext", f"it is shorter than the tag of {TAG_BYTES} bytes")
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - commands that list keys open no body
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    for secret in secrets:
        try:
            return AESGCM(secret.seal_key).decrypt(nonce, sealed, bound)
        except InvalidTag:  # not this one
            continue
    reason = "the key does not open it: another seal key, or nonce, associated_data or ciphertext are not as they were"
    raise SealBroken("resource.ciphertext", reason)


def sign(id: str, timestamp: int, body: bytes, secrets: Sequence[Secret]) -> dict[str, str]:  # noqa: A002
    """Returns the headers of a request: a signature with each live secret. Raises ValueError for a malformed id."""
    if not _ID.fullmatch(id):
        raise ValueError(f"{id[:40]!r} is no webhook-id: 1 to 191 of letters, digits and . _ : -")
    signatures = [_signature(id, str(timestamp), body, secret) for secret in secrets]
    return {ID_HEADER: id, TIME_HEADER: str(timestamp), SIGNATURE_HEADER: " ".join(signatures)}


def check(headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], now: datetime) -> str:
    """Returns the webhook-id of a body that one of the secrets signed within the last 5 minutes.

    Names of headers may be of any case. It accepts replays: the caller must remember the ids. Raises
    SignatureRefused.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        webhook_id, timestamp, given = found[ID_HEADER], found[TIME_HEADER], found[SIGNATURE_HEADER]
    except KeyError:
        raise SignatureRefused("headers_missing") from None
    if not _ID.fullmatch(webhook_id):
        raise SignatureRefused("id_malformed")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureRefused("timestamp_malformed")
    if not _signed(webhook_id, timestamp, body, secrets, given):
        raise SignatureRefused("signature_wrong")
    age = now.timestamp() - int(timestamp)
    if abs(age) > WINDOW_SECONDS:
        raise SignatureRefused("too_old" if age > 0 else "too_new")
    return webhook_id


def _signed(webhook_id: str, timestamp: str, body: bytes, secrets: Sequence[Secret], given: str) -> bool:
    """Compares every pair, so that the time taken does not reveal which one matched."""
    offered = [one.encode(errors="replace") for one in given.split(" ")[:MOST_SIGNATURES]]
    right = False
    for secret in secrets:
        wanted = _signature(webhook_id, timestamp, body, secret).encode()
        for one in offered:
            right |= hmac.compare_digest(wanted, one)
    return right


def _signature(webhook_id: str, timestamp: str, body: bytes, secret: Secret) -> str:
    content = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return "v1," + _base64(hmac.digest(secret.signing_key, content, hashlib.sha256))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
