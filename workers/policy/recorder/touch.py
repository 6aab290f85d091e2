"""What a recorder has a phone do: one touch, told in data, so that it goes through the ledger to the phone's worker."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from flows.phone import Key
from flows.screen import NOWHERE, Bounds, Node

MOST_TEXT = 500  # characters that are typed into a field
Pixel = tuple[int, int]


class Touch(BaseModel):
    """One touch. `start` starts the app, `anew` after it was stopped; `look` touches nothing.

    `replaces`: the screen that comes of it takes the last one's place, which was seen too early.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    do: Literal["start", "look", "tap", "type", "press", "swipe"]
    anew: bool = False
    replaces: bool = False
    resource_id: str = ""
    cls: str = ""
    package: str = ""
    bounds: Bounds = NOWHERE
    text: Annotated[str, Field(max_length=MOST_TEXT)] = ""
    key: Key = "back"
    begin: Pixel = (0, 0)
    end: Pixel = (0, 0)
    seconds: Annotated[float, Field(ge=0, le=5)] = 0.0

    @classmethod
    def on(cls, do: Literal["tap", "type"], node: Node, text: str = "") -> Touch:
        """Returns a touch of this element."""
        return cls(
            do=do, text=text, resource_id=node.resource_id, cls=node.cls, package=node.package, bounds=node.bounds
        )

    def is_of(self, node: Node) -> bool:
        """Returns whether the touch is meant for this element of a screen."""
        mine = (self.resource_id, self.cls, self.package, self.bounds)
        return mine == (node.resource_id, node.cls, node.package, node.bounds)
