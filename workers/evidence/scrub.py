"""Removes secrets from evidence: an error's text may quote an address with its password, or a token."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
LEAST = 6  # characters; shorter values occur inside ordinary words
_NAMES = re.compile(r"SECRET|TOKEN|PASSW|ACCESS_KEY|API_KEY|PRIVATE|CREDENTIAL", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s]+(?=@)")


def secrets_of(env: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the secret values in an environment: of variables with such names, and passwords inside addresses."""
    found = {value for name, value in env.items() if _NAMES.search(name)}
    for value in env.values():
        found.update(match[0].partition(":")[2] for match in _USERINFO.finditer(value))
    return tuple(sorted((value for value in found if len(value) >= LEAST), key=len, reverse=True))


def scrubbed(value: Any, secrets: tuple[str, ...] | None = None) -> Any:
    """Returns the JSON with this process's secrets, and every address's user and password, masked."""
    if secrets is None:
        secrets = secrets_of(os.environ)
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        return _USERINFO.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {str(key): scrubbed(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrubbed(inner, secrets) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else scrubbed(str(value), secrets)
