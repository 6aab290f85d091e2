"""What a comment and a reply to it have in common: who wrote it, what, and where it stands on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from flows.pages.lists import ListPage, dump_text, name_text, shows, told
from flows.screen import Node
from flows.stitch import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRow:
    """A comment or a reply. `author` and `words` are None where the edge cut them off."""

    author: Node | None
    words: Node | None
    wordless: bool  # seen whole, and without a text: a sticker
    late: bool  # a field of it is still to come
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def commenter(self) -> str | None:
        """Who wrote it."""
        return told(self.author)

    @property
    def text(self) -> str | None:
        """What was written."""
        return self.words.text if self.words else "" if self.wordless else None

    @property
    def parts(self) -> Parts:
        return name_text(self.author), dump_text(self.words, self.wordless)

    @property
    def texts(self) -> list[Node]:
        """The nodes whose texts tell what was written."""
        return [node for node in (self.author, self.words) if node is not None]

    @property
    def told(self) -> bool:
        """Commenter and text are on the screen."""
        return self.commenter is not None and self.text is not None

    def says(self, target: tuple[str, str]) -> bool:
        """Did that commenter write this, with that text?"""
        return (self.commenter, self.text) == target

    def may_be(self, target: tuple[str, str]) -> bool:
        """Could that commenter have written this, with that text? Certain once its texts are read whole."""
        return shows(self.author, target[0]) and (shows(self.words, target[1]) or self.text == target[1])


Written = TypeVar("Written", bound=WrittenRow)


class WritingPage(ListPage[Written], Generic[Written]):
    """A list to which a person can add: it has a field for text and a button that sends it."""

    @property
    def input(self) -> Node:
        return self.need("input")

    @property
    def send(self) -> Node:
        return self.need("send")
