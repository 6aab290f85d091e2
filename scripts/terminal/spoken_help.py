"""Says typer's help and its complaints in the language that is spoken: the commands' own words, and the library's."""

from __future__ import annotations

import contextlib
import gettext
from collections.abc import Callable, Iterator
from typing import Any

from scripts.terminal.language import said, words

_of_library = gettext.dgettext


def translate_gettext() -> None:
    """Has what typer asks of gettext (Options, Commands, required …) looked up in the catalogue."""

    def dgettext(domain: str, message: str) -> str:
        spoken = words()
        found = None if spoken is None else spoken.texts.get(message)
        return _of_library(domain, message) if found is None else found

    gettext.dgettext = dgettext


def in_language(command: Any) -> Any:
    """Translates the help of a command, of its parameters, and of the commands in it. Returns it."""
    if words() is None:
        return command
    command.help = paragraphs(command.help)
    panel = command.rich_help_panel
    command.rich_help_panel = said(panel) if isinstance(panel, str) else panel
    command.get_params = _translating(command.get_params)
    command.get_usage = _usage(command.get_usage)
    command.format_help = folding(command.format_help)
    for inner in getattr(command, "commands", {}).values():
        in_language(inner)
    return command


def paragraphs(text: str | None) -> str | None:
    """Returns a help text, each of its paragraphs said in the language that is spoken."""
    if not text:
        return text
    return "\n\n".join(said(" ".join(one.split())) for one in text.strip().split("\n\n"))


def folding(format_help: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Returns what writes a command's help, with tables that cut no sentence."""

    def written(context: Any, formatter: Any) -> None:
        from scripts.terminal.folded_help import fold_help  # noqa: PLC0415 - rich, which only help needs

        fold_help()
        format_help(context, formatter)

    return written


def of_parameters(parameters: list[Any]) -> list[Any]:
    """Translates the help of parameters, that of --help included. Returns them."""
    for one in parameters:
        one.help = paragraphs(getattr(one, "help", None))
    return parameters


def of_usage(text: str) -> str:
    """Returns the line of usage, with the library's word for it translated."""
    word, colon, rest = text.partition(": ")
    return f"{said(word)}{colon}{rest}"


@contextlib.contextmanager
def complaints_said() -> Iterator[None]:
    """Translates what typer finds wrong with a call, and says what an argument that is missing should be."""
    try:
        yield
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is not None:
            text = str(told())
            spoken = text if words() is None else "; ".join(map(said, text.split(". ")))
            wanted = _wanted(error)
            error.format_message = lambda: f"{spoken} {wanted}" if wanted else spoken  # type: ignore[attr-defined]
        raise


def _wanted(error: Exception) -> str:
    """Returns the help of a missing argument, which says what it wants; empty for another complaint."""
    if type(error).__name__ != "MissingParameter":
        return ""
    return paragraphs(getattr(getattr(error, "param", None), "help", None)) or ""


def _translating(get_params: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    return lambda context: of_parameters(get_params(context))


def _usage(get_usage: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda context: of_usage(get_usage(context))
