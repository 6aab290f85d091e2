"""The master key: it encrypts the secrets of all keys in the ledger."""

from __future__ import annotations

import base64
import json

from Crypto.Cipher import AES
from Crypto.Random import get_random_bytes

from gateway.protocol.seal import NONCE_BYTES, TAG_BYTES, Secret
from models.values.refused import Refused, refuse
from workers.settings import settings

HOW_TO_MAKE = "make one and keep it with your other secrets: head -c 32 /dev/urandom | base64"


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
    cipher = AES.new(master, AES.MODE_GCM, nonce=get_random_bytes(NONCE_BYTES), mac_len=TAG_BYTES)
    cipher.update(_bound(key_id, secret.id))
    sealed, tag = cipher.encrypt_and_digest(json.dumps(secret.texts()).encode())
    return base64.b64encode(cipher.nonce + sealed + tag).decode("ascii")


def unwrap(resting: str, secret_id: str, key_id: str, master: bytes) -> Secret:
    """Decrypts a stored secret. Raises MasterKeyWrong."""
    whole = base64.b64decode(resting)
    nonce, sealed, tag = whole[:NONCE_BYTES], whole[NONCE_BYTES:-TAG_BYTES], whole[-TAG_BYTES:]
    cipher = AES.new(master, AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)
    cipher.update(_bound(key_id, secret_id))
    try:
        seal_key, signing_secret = json.loads(cipher.decrypt_and_verify(sealed, tag))
    except ValueError:
        raise MasterKeyWrong(secret_id) from None
    return Secret.of_texts(seal_key, signing_secret, secret_id)


def _bound(key_id: str, secret_id: str) -> bytes:
    return f"{key_id}|{secret_id}".encode()
