"""What a shell command gets and gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from phonesim.files import absolute

if TYPE_CHECKING:
    from phonesim.adb.stream import Stream
    from phonesim.device import Device


@dataclass(slots=True)
class Call:
    """A command about to run. `send` puts output on the stream before the command has ended."""

    device: Device
    name: str
    args: list[str]
    stream: Stream
    send: Callable[[bytes], Awaitable[None]]
    stdin: bytes = b""
    env: dict[str, str] = field(default_factory=dict)
    cwd: str = "/"

    def path(self, name: str) -> str:
        """A path from the root, from where the shell is."""
        return absolute(name, self.cwd)

    @property
    def operands(self) -> list[str]:
        """The arguments that are no options."""
        return [arg for arg in self.args if not arg.startswith("-") or arg == "-"]

    def flag(self, letter: str) -> bool:
        """Was the option with this letter given, alone or among others?"""
        return any(arg.startswith("-") and not arg.startswith("--") and letter in arg[1:] for arg in self.args)


@dataclass(slots=True)
class Result:
    """What a command wrote and its exit code."""

    out: bytes = b""
    err: bytes = b""
    code: int = 0


Command: TypeAlias = Callable[[Call], Awaitable[Result]]


def said(text: str, code: int = 0) -> Result:
    """Lines on standard output."""
    return Result(out=(text if not text or text.endswith("\n") else text + "\n").encode(), code=code)


def failed(text: str, code: int = 1) -> Result:
    """A line on standard error, and a code that is not 0."""
    return Result(err=(text + "\n").encode(), code=code)
