"""Passwords of the test process are hashed in no time.

A console of a test's own has three users, and each of them and each login costs 64 MiB and a sixth of a second as
the product hashes. What it asks of argon2 is checked in tests/gateway/console/test_people.py.
"""

from __future__ import annotations

from argon2 import PasswordHasher

from gateway.console.people import passwords

as_the_product_does = passwords._HASHER


def hash_quickly() -> None:
    """From now on, in this process. The parameters are part of a hash, so each one is verified as it was made."""
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
