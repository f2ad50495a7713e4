"""The modules that a function needs, read from the sources and not by importing them.

A function's zip holds what its handler reaches and nothing else, so that a change is deployed to
the functions it concerns and a plan shows no other.
"""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FIRST_DEFINITION = re.compile(rb"^(?:@|class |def |async def )", re.MULTILINE)
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Fields in which statements, and the branches of some of them, hold others.

Source: https://docs.python.org/3/library/ast.html#abstract-grammar
"""


class ImportClosure:
    """The imports within one folder of sources; every module is read once.

    Imports inside functions count, imports for type checkers alone do not.

    Args:
        folder: Folder on the import path.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._imports = cache(self._read_imports)
        self._path = cache(self._find)

    def of(self, module: str) -> tuple[set[Path], set[str]]:
        """Return the files and outside modules that a module needs.

        Args:
            module: Its full name, such as `inventory.handlers.summary`.

        Returns:
            Files in the folder, and the top-level names of modules that are not in it.
        """
        files: set[Path] = set()
        outside: set[str] = set()
        waiting = [module]
        while waiting:
            name = waiting.pop()
            path = self._path(name)
            if path is None:
                outside.add(name.partition(".")[0])
                continue
            if path in files:
                continue
            files.add(path)
            # Importing a module imports the packages around it.
            waiting += [name.rpartition(".")[0]] if "." in name else []
            waiting += self._imports(path)
        return files, outside

    def _find(self, module: str) -> Path | None:
        place = self._folder.joinpath(*module.split("."))
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path.is_file():
                return path
        return None

    def _read_imports(self, path: Path) -> tuple[str, ...]:
        package = path.parent.relative_to(self._folder).parts
        statements = _statements(path.read_bytes(), str(path))
        return tuple(
            name for node in _at_run_time(statements) for name in self._names(node, package)
        )

    def _names(self, node: ast.stmt, package: tuple[str, ...]) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*around, *([node.module] if node.module else [])))
            yield base
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                if self._path(submodule):
                    yield submodule


def _statements(source: bytes, path: str) -> list[ast.stmt]:
    """Return a module's statements, those from the first definition on only if one may import.

    Parsing takes most of the time, and imports stand in front of everything else.
    """
    first = FIRST_DEFINITION.search(source)
    if first and b"import" not in source[first.start() :]:
        # Where a docstring was taken for a definition, its first half is no Python.
        with suppress(SyntaxError):
            return ast.parse(source[: first.start()], path).body
    return ast.parse(source, path).body


def _at_run_time(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and those inside of them; expressions, most of a tree, import nothing."""
    for statement in statements:
        if isinstance(statement, ast.If) and _is_type_checking(statement.test):
            yield from _at_run_time(statement.orelse)
            continue
        yield statement
        for block in BLOCKS:
            yield from _at_run_time(getattr(statement, block, ()))


def _is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
