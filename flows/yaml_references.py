"""What a YAML text's references (`*name`) add to it, before anybody writes them out. Pure.

Ten lines of lists that refer to one another may stand for billions of values.
"""

from __future__ import annotations

import yaml

MOST_ADDED = 100_000  # values; the largest campaign of 1 MB that writes everything out has some more
TOO_MANY = "its references (*) stand for more than 100,000 values"


def references_add_too_much(root: yaml.Node | None) -> bool:
    """Returns whether the references below a node add more than MOST_ADDED values, or one stands inside itself."""
    sizes: dict[int, int] = {}  # of a node with all below it, written out
    above: set[int] = set()
    left = [root] if root is not None else []
    while left:
        node = left[-1]
        if id(node) in sizes:
            left.pop()
            continue
        inner = inner_nodes(node)
        owed = {id(one): one for one in inner if id(one) not in sizes}
        if owed and id(node) not in above:
            above.add(id(node))
            left += owed.values()
            continue
        if owed:
            return True  # one of them is above it
        left.pop()
        sizes[id(node)] = min(1 + sum(sizes[id(one)] for one in inner), MOST_ADDED * 100)
    return root is not None and sizes[id(root)] - len(sizes) > MOST_ADDED


def inner_nodes(node: yaml.Node) -> list[yaml.Node]:
    """Returns the entries of a list, the names and values of a mapping; none for a scalar."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
