"""Turns errors that a person can mend into lines of text. Other errors are defects, and keep their traceback."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import DatabaseError

from models.database.terminal_safe import on_screen
from models.values.refused import Problem, Refused, refuse
from scripts.connect import unreachable
from scripts.terminal.language import put, said
from scripts.terminal.show import Lines, indented, print_lines
from workers.settings import SettingsError

# Errors whose messages are for people. By name, so that their modules need not be imported.
SAY_ALL = frozenset({"NoRedis", "RedisDidNotStart", "PartDied", "CampaignFailed"})


def lines_of(error: BaseException) -> list[str] | None:
    """Returns the lines for stderr, in the language that is spoken: field, reason and remedy; None for a defect."""
    if isinstance(error, Refused):
        more = [put("  and {count} more problems", count=error.more)] if error.more else []
        return refusal_lines(error.problems) + more
    if isinstance(error, DatabaseError):
        return refusal_lines(unreachable(error).problems)
    if isinstance(error, SettingsError | TimeoutError) or type(error).__name__ in SAY_ALL:
        return [indented(line) for line in str(error).split("\n")]
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return refusal_lines(of_file(error).problems)
    if any(one.__module__.partition(".")[0] in ("redis", "kombu") for one in type(error).__mro__):
        return refusal_lines(of_redis(error).problems)
    return None


def say_lines(lines: Sequence[str]) -> None:
    """Prints lines to stderr; in a terminal breaks them at words and keeps their indentation."""
    console = Lines(stderr=True)
    for line in on_screen("\n".join(lines)).split("\n"):
        text = line.lstrip(" ")
        print_lines(console, [text], len(line) - len(text))


def of_file(error: OSError) -> Refused:
    """Returns the refusal for a file or folder that is missing or cannot be used."""
    remedy = {
        FileNotFoundError: "correct the name, or the folder that you are in",
        PermissionError: "have it given to you, or name another one",
    }.get(type(error), "name another one")
    return refuse(str(error.filename), str(error.strerror), remedy)


def of_redis(error: BaseException) -> Refused:
    """Returns the refusal for a Redis that is away or does not work."""
    remedy = "start it (phonefleet up runs one of its own), or correct PHONEFLEET_REDIS_URL; phonefleet doctor looks"
    return refuse("PHONEFLEET_REDIS_URL", f"Redis does not answer as it should: {error}", remedy)


def refusal_lines(problems: Sequence[Problem]) -> list[str]:
    """Returns a line for each problem, with field and reason, and one for each remedy; equal remedies stand once."""
    lines = [said("refused; nothing was changed:")]
    for index, problem in enumerate(problems):
        lines.append(f"  {problem.field}: " + said(problem.reason.strip()).replace("\n", "\n      "))
        following = problems[index + 1] if index + 1 < len(problems) else None
        if following is None or following.remedy != problem.remedy:
            lines.append(f"      -> {said(problem.remedy)}")
    return lines
