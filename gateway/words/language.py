"""Chooses the language that a process speaks to people: Chinese or English."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

LANGUAGES = ("zh", "en")
FIRST = "zh"
VARIABLE = "PHONEFLEET_LANG"
_OF_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts, as for every program


def of_terminal(env: Mapping[str, str] = os.environ) -> str:
    """Returns the language of commands: that of PHONEFLEET_LANG, else that of the locale, else English."""
    told = env.get(VARIABLE, "")
    if told in LANGUAGES:
        return told
    locale = next((env[name] for name in _OF_LOCALE if env.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def of_request(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Returns the language of a request to the API: English, unless its Accept-Language asks for Chinese."""
    accepted = next((value for name, value in headers if name.lower() == b"accept-language"), b"")
    return of_browser(None, accepted[:200].decode("latin-1"), "en") if accepted else "en"


def of_browser(own: str | None, accepted: str, fleet: str) -> str:
    """Returns the console's language: the user's own setting, the browser's, that of PHONEFLEET_LANG, then Chinese."""
    if own in LANGUAGES:
        return own
    asked: list[tuple[float, str]] = []
    for place, part in enumerate(accepted[:200].split(",")):
        name, _, weight = part.partition(";q=")
        try:
            value = float(weight) if weight else 1.0
        except ValueError:
            continue
        if value > 0:
            asked.append((place / 1000 - value, name.strip().lower().partition("-")[0]))
    for _, name in sorted(asked):
        if name in LANGUAGES:
            return name
    return fleet or FIRST
