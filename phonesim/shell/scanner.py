"""Going through the signs and words of a shell line."""

from __future__ import annotations

from dataclasses import dataclass

ENDS_WORD = frozenset(" \t\n;|&<>()")


class BadLine(Exception):
    """The line is no shell line: a quote is left open, or a word is missing."""


@dataclass(slots=True)
class Scanner:
    """A line, and the place in it up to which it was read."""

    text: str
    at: int = 0

    @property
    def ended(self) -> bool:
        """Was the line read to its end?"""
        return self.at >= len(self.text)

    def until(self, mark: str) -> str:
        """What stands between two marks."""
        end = self.text.find(mark, self.at + 1)
        while mark == "`" and end > 0 and self.text[end - 1] == "\\":
            end = self.text.find(mark, end + 1)
        if end < 0:
            raise BadLine("syntax error: unexpected EOF (no closing quote)")
        inside, self.at = self.text[self.at + 1 : end], end + 1
        return inside

    def blanks(self, *, newlines: bool = False) -> None:
        """Pass blanks, comments and continued lines."""
        while not self.ended:
            if self.text.startswith("\\\n", self.at):
                self.at += 2
            elif self.text[self.at] in (" \t\r\n" if newlines else " \t\r"):
                self.at += 1
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def peek_word(self) -> str:
        """The word that begins here, not read yet; empty where none does."""
        end = self.at
        while end < len(self.text) and self.text[end] not in ENDS_WORD:
            end += 1
        return self.text[self.at : end]

    def word_taken(self, word: str) -> bool:
        """Pass a word that was peeked at."""
        self.at += len(word)
        return True

    def word_needed(self, word: str) -> None:
        """Pass blanks and this word. Raises BadLine where another stands."""
        self.blanks(newlines=True)
        if self.peek_word() != word:
            raise BadLine(f"syntax error: expected '{word}'")
        self.at += len(word)

    def take(self, sign: str) -> bool:
        """Pass this sign if it stands here. Did it?"""
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def need(self, sign: str, reason: str = "") -> None:
        """Pass this sign. Raises BadLine, with this reason, where it does not stand."""
        self.blanks(newlines=sign == ")")
        if not self.take(sign):
            raise BadLine(reason or f"syntax error: expected '{sign}'")
