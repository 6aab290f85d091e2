"""The common parts of a comment and a reply: commenter, text, and place on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from flows.pages.lists import ListPage, dump_text, name_text, shows, told
from flows.screen import Node
from flows.stitch import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRow:
    """A comment or a reply. `author` and `words` are None if the list's edge cut them off."""

    author: Node | None
    words: Node | None
    wordless: bool  # the whole row was seen, and it has no text: a sticker
    late: bool  # one of its fields has not loaded
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def commenter(self) -> str | None:
        """Returns the name of the commenter."""
        return told(self.author)

    @property
    def text(self) -> str | None:
        """Returns the text."""
        return self.words.text if self.words else "" if self.wordless else None

    @property
    def parts(self) -> Parts:
        return name_text(self.author), dump_text(self.words, self.wordless)

    @property
    def texts(self) -> list[Node]:
        """Returns the nodes with the commenter and the text."""
        return [node for node in (self.author, self.words) if node is not None]

    @property
    def told(self) -> bool:
        """True when commenter and text are on the screen."""
        return self.commenter is not None and self.text is not None

    def says(self, target: tuple[str, str]) -> bool:
        """Returns whether this row is of that commenter with that text."""
        return (self.commenter, self.text) == target

    def may_be(self, target: tuple[str, str]) -> bool:
        """Returns whether this row may be of that commenter with that text. Certain once its texts are read whole."""
        return shows(self.author, target[0]) and (shows(self.words, target[1]) or self.text == target[1])


Written = TypeVar("Written", bound=WrittenRow)


class WritingPage(ListPage[Written], Generic[Written]):
    """A list to which a person can write: it has a text field and a send button. It lies over a video."""

    identified_by = ("video_author_id", "video_title")

    @property
    def input(self) -> Node:
        return self.need("input")

    @property
    def send(self) -> Node:
        return self.need("send")
