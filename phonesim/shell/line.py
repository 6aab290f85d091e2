"""Reading a shell line: quotes, `;`, `&&`, `||`, `|`, redirections, leading VAR=value, and `$?`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LAST_CODE = "\x00"  # stands for an unquoted or double-quoted $? until the command runs

_TOKEN = re.compile(
    r"""[^\S\n]+                              # between words
    | (?P<redirect>[0-9]?>>?(?:&[0-9])?|<)
    | (?P<operator>&&|\|\||;|\||&|\n)
    | '(?P<single>[^']*)'
    | "(?P<double>(?:\\.|[^"\\])*)"
    | \\(?P<escaped>.)
    | (?P<code>\$\?)
    | (?P<plain>[^\s;&|<>'"\\$]+|\$)
    """,
    re.VERBOSE | re.DOTALL,
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class BadLine(Exception):
    """The line is no shell line: a quote is left open, or a word is missing."""


@dataclass(slots=True)
class Simple:
    """One command: words, its own environment, and where its output goes (None: onwards)."""

    words: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    target: str | None = None
    append: bool = False


@dataclass(slots=True)
class Pipeline:
    """Commands joined by `|`; `condition` is what must hold before it runs: '', '&&' or '||'."""

    commands: list[Simple]
    condition: str = ""


def parse(line: str) -> list[Pipeline]:
    """The pipelines of a line, in order. Raises BadLine."""
    pipelines: list[Pipeline] = []
    current: list[Simple] = [Simple()]
    condition = ""
    redirect = ""
    for kind, value in _tokens(line):
        if kind == "redirect":
            redirect = value
            if "&" in value:
                redirect = ""
        elif kind == "word" and redirect:
            _redirect(current[-1], redirect, value)
            redirect = ""
        elif kind == "word":
            _add_word(current[-1], value)
        elif value == "|":
            current.append(Simple())
        else:
            _finish(pipelines, current, condition)
            current, condition = [Simple()], value if value in ("&&", "||") else ""
    if redirect:
        raise BadLine("syntax error: unexpected newline")
    _finish(pipelines, current, condition)
    return pipelines


def _tokens(line: str) -> list[tuple[str, str]]:
    """Words, operators and redirections; adjacent pieces of a word are joined."""
    tokens: list[tuple[str, str]] = []
    position, glued = 0, False
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            raise BadLine("syntax error: unexpected EOF (no closing quote)")
        position = match.end()
        kind = match.lastgroup
        if kind in ("operator", "redirect"):
            tokens.append((kind, match[kind]))
            glued = False
        elif kind is None:
            glued = False
        else:
            piece = _piece(kind, match[kind])
            if glued:
                piece = tokens.pop()[1] + piece
            tokens.append(("word", piece))
            glued = True
    return tokens


def _piece(kind: str, value: str) -> str:
    if kind == "code":
        return LAST_CODE
    if kind == "double":
        return re.sub(r'\\(["\\$`])', r"\1", value.replace("$?", LAST_CODE))
    return value


def _add_word(command: Simple, word: str) -> None:
    if not command.words and _ASSIGNMENT.match(word):
        name, _, value = word.partition("=")
        command.env[name] = value
    else:
        command.words.append(word)


def _redirect(command: Simple, operator: str, target: str) -> None:
    if operator in (">", ">>", "1>", "1>>"):
        command.target, command.append = target, operator.endswith(">>")


def _finish(pipelines: list[Pipeline], commands: list[Simple], condition: str) -> None:
    filled = [command for command in commands if command.words or command.env]
    if filled and len(filled) == len(commands):
        pipelines.append(Pipeline(filled, condition))
    elif condition or len(commands) > 1:
        raise BadLine("syntax error: a command is missing")
