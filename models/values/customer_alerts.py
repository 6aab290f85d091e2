"""Alerts for customers: without the operator's people and machines, and without other accounts and phones. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

NOTHING_TO_DO = "nothing to do: the operator was told as well"
# Alerts about what belongs to the customer, and about the health of a phone: its customers read them as they are.
WHOLE = frozenset({"needs_review", "content_held", "endpoint_failing", "endpoint_disabled", "phone_unfit"})
# Alerts of watches go to the customers whose watches they are, and to no other: models/notify/deliveries.py.
OF_WATCHES = ("watch_matched", "watch_blind")
# No customer gets these: models/notify/deliveries.py
OF_THE_OPERATOR = ("schedule_refused", "flow_version_withdrawn", "flow_version_in_use", "keys_unopened")
WATCH_REMEDY = "GET /v1/watches/{name} has its latest looks; pause it if it tells of nothing that matters"
# kind of alert → the words for customers; {name}: what its subject names
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "phone_released": "phone {name} is released from quarantine and works again",
        "logged_out": "no account is logged in on phone {name}, which takes no work",
        "account_rests": "account {name} rests until a person has looked at it",
        "account_twice": "account {name} is logged in on more than one phone, and works on one of them",
        "equal_serials": "several phones have one serial, and not all of them work",
        "ledger_away": "the fleet's ledger was away for a while: nothing was lost",
        "adb_full": "some phones are not connected, and take no work",
        "broker_away": "nothing new begins for now, and what runs goes on",
        "watch_blind": "a watch could not look several times in a row",
        "part_ended": "a part of the fleet ended by itself, and is started again",
    }
)
_QUARANTINE = re.compile(r"phone .{1,191}? is (in quarantine for [^:]*)", re.DOTALL)
_DRIFT = re.compile(r"(page .{1,300}? is not as its profile has it)", re.DOTALL)
_LOST = re.compile(r"([0-9]+ phones) of host ")


@dataclass(frozen=True, slots=True)
class CustomerAlert:
    """An alert as a customer may read it."""

    subject: str
    text: str
    remedy: str
    details: Mapping[str, Any] | None = None


def for_customers(
    kind: str, subject: str, text: str, remedy: str, details: Mapping[str, Any] | None = None
) -> CustomerAlert:
    """Returns an alert for customers. A kind that is not known here says nothing but that it is there."""
    if kind in WHOLE:
        return CustomerAlert(subject, text, remedy, details)
    sort, _, name = subject.partition(":")
    if kind in OF_WATCHES:  # the text of a blind one quotes why its tasks failed
        text = text if kind == "watch_matched" else _WORDS[kind]
        return CustomerAlert(subject, text, WATCH_REMEDY.format(name=name), details)
    told = {
        "phone_quarantined": lambda: f"phone {name} is {_found(_QUARANTINE, text) or 'in quarantine'}",
        "page_drift": lambda: _found(_DRIFT, text) or "a page of the app is not as its profile has it",
        "hub_lost": lambda: f"{_found(_LOST, text) or 'several phones'} were lost at one moment",
    }.get(kind, lambda: _WORDS.get(kind, "the operator was told of something").format(name=name))()
    if sort not in ("account", "phone", "page", "sandbox-page") or kind == "equal_serials":
        subject = sort  # the operator's machines, and how phones are told apart
    return CustomerAlert(subject, told, NOTHING_TO_DO)


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.match(text)
    return None if found is None else found[1]
