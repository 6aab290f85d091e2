"""The steps of a recorded flow, as a person makes them while they walk through an app: each click becomes one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.pages.page import after_colon
from flows.recorded.plan import Parameter
from flows.screen import Node, Screen
from models.values.refused import refuse

KINDS = ("text", "id", "count", "moment")
MOST = "most"  # the parameter that says how many rows of a list are read
WIDEST = 40  # characters of a name
NOTHING_READ = "nothing is read, so that the flow would bring nothing"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(slots=True)
class TypedSteps:
    """The steps so far. A touch waits in the last one for the name of the page that it opened."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)  # a parameter's value while it was recorded
    by_id: set[tuple[str, str]] = field(default_factory=set)  # pages and parts that only an id may find

    def arrive(self, page: str) -> None:
        """Notes that the phone shows this page: the app's first one, or what the last touch opened."""
        if not self.steps:
            self.steps.append({"do": "open", "to": page})
        elif self.steps[-1].get("to") == "":
            self.steps[-1]["to"] = page

    def touch(self, do: str, page: str, **more: str) -> None:
        """Adds a touch; the next page that is named is the one that it opened."""
        self.steps.append({"do": do, "page": page, **more, "to": ""})

    def type(self, page: str, part: str, parameter: str, value: str) -> None:
        """Adds that the parameter is written into a field."""
        self._takes(parameter, value)
        self.by_id.add((page, part))
        self.steps.append({"do": "type", "page": page, "part": part, "text": parameter})

    def find(self, page: str, part: str, parameter: str, shown: str) -> None:
        """Adds that the row whose part has the parameter's value is opened."""
        self._takes(parameter, after_colon(shown))
        self.by_id |= {(page, part), (page, "list"), (page, "row")}
        self.touch("find", page, part=part, equals=parameter)

    def swipe(self, page: str, until: str) -> None:
        """Adds that the page is swiped until a part comes."""
        self.steps.append({"do": "swipe", "page": page, "until": until})

    def read(self, page: str, part: str, kind: str, *, listed: bool) -> None:
        """Adds a column: of each row of the page's list, or of the page."""
        do = "list" if listed else "read"
        self.by_id.add((page, part))
        if listed:
            self.by_id |= {(page, "list"), (page, "row")}
            self.parameters.setdefault(MOST, Parameter(kind="count"))
        last = self.steps[-1]
        if (last["do"], last.get("page")) != (do, page):
            last = {"do": do, "page": page, **({"most": MOST} if listed else {}), "columns": {}}
            self.steps.append(last)
        last["columns"][part] = {"part": part, "heading": part.replace("_", " "), "kind": kind}

    def names(self, column: str) -> bool:
        """Returns whether a column has this name already."""
        return any(column in step.get("columns", ()) for step in self.steps)

    @property
    def reads(self) -> bool:
        """Returns whether a step reads: without one the flow would bring nothing."""
        return bool(self._reading())

    def finished(self) -> list[dict[str, Any]]:
        """Returns the steps up to the last one that reads. Raises Refused when nothing is read."""
        places = self._reading()
        if not places:
            raise refuse("INTO", NOTHING_READ, "type: read NUMBER COLUMN")
        return self.steps[: places[-1] + 1]

    def _reading(self) -> list[int]:
        return [place for place, step in enumerate(self.steps) if step["do"] in ("read", "list")]

    def used(self) -> dict[str, Parameter]:
        """Returns the parameters that the finished steps take."""
        texts = {str(value) for step in self.finished() for value in step.values() if isinstance(value, str)}
        return {name: one for name, one in self.parameters.items() if name in texts}

    def _takes(self, parameter: str, value: str) -> None:
        self.parameters[parameter] = Parameter(kind="text")
        self.examples[parameter] = value


def list_around(screen: Screen, node: Node, package: str) -> tuple[Node, Node] | None:
    """Returns the list in which an element lies, and its row: both with an id of the app; None for another element."""
    path = _path(screen, node)
    for place in range(len(path) - 2, -1, -1):
        if path[place].scrollable:
            area, row = path[place], path[place + 1]
            own = all(one.resource_id.startswith(f"{package}:") for one in (area, row))
            return (area, row) if own and len(area.all(row.resource_id)) > 1 else None
    return None


def _path(screen: Screen, wanted: Node) -> list[Node]:
    """Returns the nodes from the root to this one."""
    waiting = [[root] for root in screen.roots]
    while waiting:
        path = waiting.pop()
        if path[-1] is wanted:
            return path
        waiting.extend([*path, child] for child in path[-1].children)
    return []


def name_for(node: Node, taken: Mapping[str, Node]) -> str:
    """Returns a part's name for an element: the words of its id, or a number."""
    plain = re.sub(r"[^a-z0-9]+", "_", node.resource_id.rpartition("/")[2].lower()).strip("_")[:WIDEST]
    for name in (plain, *(f"part_{number}" for number in range(1, len(taken) + 2))):
        if NAME.fullmatch(name) and (name not in taken or taken[name].resource_id == node.resource_id):
            return name
    return f"part_{len(taken) + 1}"
