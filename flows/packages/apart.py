"""Imports a package under a second name, so that two versions of one package live in one process.

Python knows one module for each name. So the second version gets a name of its own, and what it imports of itself by
its own name is imported by that name too. What it names in a text (`importlib.import_module("it.pages")`) is not.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType


class _OwnImports(ast.NodeTransformer):
    """Has a package import itself by its second name."""

    def __init__(self, name: str, second: str) -> None:
        self._name, self._second = name, second

    def _renamed(self, module: str) -> str | None:
        """Returns the second name of a module of the package; None for any other."""
        root, dot, rest = module.partition(".")
        return f"{self._second}{dot}{rest}" if root == self._name else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        renamed = self._renamed(node.module or "") if node.level == 0 else None
        if renamed is not None:
            node.module = renamed
        return node

    def visit_Import(self, node: ast.Import) -> list[ast.AST]:
        lines: list[ast.AST] = []
        for one in node.names:
            renamed = self._renamed(one.name)
            if renamed is None or one.asname is not None:
                lines.append(ast.Import([ast.alias(renamed or one.name, one.asname)]))
                continue
            # `import it.pages` gives the code the name `it`
            lines += [ast.Import([ast.alias(renamed)]), ast.Import([ast.alias(self._second, self._name)])]
        return [ast.copy_location(line, node) for line in lines]


class _Loader(SourceFileLoader):
    """Compiles a module of the package with its imports renamed. Python's cache holds the code of the plain name."""

    def __init__(self, fullname: str, path: str, name: str) -> None:
        super().__init__(fullname, path)
        self._name = name

    def get_code(self, fullname: str) -> CodeType:
        renamed = _OwnImports(self._name, fullname.partition(".")[0])
        tree = renamed.visit(ast.parse(self.get_data(self.path), self.path))
        code: CodeType = compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)
        return code


class _Finder(MetaPathFinder):
    """Finds the modules of packages that have a second name: by it, their own name and the folder that holds them."""

    def __init__(self) -> None:
        self.packages: dict[str, tuple[str, Path]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        second, _, rest = fullname.partition(".")
        if second not in self.packages:
            return None
        name, folder = self.packages[second]
        place = folder.joinpath(name, *rest.split(".")) if rest else folder / name
        init, file = place / "__init__.py", place.with_name(f"{place.name}.py")
        found, inside = (init, [str(place)]) if init.is_file() else (file, None)
        if not found.is_file():
            return None
        loader = _Loader(fullname, str(found), name)
        return spec_from_file_location(fullname, found, loader=loader, submodule_search_locations=inside)


_FINDER = _Finder()


def import_apart(second: str, name: str, folder: Path) -> None:
    """Has Python find the package `name` of this folder under the name `second` too."""
    _FINDER.packages[second] = name, folder
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)  # before what would find them in the folder, and not rename their imports
