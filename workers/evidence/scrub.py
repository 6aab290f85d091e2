"""Removes secrets from evidence: an error's text may quote an address with its password, or a token."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
LEAST = 6  # characters; shorter values occur inside ordinary words
_NAMES = re.compile(
    r"SECRET|TOKEN|PASSW|ACCESS_KEY|API_KEY|PRIVATE|CREDENTIAL|PASSPHRASE|SIGNING"
    r"|(^|_)(KEY|KEYS|PASS|AUTH|DSN|COOKIE|JWT)(_|$)|_PWD$",
    re.IGNORECASE,
)
_NO_SECRETS = re.compile(r"_SOCK$|_FILE$|_PATH$|_DIR$", re.IGNORECASE)  # they say where one is
_USERINFO = re.compile(r"(?<=://)[^/\s]+(?=@)")
_OPTION = re.compile(r"[?&][^=&\s]*(?:passw|secret|token|key|auth|sig)[^=&\s]*=([^&#\s]+)", re.IGNORECASE)
_PREFIXES = ("whsec_", "Bearer ", "Basic ")


def secrets_of(env: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the secret values in an environment: of variables with such names, and those inside addresses."""
    found = {value for name, value in env.items() if _NAMES.search(name) and not _NO_SECRETS.search(name)}
    for value in env.values():
        for match in _USERINFO.finditer(value):
            user, colon, password = match[0].partition(":")
            found.add(password if colon else user)
        found.update(match[1] for match in _OPTION.finditer(value))
    return _longest_first(found)


def all_forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Returns the secrets in every form in which an error may quote them: decoded, encoded and escaped."""
    found: set[str] = set()
    for secret in secrets:
        for plain in {secret, unquote(secret), *_without_prefix(secret), *_parts(secret)}:
            found |= {plain, quote(plain, safe=""), quote(plain), quote_plus(plain), json.dumps(plain)[1:-1]}
            found |= _of_bytes(plain.encode(errors="replace"))
            decoded = _decoded(plain)
            if decoded is not None:
                found |= _of_bytes(decoded)
    return _longest_first(found)


def _longest_first(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted((value for value in found if len(value) >= LEAST), key=len, reverse=True))


def _without_prefix(secret: str) -> list[str]:
    return [secret.removeprefix(prefix) for prefix in _PREFIXES if secret.startswith(prefix)]


def _parts(secret: str) -> list[str]:
    """Of user:password, as HTTP's basic form has it, the password."""
    return [secret.partition(":")[2]] if secret.count(":") == 1 and "://" not in secret else []


def _decoded(text: str) -> bytes | None:
    """Returns what base64 holds, the form for addresses included; None when it is none."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return None


def _of_bytes(data: bytes) -> set[str]:
    """Returns bytes as text, if they are one, in both forms of base64, in hexadecimal and as Python shows them."""
    forms = {data.hex(), data.hex().upper(), repr(data)[2:-1]}
    for encoded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        forms |= {encoded, encoded.rstrip("=")}
    with contextlib.suppress(UnicodeDecodeError):
        forms.add(data.decode())
    return forms


def scrubbed(value: Any, secrets: tuple[str, ...] | None = None) -> Any:
    """Returns the JSON with this process's secrets, and every address's user and password, masked."""
    return _masked(value, all_forms(secrets_of(os.environ) if secrets is None else secrets))


def _masked(value: Any, forms: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        for form in forms:
            value = value.replace(form, HIDDEN)
        return _USERINFO.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {_masked(str(key), forms): _masked(inner, forms) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner, forms) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else _masked(str(value), forms)
