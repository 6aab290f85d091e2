"""What a search finds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from phonesim.world.entities import Author, Video


def authors_found(authors: Iterable[Author], words: str) -> list[Author]:
    """Authors whose id is exactly this, or whose name has it as a part."""
    wanted = words.strip()
    return [one for one in authors if wanted and (one.id == wanted or wanted in one.name)]


def videos_found(videos: Iterable[Video], words: str, order: Callable[[Video], float]) -> list[Video]:
    """Videos that have this as a part of their title or of their author's name, least `order` first."""
    wanted = words.strip()
    return sorted((one for one in videos if wanted and (wanted in one.title or wanted in one.author_name)), key=order)
