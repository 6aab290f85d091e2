"""Where the subject of an alert is shown: the page of the console that people open to see the thing."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

SHORT = 8  # characters of an id that people compare
ID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class Place:
    """What an alert is about: a word of the catalogue for its kind, its name, and its page; each may be empty."""

    noun: str
    name: str
    path: str


# By the kind of a subject, `kind:name`: the word, and the page with `{}` for the name.
PLACES = {
    "task": ("Task", "/tasks/{}"),
    "campaign": ("Campaign", "/campaigns/{}"),
    "phone": ("", "/phones/{}"),
    "account": ("", "/records?account={}"),
    "hold": ("Held", "/failures"),
    "watch": ("Watch", "/watches/{}"),
    "schedule": ("Schedule", "/campaigns#schedules"),
    "flow": ("Flow package", "/flows"),
    "host": ("Host", "/shelf?find={}"),
    "endpoint": ("Callback address", "/callbacks"),
    "page": ("Page of the app", "/drift"),
    "sandbox-page": ("Page of the app", "/drift"),
    "setting": ("Setting", "/keys"),
    "part": ("Part", "/shelf?find={}"),
    "ledger": ("Ledger", ""),
    "redis": ("Redis", "/shelf?find={}"),
}


def place_of(subject: str) -> Place:
    """Returns where the subject of an alert is shown. One of an unknown kind is its own name, without a page."""
    kind, _, name = subject.partition(":")
    if kind not in PLACES:
        return Place("", subject, "")
    noun, path = PLACES[kind]
    shown = name[:SHORT] if len(name) == ID_LENGTH and name.count("-") == 4 else name
    there = name.rpartition("@")[2] if kind == "part" else name  # the host of a part, or the one that is cut off
    return Place(noun, shown, path.format(quote(there, safe="")) if name else "")
