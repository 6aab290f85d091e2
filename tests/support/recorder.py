"""Somebody who records an app: answers as a script says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flows.screen import Node, Screen
from workers.policy.recorder.walk import words_of


class Person:
    """Answers as a script says; an element is named by what its line says: `<account_item> row`."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.told: list[str] = []

    def ask(self, words: str) -> str:
        answer = next(self._answers)
        return re.sub(r"<(.+?)>", lambda found: self._number(found[1]), answer)

    def tell(self, line: str) -> None:
        self.told.append(line)

    def show(self, _page: str, _screen: Screen, elements: Sequence[Node]) -> None:
        self.told += [f"{number:3} {words_of(node)}" for number, node in enumerate(elements, 1)]

    def _number(self, words: str) -> str:
        line = next(line for line in reversed(self.told) if words in line and line.strip()[0].isdigit())
        return line.split()[0]
