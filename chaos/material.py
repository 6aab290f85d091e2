"""The material of the storm's tasks: titles and comments of phonesim's world, read ahead of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from phonesim.roughness import is_sticker
from phonesim.world.catalogue import Catalogue
from phonesim.world.emoji import Emoji

TOP_COMMENTS = 10  # targets are among a video's first ones, so that no task scrolls for long
LEAST_COMMENTS = 12


@dataclass(frozen=True, slots=True)
class Target:
    """A comment of the crowd, by what a person would call it by."""

    author_id: str
    title: str
    commenter: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """`targets` are told apart by all their parts; `drawn_from` are authors whom only drawn tasks act on."""

    accounts: tuple[str, ...]
    targets: tuple[Target, ...]
    drawn_from: tuple[str, ...]


class WorldDiffers(RuntimeError):
    """The running phonesim does not show the world that the plan was made for."""


def read_material(seed: int, accounts: int, *, rough: bool = False) -> Material:
    """The material that the world of this seed holds, behind `rough` phones with emoji in every text.

    Its content does not depend on when it begins.
    """
    world = Catalogue(seed, accounts, 0.0, Emoji.EVERY if rough else Emoji.SOME)
    targets: list[Target] = []
    for author in world.authors.values():
        if not author.main:
            continue
        videos = world.videos(author.id)
        titles = Counter(video.title for video in videos)
        for video in videos:
            if titles[video.title] > 1 or video.comments < LEAST_COMMENTS:
                continue
            top = [world.comment(video, index) for index in range(TOP_COMMENTS)]
            top = [one for one in top if not (rough and is_sticker(one.id))]
            names = Counter((one.commenter, one.text) for one in top)
            targets += [Target(author.id, video.title, *name) for name, times in names.items() if times == 1]
    others = tuple(author.id for author in world.authors.values() if not author.main)
    return Material(tuple(account.id for account in world.accounts), tuple(targets), others)


def check_world(material: Material, authors: Sequence[Mapping[str, Any]]) -> None:
    """Raises WorldDiffers unless every title of the material is in what `GET /world` shows."""
    shown = {(author["id"], video["title"]) for author in authors for video in author["videos"]}
    missing = {(target.author_id, target.title) for target in material.targets} - shown
    if missing:
        raise WorldDiffers(f"{len(missing)} titles are not in the world, such as {min(missing)}")
