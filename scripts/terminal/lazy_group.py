"""A command group that imports a command's module only when the command is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from scripts.terminal.language import said, words
from scripts.terminal.spoken_help import complaints_said, folding, in_language, of_parameters, of_usage, paragraphs
from workers.runtime.garbage import importing


@dataclass(frozen=True, slots=True)
class Named:
    """A command: its name, its module and attribute, and its help text."""

    name: str
    where: str  # module:attribute, a function or a typer.Typer
    panel: str
    says: str

    def load(self) -> Any:
        """Imports the command and returns it."""
        module, _, attribute = self.where.partition(":")
        with importing():
            found = getattr(import_module(module), attribute)
            if not isinstance(found, typer.Typer):
                alone = typer.Typer(add_completion=False)
                alone.command(self.name)(found)
                found = alone
            command = typer.main.get_command(found)
        command.name = self.name
        return in_language(command)

    def told(self) -> TyperCommand:
        """Returns a stand-in for help, without an import."""
        return TyperCommand(self.name, help=said(self.says), rich_help_panel=said(self.panel))


class _Loaded(Mapping[str, Any]):
    """The commands by name, each imported on access."""

    def __init__(self, named: Mapping[str, Named]) -> None:
        self._named = named

    def __getitem__(self, name: str) -> Any:
        return self._named[name].load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


def group_of(all_named: Sequence[Named]) -> type[TyperGroup]:
    """Returns a class of group with these commands, in this order."""
    by_name = {one.name: one for one in all_named}

    class Group(TyperGroup):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.commands: Any = _Loaded(by_name)

        def list_commands(self, ctx: Any) -> list[str]:
            return list(by_name)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            named = by_name.get(cmd_name)
            return None if named is None else named.told()

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, _, rest = super().resolve_command(ctx, args)
            return name, self.commands[name], rest

        def get_params(self, ctx: Any) -> Any:
            found = super().get_params(ctx)
            return found if words() is None else of_parameters(found)

        def get_usage(self, ctx: Any) -> str:
            return of_usage(super().get_usage(ctx))

        def format_help(self, ctx: Any, formatter: Any) -> None:
            self.help = paragraphs(self.help)
            folding(super().format_help)(ctx, formatter)

        def parse_args(self, ctx: Any, args: list[str]) -> Any:
            with complaints_said():
                return super().parse_args(ctx, args)

        def invoke(self, ctx: Any) -> Any:
            with complaints_said():
                return super().invoke(ctx)

    return Group
