"""Seals and signs a long body piece by piece: the same bytes as `seal_json` and `sign` make of the whole."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets as random_source
from datetime import UTC, datetime

from Crypto.Cipher import AES

from gateway.protocol.seal import ID_HEADER, SIGNATURE_HEADER, TAG_BYTES, TIME_HEADER, Secret, draw_nonce, envelope_of

THIRDS = 3  # so many bytes are four characters of base64


class SealingStream:
    """Seals JSON in UTF-8 that comes in pieces. `update` and `finish` return the pieces of the envelope."""

    def __init__(
        self,
        secret: Secret,
        event_type: str,
        id: str,  # noqa: A002 - the field's name in the envelope
        now: datetime,
        nonce: bytes | None = None,
    ) -> None:
        nonce = nonce or draw_nonce()
        mark = random_source.token_hex(16)  # where the ciphertext goes
        envelope, bound = envelope_of(mark, event_type=event_type, id=id, now=now, nonce=nonce)
        self._before, _, self._after = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).partition(mark)
        self._cipher = AES.new(secret.seal_key, AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)
        self._cipher.update(bound.encode())
        self._left = b""
        self._began = False

    def update(self, piece: bytes) -> bytes:
        """Returns the next bytes of the envelope."""
        sealed = self._left + self._cipher.encrypt(piece)
        whole = len(sealed) - len(sealed) % THIRDS
        self._left = sealed[whole:]
        return self._head() + base64.b64encode(sealed[:whole])

    def finish(self) -> bytes:
        """Returns the last bytes of the envelope."""
        return self._head() + base64.b64encode(self._left + self._cipher.digest()) + self._after.encode()

    def _head(self) -> bytes:
        if self._began:
            return b""
        self._began = True
        return self._before.encode()


class SigningStream:
    """Signs bytes that come in pieces; `before`: those that are signed and not sent."""

    def __init__(self, secret: Secret, id: str, now: datetime, before: bytes) -> None:  # noqa: A002 - see above
        self._id = id
        self._timestamp = str(int(now.astimezone(UTC).timestamp()))
        self._mac = hmac.new(secret.signing_key, f"{id}.{self._timestamp}.".encode() + before, hashlib.sha256)

    def update(self, piece: bytes) -> None:
        """Adds the next bytes."""
        self._mac.update(piece)

    def headers(self) -> dict[str, str]:
        """Returns the headers, as `sign` does."""
        signature = "v1," + base64.b64encode(self._mac.digest()).decode("ascii")
        return {ID_HEADER: self._id, TIME_HEADER: self._timestamp, SIGNATURE_HEADER: signature}
