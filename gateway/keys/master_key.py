"""The master key: it encrypts the secrets of all keys in the ledger."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.protocol.seal import NONCE_BYTES, TAG_BYTES, Secret
from models.tables import AlertChannel
from models.values.refused import Refused, refuse
from workers.settings import settings

ALERT_CHANNEL = "alert channel"  # to which the addresses of channels are bound
HOW_TO_MAKE = (
    "set the one that your keys were made under; only before the first key, make one and keep it with your other "
    "secrets: head -c 32 /dev/urandom | base64"
)


class MasterKeyWrong(Exception):
    """A secret does not open under this master key."""

    def __init__(self, secret_id: str) -> None:
        super().__init__(
            f"secret {secret_id} does not open: PHONEFLEET_MASTER_KEY is not the one that it was kept under"
        )


def master_key() -> bytes:
    """Reads the 32 bytes of PHONEFLEET_MASTER_KEY. Raises Refused when it is missing or malformed."""
    key = settings().master_key
    if key is None:
        raise missing_master_key()
    return key


def missing_master_key() -> Refused:
    """Returns the problem to report when there is no master key."""
    return refuse("PHONEFLEET_MASTER_KEY", "is not set, and the secrets of keys rest under it", HOW_TO_MAKE)


def wrap(secret: Secret, key_id: str, master: bytes) -> str:
    """Encrypts a secret: base64 of nonce, ciphertext and tag, bound to the key's and the secret's id."""
    return wrap_texts(secret.texts(), key_id, secret.id, master)


def unwrap(resting: str, secret_id: str, key_id: str, master: bytes) -> Secret:
    """Decrypts a stored secret. Raises MasterKeyWrong."""
    seal_key, signing_secret = unwrap_texts(resting, key_id, secret_id, master)
    return Secret.of_texts(seal_key, signing_secret, secret_id)


def _cipher(master: bytes, nonce: bytes) -> Any:
    from Crypto.Cipher import AES  # noqa: PLC0415 - a list of keys or channels opens none of them

    return AES.new(master, AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)


def wrap_texts(texts: Sequence[str], owner: str, secret_id: str, master: bytes) -> str:
    """Encrypts texts that belong together: base64 of nonce, ciphertext and tag, bound to both ids."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = _cipher(master, nonce)
    cipher.update(_bound(owner, secret_id))
    sealed, tag = cipher.encrypt_and_digest(json.dumps(list(texts)).encode())
    return base64.b64encode(nonce + sealed + tag).decode("ascii")


def unwrap_texts(resting: str, owner: str, secret_id: str, master: bytes) -> list[str]:
    """Decrypts texts that `wrap_texts` encrypted. Raises MasterKeyWrong."""
    try:
        whole = base64.b64decode(resting)
        cipher = _cipher(master, whole[:NONCE_BYTES])
        cipher.update(_bound(owner, secret_id))
        opened = cipher.decrypt_and_verify(whole[NONCE_BYTES:-TAG_BYTES], whole[-TAG_BYTES:])
        found: list[str] = json.loads(opened)
    except ValueError:
        raise MasterKeyWrong(secret_id) from None
    return found


def _bound(key_id: str, secret_id: str) -> bytes:
    return f"{key_id}|{secret_id}".encode()


def rewrap_channels(session: Session, old: bytes, master: bytes) -> int:
    """Encrypts the addresses of alert channels under another master key. Returns the number changed."""
    moved = 0
    for row in session.scalars(select(AlertChannel).order_by(AlertChannel.id).with_for_update()):
        try:
            unwrap_texts(row.sealed, ALERT_CHANNEL, row.id, master)
        except MasterKeyWrong:
            row.sealed = wrap_texts(unwrap_texts(row.sealed, ALERT_CHANNEL, row.id, old), ALERT_CHANNEL, row.id, master)
            moved += 1
    return moved
