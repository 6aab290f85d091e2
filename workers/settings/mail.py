"""Readers of the mail server and of the address that sends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server, and who sends. `security` is tls from the start, starttls, or none."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str
    password: str = field(repr=False)


_SMTP: Mapping[str, tuple[Literal["tls", "starttls", "none"], int]] = {
    "smtps": ("tls", 465),
    "smtp": ("starttls", 587),
    "smtp+plain": ("none", 25),
}


def mail_server(value: str) -> Smtp | None:
    """Returns a mail server, or None for no value. A password never goes in plain text."""
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in _SMTP:
        raise ValueError("is neither smtps://, smtp:// nor smtp+plain://")
    security, port = _SMTP[parts.scheme]
    if not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("is not a host, with a port if need be")
    if security == "none" and parts.password:
        raise ValueError("holds a password, which smtp+plain:// would send in plain text")
    user, password = (unquote(part or "") for part in (parts.username, parts.password))
    return Smtp(parts.hostname, parts.port or port, security, user, password)


def mail_address(value: str) -> str:
    """Returns one mail address, or nothing."""
    if value and not MAIL_ADDRESS.fullmatch(value):
        raise ValueError(f"{value!r} is not a mail address")
    return value
