"""What the site does otherwise than the repository: mkdocs.yml names this file, and mkdocs calls its functions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# Each page of two languages begins with this line; the site has a switch in its head instead.
_OTHER_LANGUAGE = re.compile(r"^\[(?:中文|English)\]\([^)\s]+\)\n+", re.MULTILINE)

_BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_HAN = r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
_LINE_END = re.compile(rf"(?<={_HAN})\n *(?={_HAN})")


def on_config(config: Any) -> Any:
    """Lists the decisions, of which each has a file, below their heading. May be called more than once."""
    folder = Path(config["docs_dir"])
    pages = sorted(str(page.relative_to(folder)) for page in (folder / "decisions").glob("*.md"))
    if not _fill(config["nav"], "Decisions", pages):
        raise ValueError("mkdocs.yml: nav has no entry Decisions")
    return config


def _fill(entries: list[Any], title: str, pages: list[str]) -> bool:
    """Puts pages below the entry with this title, at any depth; returns whether there is one."""
    for entry in entries:
        if isinstance(entry, dict) and title in entry:
            entry[title] = list(pages)
            return True
        inner = entry.values() if isinstance(entry, dict) else ()
        if any(_fill(one, title, pages) for one in inner if isinstance(one, list)):
            return True
    return False


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leaves out the line that leads to the other language, and the blanks that line ends would put into Chinese."""
    parts = _BLOCK.split(_OTHER_LANGUAGE.sub("", markdown, count=1))
    return "".join(part if _BLOCK.fullmatch(part) else _LINE_END.sub("", part) for part in parts)
