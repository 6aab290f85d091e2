"""A canvas as checked, immutable nodes: `read` makes them from a Signature, and `compile` plants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workers.canvas.errors import CanvasRefused
from workers.canvas.rows import Join
from workers.canvas.values import DELAYS


@dataclass(frozen=True, slots=True)
class Task:
    """One task; also map and starmap, which are tasks named celery.map and celery.starmap."""

    path: str = field(compare=False)
    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    immutable: bool = False
    join: Join | None = None
    links: tuple[Node, ...] = ()
    errbacks: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps in sequence."""

    path: str = field(compare=False)
    steps: tuple[Node, ...]
    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    join: Join | None = None
    links: tuple[Node, ...] = ()
    errbacks: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Parallel members. `errbacks` come from a chain around the group, never from the group itself."""

    path: str = field(compare=False)
    members: tuple[Node, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    join: Join | None = None
    errbacks: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Chord:
    """A header, and a body that gets the list of its results. `args` and `kwargs` go to the header's members."""

    path: str = field(compare=False)
    header: Group
    body: Node
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    immutable: bool = False
    join: Join | None = None
    links: tuple[Node, ...] = ()
    errbacks: tuple[Node, ...] = ()


Node = Task | Chain | Group | Chord


def merged(own: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Returns options overridden by those from outside; an outer delay replaces an inner one of either name."""
    kept = {name: value for name, value in own.items() if not (name in DELAYS and DELAYS & over.keys())}
    return {**kept, **over}


def with_options(node: Node, over: Mapping[str, Any]) -> Node:
    """Returns the node with its options overridden by those from outside."""
    return replace(node, options=merged(node.options, over)) if over else node


def with_links(node: Node, links: tuple[Node, ...]) -> Node:
    """Returns the node with more callbacks; as in Celery, none is added twice."""
    if not links:
        return node
    if isinstance(node, Group):
        raise CanvasRefused(
            node.path, "a link here would follow a group", "put a task behind the group and link that: group | task"
        )
    return replace(node, links=_united(node.links, links))


def with_errbacks(node: Node, errbacks: tuple[Node, ...]) -> Node:
    """Returns the node with more errbacks; as in Celery, none is added twice."""
    return replace(node, errbacks=_united(node.errbacks, errbacks)) if errbacks else node


def _united(own: tuple[Node, ...], more: tuple[Node, ...]) -> tuple[Node, ...]:
    """Both, each node once. Neither has one twice in itself: to compare nodes costs as much as they hold."""
    return (*own, *(node for node in more if node not in own)) if own else more
