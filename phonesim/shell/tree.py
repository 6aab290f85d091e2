"""What a shell line consists of, once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as they are; unquoted ones may be a pattern."""

    value: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`, `${name:-rest}`; `operator` is '', '-', ':-', '+' or ':+'."""

    name: str
    quoted: bool
    operator: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """`$(…)` or backquotes: what the list prints."""

    body: Lines
    quoted: bool


Word: TypeAlias = tuple[Text | Variable | Output, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where descriptor `fd` goes: into a file, from one, or wherever another descriptor goes ('&')."""

    fd: int
    operator: Literal[">", ">>", "<", "&"]
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    """A command: its words, and the assignments before them."""

    words: tuple[Word, ...] = ()
    assignments: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`( … )` in a shell of its own, or `{ …; }` in this one."""

    body: Lines
    own_shell: bool
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    """`for name in words; do …; done`."""

    name: str
    words: tuple[Word, ...]
    body: Lines
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class If:
    """Conditions with what follows each; the last one is () for `else`."""

    branches: tuple[tuple[Lines, Lines], ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """`while …; do …; done`; `until` turns the condition round."""

    condition: Lines
    body: Lines
    until: bool
    redirects: tuple[Redirect, ...] = ()


Command: TypeAlias = Simple | Group | For | If | While


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by `|`; `condition` is what must hold before it runs: '', '&&' or '||'."""

    commands: tuple[Command, ...]
    condition: str = ""
    turned: bool = False  # by `!`


Lines: TypeAlias = tuple[Pipeline, ...]
