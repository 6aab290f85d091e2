"""Normalises a canvas before planting: splices chains, flattens groups, refuses shapes with which Celery hangs."""

from __future__ import annotations

from workers.canvas.errors import DEFAULT_LIMITS, CanvasRefused
from workers.canvas.nodes import Chain, Chord, Group, Node, Task, with_errbacks, with_links, with_options


def spliced(chain: Chain) -> list[Node]:
    """Returns a chain's steps as they run: inner chains spliced, one-member groups unrolled, empty groups skipped.

    The chain's options go to the first step, its links to the last and its errbacks to all. Raises CanvasRefused for a
    link after a group.
    """
    steps: list[Node] = []
    for step in map(_unrolled, chain.steps):
        if isinstance(step, Chain):
            refuse_own_args(step)
            steps.extend(spliced(step))
        else:
            steps.append(step)
    full = [step for step in steps if not _is_empty(step)]
    steps = full or steps[:1]
    steps[0] = with_options(steps[0], chain.options)
    steps[-1] = with_links(steps[-1], chain.links)
    return _all_with_errbacks(steps, chain)


def flattened(group: Group) -> list[Node]:
    """Returns the members of a group, with inner groups flattened, in source order, and options pushed down."""
    members: list[Node] = []
    for member in _all_with_errbacks([with_options(inner, group.options) for inner in group.members], group):
        if not isinstance(member, Group):
            members.append(member)
        elif member.join:
            raise CanvasRefused(member.path, "join on a group that another flattens", "set it on the outer group")
        else:
            members.extend(flattened(member))
    return members


def _all_with_errbacks(nodes: list[Node], around: Chain | Group) -> list[Node]:
    """The nodes with the errbacks of what is around them, each of which makes a row for each node.

    Refused before they are compared with one another: a body of 1 MB may ask for millions.
    """
    asked = max(len(nodes) * len(around.errbacks), sum(len(node.errbacks) for node in nodes))
    if asked > DEFAULT_LIMITS.rows:
        raise CanvasRefused(around.path, f"the canvas grows past {DEFAULT_LIMITS.rows} rows here", "plant it in parts")
    return [with_errbacks(node, around.errbacks) for node in nodes]


def refuse_lost_input(chain: Chain, steps: list[Node]) -> None:
    """Refuses a chain with input that begins with a group: Celery loses the input (H3)."""
    if isinstance(steps[0], Group) and steps[0].members:
        alone = len(steps) == 1
        raise CanvasRefused(
            chain.path,
            "a chain that holds only a group loses its input" if alone else "a chain led by a group loses its input",
            "use the group without the chain" if alone else "write group | task, which makes a chord",
        )


def refuse_own_args(chain: Chain) -> None:
    """Refuses args on a chain that is not the whole canvas."""
    if chain.args:
        raise CanvasRefused(
            f"{chain.path}.args", "Celery drops the args of an inner chain", "give them to its first step"
        )


def refuse_steps_behind_open_body(steps: list[Node]) -> None:
    """Refuses steps after a chord whose body is a group: Celery runs them once per member, or hangs (H1)."""
    for step in steps[:-1]:
        if isinstance(step, Chord) and _is_open(step.body):
            raise CanvasRefused(
                step.path,
                "steps behind a chord whose body is a group run once per member, or hang",
                "put them into the body: chord(header, group | task), or join them one by one with |",
            )


def _is_open(body: Node) -> bool:
    """Returns whether Celery would give the next step after this chord body to each member of a group."""
    if isinstance(body, Group):
        return True
    if isinstance(body, Chord):
        return _is_open(body.body)
    if isinstance(body, Task):
        return False
    steps = spliced(body)
    if isinstance(steps[-1], Group):
        return len(steps) == 1 or isinstance(steps[0], Group)
    return _is_open(steps[-1])


def _unrolled(step: Node) -> Node:
    while isinstance(step, Group) and len(step.members) == 1:
        step = with_errbacks(with_options(step.members[0], step.options), step.errbacks)
    return step


def _is_empty(node: Node) -> bool:
    return isinstance(node, Group) and not node.members
