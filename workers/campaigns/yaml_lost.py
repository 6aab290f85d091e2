"""Finds the texts that YAML drops without a word: everything after a `#`, for example a hashtag. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import yaml

from models.values.refused import Problem
from workers.campaigns.yaml_slips import is_hashtag, shown
from workers.campaigns.yaml_syntax import at


def lost_comments(nodes: Iterable[tuple[yaml.Node, tuple[str, ...]]], lines: Sequence[str]) -> Iterator[Problem]:
    """Yields a problem for each value that a `#` follows, if the rest of the line seems to belong to it.

    A `#` with a blank after it is a remark, otherwise a hashtag. After one of the operator's texts without quotes
    neither is allowed; after one with quotes a remark is. `nodes`: each with its path.
    """
    for node, way in nodes:
        if not isinstance(node, yaml.ScalarNode) or node.end_mark.line >= len(lines):
            continue
        rest = lines[node.end_mark.line][node.end_mark.column :].strip()
        text = _belonging(node, rest, in_texts=any(name.endswith("texts") for name in way))
        if text is not None:
            hashed = rest.lstrip(", ")
            reason = f"{at(node.end_mark)}: YAML drops what follows a #, so {shown(hashed)!r} would be lost"
            remedy = f'put the text in quotes, "{shown(text)}"; a remark goes on a line of its own'
            yield Problem(".".join(way), reason, remedy)


def _belonging(node: yaml.ScalarNode, rest: str, *, in_texts: bool) -> str | None:
    """Returns the text that its author seems to have meant; None if nothing is lost. `rest`: the rest of its line."""
    after_comma = rest.removeprefix(",").lstrip()
    if in_texts and after_comma != rest and is_hashtag(after_comma):
        return after_comma
    if node.style in ("|", ">") or not rest.startswith("#"):
        return None
    if node.style or not node.tag.endswith(":str"):
        return f"{node.value} {rest}".strip() if in_texts and is_hashtag(rest) else None
    return f"{node.value} {rest}" if in_texts or is_hashtag(rest) else None
