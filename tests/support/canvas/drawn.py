"""Canvases drawn at random, as recipes: a recipe builds the same canvas for Celery and for the compiler."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import count
from operator import or_
from typing import Any

from celery import Celery, chain, chord, group

KINDS = ("task", "task", "task", "chain", "chain", "group", "group", "chord", "chord", "map", "starmap")
LEAVES = ("task", "task", "task", "map")


@dataclass(frozen=True)
class Recipe:
    """What to build: a kind, its parts, and a number that makes its calls distinct."""

    kind: str
    number: int
    parts: tuple[Recipe, ...] = ()
    immutable: bool = False
    piped: bool = False
    links: tuple[Recipe, ...] = ()
    fails: bool = False

    def __str__(self) -> str:
        own = f"{self.kind}{self.number}{'!' if self.immutable else ''}{'X' if self.fails else ''}"
        links = f"+({', '.join(map(str, self.links))})" if self.links else ""
        inside = f"[{' | ' if self.piped else ''}{', '.join(map(str, self.parts))}]" if self.parts else ""
        return own + inside + links


@dataclass(frozen=True)
class Drawing:
    """How recipes are drawn: from which dice, with which numbers, and how often a task fails."""

    rng: random.Random
    number: Callable[[], int]
    failing: float = 0.0

    def recipe(self, depth: int) -> Recipe:
        """A recipe at most `depth` canvases deep."""
        kind = self.rng.choice(KINDS if depth > 1 else LEAVES)
        if kind == "task":
            return self._task()
        if kind in ("map", "starmap"):
            return Recipe(kind, self.number())
        size = self.rng.randint(1, 4) if kind == "chain" else self.rng.choice((0, 1, 2, 2, 3))
        parts = tuple(self.recipe(depth - 1) for _ in range(size))
        if kind == "chord":
            parts += (self.recipe(depth - 1),)
        return Recipe(kind, self.number(), parts, piped=self.rng.random() < 0.5)

    def _task(self) -> Recipe:
        links = (self.recipe(1),) if self.rng.random() < 0.12 else ()
        immutable = self.rng.random() < 0.15
        return Recipe("task", self.number(), (), immutable, links=links, fails=self.rng.random() < self.failing)


def build(recipe: Recipe, app: Celery) -> Any:
    """The Celery canvas of a recipe, new each time: Celery's operators change what they join."""
    built = _built(recipe, [build(part, app) for part in recipe.parts], app)
    for link in recipe.links:
        built.link(build(link, app))
    if recipe.fails:
        built.link_error(app.tasks["work"].si(recipe.number, errback=True))
    return built


def _built(recipe: Recipe, parts: list[Any], app: Celery) -> Any:
    number = recipe.number
    if recipe.kind == "task":
        task = app.tasks["fail" if recipe.fails else "work"]
        return task.si(number, flag=number) if recipe.immutable else task.s(number)
    if recipe.kind == "map":
        return app.tasks["work"].map([number, [number]])
    if recipe.kind == "starmap":
        return app.tasks["work"].starmap([[number, 1], [number]])
    if recipe.kind == "group":
        return group(parts, app=app)
    if recipe.kind == "chain":
        return reduce(or_, parts) if recipe.piped else chain(parts)
    return chord(parts[:-1], parts[-1], app=app)


def drawn(seed: int, depth: int = 3, failing: float = 0.0) -> Recipe:
    """A canvas from its seed."""
    numbers = count(seed * 1000 + 1)
    return Drawing(random.Random(seed), lambda: next(numbers), failing).recipe(depth)
