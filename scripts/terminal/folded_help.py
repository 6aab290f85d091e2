"""Has typer's help break a line of Chinese where its column ends.

rich breaks at blanks, and cuts what is wider than a column of a table; a sentence in Chinese has no blanks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.columns import Columns
from rich.table import Table
from rich.text import Text
from typer import rich_utils


class FoldingTable(Table):
    """A table that breaks a word that is too wide, instead of cutting it."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Adds a row, as rich's own does."""
        super().add_row(*cells, **options)
        for column in self.columns:
            column.overflow = "fold"


class FoldingColumns(Columns):
    """Texts beside each other, such as an option's help and its default, each broken as above."""

    def __init__(self, renderables: Iterable[Any] = (), **options: Any) -> None:
        parts = list(renderables)
        for one in parts:
            if isinstance(one, Text):
                one.overflow = "fold"
        super().__init__(parts, **options)


def fold_help() -> None:
    """Has typer make its help of such tables and texts."""
    vars(rich_utils).update(Table=FoldingTable, Columns=FoldingColumns)
