"""Passwords: hashes them with argon2id, and verifies them at a cost that is the same for a name that is unknown."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.values.refused import refuse

LEAST, MOST = 10, 256  # characters; NIST SP 800-63B asks for 8 at least and for no rules of composition
_HASHER = PasswordHasher()  # argon2-cffi's defaults: RFC 9106's second recommendation
_AT_ONCE = threading.BoundedSemaphore(2)  # each takes 64 MiB


def hashed(password: str) -> str:
    """Returns the hash of a new password. Raises Refused for one that is too short, or too long."""
    if not LEAST <= len(password) <= MOST:
        raise refuse("password", f"it has {len(password)} characters", f"use {LEAST} to {MOST}")
    with _AT_ONCE:
        return _HASHER.hash(password)


def fits(password: str, password_hash: str | None) -> bool:
    """Returns whether the password is right. None, for an unknown user, takes as long and is never right."""
    if len(password) > MOST:
        return False
    with _AT_ONCE:
        try:
            _HASHER.verify(password_hash or _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
