"""Remedies for callbacks that do not arrive, by the result of the last try."""

from __future__ import annotations

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "address_refused": "address_refused: the address is not a public one; if it is yours, list its network, such as "
    "127.0.0.0/8, in PHONEFLEET_CALLBACK_NETWORKS, start the delivery workers anew and replay",
    "name_not_resolved": "name_not_resolved: no name service knows the receiver; check its name, or the name service",
    "no_connection": "no_connection: nothing listens there, or something between cuts it off; start the receiver",
    "timed_out": "timed_out: the receiver answers too late; let it answer first, and do its work afterwards",
    "tls_failed": "tls_failed: its certificate is not trusted; mend it, or set PHONEFLEET_CALLBACK_CA to its authority",
    "no_http": "no_http: what listens there does not speak HTTP; check scheme and port",
    "bad_address": "bad_address: the address cannot be called; name another one",
    "key_revoked": "key_revoked: nothing is sent to a key that was revoked",
    "secret_unreadable": "secret_unreadable: PHONEFLEET_MASTER_KEY is not the one that the secrets were kept under",
    "address_not_allowed": "address_not_allowed: its origin is not in the key's allowlist any more: "
    "phonefleet keys allow KEY ORIGIN",
    "endpoint_disabled": "the address said that it is gone; if it is there again: phonefleet deliveries enable ADDRESS",
    "too_old": "too_old: it could not be delivered within a week; phonefleet deliveries replay ID",
}


def remedy_for(state: str, status: int | None, error: str | None) -> str:
    """Returns the remedy in words, with a command or setting where one helps.

    Empty for a delivery that arrived or was not tried yet.
    """
    if state == "delivered" or (status is None and error is None):
        return ""
    if status == 410 or state == "disabled":
        return REMEDIES["endpoint_disabled"]
    if status is None:
        return REMEDIES.get(error or "", "")
    if status in (400, 401, 403):
        return f"{status}: the receiver refuses it; check its secrets, and that its clock is right"
    if 300 <= status < 400:
        return f"{status}: no redirect is followed; name the address that it leads to"
    return f"{status}: the receiver must answer 2xx; see its log"
