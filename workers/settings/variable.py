"""One environment variable: its name, default, reader and remedy, declared as a dataclass field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T")
Default = str | Callable[[Path], str]  # a function of the directory `var`, where the default depends on it


class SettingsError(ValueError):
    """An environment variable holds a value that cannot be used; says which, why and what to do."""

    def __init__(self, variable: str, reason: str, remedy: str) -> None:
        super().__init__(f"{variable}: {reason}. {remedy}")
        self.variable = variable
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: how its text becomes a value, and what to do when it cannot."""

    name: str
    default: Default
    read: Callable[[str], Any]
    remedy: str

    def value(self, env: Mapping[str, str], var: Path) -> Any:
        """Returns the variable's value in `env`; a blank one counts as absent. Raises SettingsError."""
        told = env.get(self.name, "").strip()
        if not told:
            told = self.default if isinstance(self.default, str) else self.default(var)
        try:
            return self.read(told)
        except ValueError as error:
            reason = str(error)
            if reason.startswith(("invalid literal", "could not convert", "Port could not")):
                reason = f"{told!r} is not a number"
            raise SettingsError(self.name, reason, self.remedy) from None


def variable(name: str, default: Default, read: Callable[[str], T], remedy: str, *, secret: bool = False) -> T:
    """Returns a dataclass field. Typed as what `read` returns, so that mypy holds it against the annotation."""
    return cast("T", field(repr=not secret, metadata={"variable": Variable(name, default, read, remedy)}))
