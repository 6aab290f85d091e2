"""The client's settings from the environment: GATEWAY, KEY_ID, SEAL_KEY and SIGNING_SECRET."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.client.errors import Unusable
from gateway.protocol.seal import Secret

SHOWN = "`phonefleet keys make` shows it: export it"
_NAME = re.compile(r"[\x21-\x7e]+")


def secret_of(env: Mapping[str, str] = os.environ) -> Secret:
    """Builds the secret of SEAL_KEY and SIGNING_SECRET. Raises Unusable."""
    texts = [read_set(env, name, SHOWN) for name in ("SEAL_KEY", "SIGNING_SECRET")]
    try:
        return Secret.of_texts(*texts)
    except ValueError as error:
        raise Unusable(
            "SEAL_KEY, SIGNING_SECRET", str(error), "copy both as `phonefleet keys make` shows them"
        ) from None


def read_set(env: Mapping[str, str], name: str, remedy: str) -> str:
    """Reads a variable, without surrounding blanks. Raises Unusable when it is unset or empty."""
    value = env.get(name, "").strip()
    if not value:
        raise Unusable(name, "is not set", remedy)
    return value


def read_gateway(url: str) -> str:
    """Checks the address of a gateway: http or https, without a slash at its end. Raises Unusable."""
    try:
        parts = urlsplit(url)
        there = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that nothing closes, a port that is no number
        there = False
    if not there:
        raise Unusable("GATEWAY", f"{url!r} is no address", "write it with its scheme, such as http://127.0.0.1:8700")
    return url.rstrip("/")


def read_key_id(key_id: str) -> str:
    """Checks that a key id fits into a header. Raises Unusable."""
    if not _NAME.fullmatch(key_id):
        raise Unusable("KEY_ID", f"{key_id!r} is no id of a key", "copy the id that `phonefleet keys make` shows")
    return key_id
