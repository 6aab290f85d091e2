"""Reading a shell line as Android's sh does: words and their expansions, lists, pipelines, loops, redirections.

Not read: functions, `case`, here-documents and arithmetic. `&` ends a command as `;` does: nothing runs beside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from phonesim.shell.scanner import ENDS_WORD, BadLine, Scanner
from phonesim.shell.tree import (
    Command,
    For,
    Group,
    If,
    Lines,
    Output,
    Pipeline,
    Redirect,
    Simple,
    Text,
    Variable,
    While,
    Word,
)  # fmt: skip

MOST_DEPTH = 30  # of lists inside lists
_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_REDIRECT = re.compile(r"([0-9]?)(>>|>&|<&|>|<)")
_PARAMETER = re.compile(r"\{([A-Za-z_]\w*|[?$#@*0-9])(?:(:?[-+])((?:[^{}\\]|\\.)*))?\}|([A-Za-z_]\w*|[?$#@*0-9])")
_PLAIN = re.compile(r"""[^ \t\n;&|<>()'"\\$`]+""")
_IN_QUOTES = re.compile(r"""[^"\\$`]+""")
_CLOSERS = frozenset({"then", "do", "done", "elif", "else", "fi", "}", ")"})


def parse(line: str) -> Lines:
    """The pipelines of a line, in order. Raises BadLine."""
    reader = _Reader(line)
    lines = reader.lines()
    if not reader.ended:
        raise BadLine(f"syntax error: unexpected '{line[reader.at]}'")
    return lines


@dataclass(slots=True)
class _Reader(Scanner):
    depth: int = 0

    def lines(self) -> Lines:
        """Everything up to a word or sign that closes what is around."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise BadLine("syntax error: nested too deeply")
        pipelines: list[Pipeline] = []
        condition = ""
        while True:
            self.blanks(newlines=True)
            if self.ended or self.text[self.at] == ")" or self.peek_word() in _CLOSERS:
                break
            pipelines.append(replace(self._pipeline(), condition=condition))
            condition = ""
            self.blanks()
            if self.take("&&") or self.take("||"):
                condition = self.text[self.at - 2 : self.at]
            elif not (self.take(";") or self.take("&") or self.take("\n")):
                break
        if condition:
            raise BadLine("syntax error: a command is missing")
        self.depth -= 1
        return tuple(pipelines)

    def _pipeline(self) -> Pipeline:
        turned = self.peek_word() == "!" and self.word_taken("!")
        commands = [self._command()]
        while True:
            self.blanks()
            if self.text.startswith("||", self.at) or not self.take("|"):
                return Pipeline(tuple(commands), turned=turned)
            self.blanks(newlines=True)
            commands.append(self._command())

    def _command(self) -> Command:
        self.blanks()
        word = self.peek_word()
        if self.take("("):
            body = self._body()
            self.need(")")
            return replace(Group(body, own_shell=True), redirects=self._redirects())
        if word == "{":
            self.word_taken("{")
            body = self._body()
            self.word_needed("}")
            return replace(Group(body, own_shell=False), redirects=self._redirects())
        if word == "for":
            return self._for()
        if word == "if":
            return self._if()
        if word in ("while", "until"):
            self.word_taken(word)
            condition, body = self._body(), self._do()
            return replace(While(condition, body, word == "until"), redirects=self._redirects())
        return self._simple()

    def _for(self) -> For:
        self.word_taken("for")
        self.blanks()
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise BadLine("syntax error: for needs a name")
        self.at = match.end()
        self.word_needed("in")
        words = []
        while (word := self._word()) is not None:
            words.append(word)
        return replace(For(match[0], tuple(words), self._do()), redirects=self._redirects())

    def _if(self) -> If:
        self.word_taken("if")
        branches: list[tuple[Lines, Lines]] = []
        while True:
            condition = self._body()
            self.word_needed("then")
            branches.append((condition, self._body()))
            word = self.peek_word()
            if word != "elif":
                break
            self.word_taken("elif")
        if word == "else":
            self.word_taken("else")
            branches.append(((), self._body()))
        self.word_needed("fi")
        return replace(If(tuple(branches)), redirects=self._redirects())

    def _do(self) -> Lines:
        self.blanks(newlines=True)
        self.take(";")
        self.word_needed("do")
        body = self._body()
        self.word_needed("done")
        return body

    def _body(self) -> Lines:
        body = self.lines()
        if not body:
            raise BadLine("syntax error: a command is missing")
        return body

    def _simple(self) -> Simple:
        words: list[Word] = []
        assignments: list[tuple[str, Word]] = []
        redirects: list[Redirect] = []
        while True:
            self.blanks()
            if (redirect := self._redirect()) is not None:
                redirects.append(redirect)
                continue
            match = None if words else _ASSIGNMENT.match(self.text, self.at)
            if match is not None:
                self.at = match.end()
                assignments.append((match[1], self._word(blanks=False) or ()))
                continue
            word = self._word()
            if word is None:
                break
            words.append(word)
        if not (words or assignments or redirects):
            raise BadLine("syntax error: a command is missing")
        return Simple(tuple(words), tuple(assignments), tuple(redirects))

    def _redirects(self) -> tuple[Redirect, ...]:
        found = []
        while (redirect := self._redirect()) is not None:
            found.append(redirect)
        return tuple(found)

    def _redirect(self) -> Redirect | None:
        self.blanks()
        match = _REDIRECT.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        target = self._word()
        if target is None:
            raise BadLine("syntax error: unexpected newline")
        sign = match[2]
        fd = int(match[1]) if match[1] else int(sign[0] == ">")
        return Redirect(fd, "&" if sign.endswith("&") else sign, target)  # type: ignore[arg-type]

    def _word(self, *, blanks: bool = True) -> Word | None:
        """The word that begins here; None where none does."""
        if blanks:
            self.blanks()
        parts: list[Text | Variable | Output] = []
        begun = self.at
        while not self.ended and (sign := self.text[self.at]) not in ENDS_WORD:
            if sign == "'":
                parts.append(Text(self.until("'"), quoted=True))
            elif sign == '"':
                self.at += 1
                parts += self._double()
            elif sign == "\\":
                parts.append(Text(self.text[self.at + 1 : self.at + 2], quoted=True))
                self.at += 2
            elif sign in "$`":
                parts.append(self._dollar(quoted=False))
            else:
                parts.append(self._plain(_PLAIN, quoted=False))
        return tuple(parts) if self.at > begun else None

    def _double(self) -> list[Text | Variable | Output]:
        parts: list[Text | Variable | Output] = [Text("", quoted=True)]
        while not self.ended and (sign := self.text[self.at]) != '"':
            if sign == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\", "$", "`"):
                parts.append(Text(self.text[self.at + 1], quoted=True))
                self.at += 2
            elif sign in "$`":
                parts.append(self._dollar(quoted=True))
            else:
                parts.append(self._plain(_IN_QUOTES, quoted=True))
        self.need('"', "syntax error: unexpected EOF (no closing quote)")
        return parts

    def _plain(self, run: re.Pattern[str], *, quoted: bool) -> Text:
        match = run.match(self.text, self.at)
        value = match[0] if match else self.text[self.at]
        self.at += len(value)
        return Text(value, quoted)

    def _dollar(self, *, quoted: bool) -> Text | Variable | Output:
        if self.text[self.at] == "`":
            return Output(parse(self.until("`").replace("\\`", "`")), quoted)
        self.at += 1
        if self.text.startswith("((", self.at):
            raise BadLine("syntax error: arithmetic is not simulated")
        if self.take("("):
            body = self.lines()
            self.need(")")
            return Output(body, quoted)
        match = _PARAMETER.match(self.text, self.at)
        if match is None:
            return Text("$", quoted)
        self.at = match.end()
        return Variable(match[1] or match[4], quoted, match[2] or "", match[3] or "")
