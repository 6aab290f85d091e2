"""Words for customers: takes the operator's people, their reasons and other customers' failures out of a stored reason.

The ledger keeps who did something and why, in words, for the operator. A customer reads that the operator did it. Its
own people's names and reasons stay: only they and the operator can act on its tasks. Pure.
"""

from __future__ import annotations

import re

OPERATOR = "the operator"
_OWN = re.compile(r" \(key_[0-9a-f]{16}\)\Z")  # how a customer's name ends: gateway.access.caller.Caller.who
_AFTER = r"(?P<before>(?:\S+ [0-9a-f-]{36} did not succeed: )?)"
_PERSON = re.compile(_AFTER + r"(?P<who>.{1,300}?) (?P<did>paused it|stopped it)(?P<why>: .*)?\Z", re.DOTALL)
_GAVE_UP = re.compile(_AFTER + r"(?P<who>.{1,300}?) gave it up: ", re.DOTALL)
_PHONE = re.compile(_AFTER + r"phone (?P<serial>.{1,191}?) is paused by ", re.DOTALL)
_FLOW = re.compile(_AFTER + r"held: flow (?P<flow>\S+) is held by ", re.DOTALL)
_RESTS = re.compile(_AFTER + r"account (?P<account>.{1,191}?) rests: ", re.DOTALL)
_TWICE = re.compile(_AFTER + r"account .{1,191}? is (?:logged in )?on phone ", re.DOTALL)
_QUARANTINE = re.compile(_AFTER + r"(?P<told>in quarantine for [^:]*): ", re.DOTALL)


def customer_words(text: str | None) -> str | None:
    """Returns why a task waits, was stopped or failed, as its customer may read it; None for None."""
    if text is None:
        return None
    for pattern, words in _HIDDEN:
        found = pattern.match(text)
        if found is not None:
            return found["before"] + words.format(**found.groupdict())
    gave_up = _GAVE_UP.match(text)
    if gave_up is not None and not _OWN.search(gave_up["who"]):
        return f"{gave_up['before']}{OPERATOR} gave it up: {text[gave_up.end() :]}"
    person = _PERSON.match(text)
    if person is not None and not _OWN.search(person["who"]):
        return f"{person['before']}{OPERATOR} {person['did']}"
    return text


_HIDDEN = (
    (_PHONE, "phone {serial} is paused by " + OPERATOR),
    (_FLOW, "held: " + OPERATOR + " holds flow {flow}"),
    (_RESTS, "account {account} rests until a person has looked at it"),
    (_TWICE, "its account is on another phone too: a person must log it out on one of them"),
    (_QUARANTINE, "{told}"),
)
