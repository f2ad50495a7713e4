"""Imports a provider's resources when they are used, not when the package is imported.

The ``__init__`` that jsii-pacmak generates ends in one ``from . import <resource>`` line for each
of the provider's resources, 2,212 in the AWS bindings, "to ensure their types are registered with
the jsii runtime library". The head of such a file runs as it is; the lines at its end become a
module ``__getattr__`` (PEP 562), and the jsii runtime gets the table of types and modules with
which its newer generators let it import a type on demand.

Source: https://github.com/aws/jsii, packages/jsii-pacmak/lib/targets/python.ts and
packages/@jsii/python-runtime/src/jsii/_reference_map.py.
"""

from __future__ import annotations

import importlib
import re
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

from fastsynth import direct_kernel, type_index
from fastsynth.notice import say_once

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

MINIMUM_EAGER_IMPORTS = 20
"""Packages that import fewer modules than this are not worth the difference."""

PUBLISH = "\npublication.publish()\n"
EAGER_IMPORT = re.compile(r"from \. import ([A-Za-z_][A-Za-z0-9_]*)")
ASSEMBLY_NAME = re.compile(r"JSIIAssembly\.load\(\s*\"([^\"]+)\"")
ASSEMBLY_MODULE = "_jsii"


class UnexpectedShapeError(Exception):
    """The file imports many modules eagerly, but not in the way the generator writes it."""


def split_eager_imports(source: str) -> tuple[str, frozenset[str]] | None:
    """Give the head of a generated ``__init__`` and the modules its end would import.

    Args:
        source: Text of the package's ``__init__.py``.

    Returns:
        The text up to the first of the imports, and the imported names; ``None`` when there are
        too few of them to matter.

    Raises:
        UnexpectedShapeError: There are many, but other code stands between or after them.
    """
    head, publish, tail = source.rpartition(PUBLISH)
    lines = [line.strip() for line in (tail if publish else source).splitlines()]
    matches = [EAGER_IMPORT.fullmatch(line) for line in lines]
    names = frozenset(match[1] for match in matches if match)
    if len(names) < MINIMUM_EAGER_IMPORTS:
        return None
    if not publish:
        raise UnexpectedShapeError("it does not publish its interface before importing")
    for line, match in zip(lines, matches, strict=True):
        if line and match is None and not line.startswith("#"):
            raise UnexpectedShapeError(f"it holds {line[:60]!r} among the imports")
    return head + publish, names


class LazyPackageLoader(SourceFileLoader):
    """Runs the head of a generated ``__init__`` and leaves its imports for later."""

    names: frozenset[str] = frozenset()

    def get_code(self, fullname: str) -> CodeType | None:
        """Compile the head alone, or the whole file if its shape is not the expected one.

        Args:
            fullname: The package's dotted name.
        """
        try:
            # Counted in bytes first: most packages have no such lines, and cdktf's own is large.
            few = self.get_data(self.path).count(b"\nfrom . import ") < MINIMUM_EAGER_IMPORTS
            split = None if few else split_eager_imports(self.get_source(fullname) or "")
        except UnexpectedShapeError as error:
            say_once(f"{fullname} loads whole, {error}")
            split = None
        if split is None:
            return super().get_code(fullname)
        head, self.names = split
        return self.source_to_code(head.encode(), self.path)

    def exec_module(self, module: ModuleType) -> None:
        """Run the package and give it attributes that import on first use.

        Args:
            module: The package, not yet run.
        """
        super().exec_module(module)
        if self.names:
            # publish() has replaced the module by one with the public names alone.
            for published in (sys.modules[module.__name__], module):
                make_lazy(published, self.names)


class AssemblyLoader(SourceFileLoader):
    """Loads a lazy package's ``_jsii`` module, which loads its assembly into the kernel."""

    names: frozenset[str] = frozenset()

    def exec_module(self, module: ModuleType) -> None:
        """Run the module with the table of types that newer generators write into it.

        Args:
            module: The ``_jsii`` module, not yet run.
        """
        assembly = ASSEMBLY_NAME.search(self.get_source(module.__name__) or "")
        if assembly is not None:
            package = module.__name__.rpartition(".")[0]
            table = {f"{assembly[1]}.{camel_case(n)}": f"{package}.{n}" for n in self.names}
            module.__dict__["_SUBMODULE_FQN_MAP"] = table
        super().exec_module(module)
        # Not earlier: handlers run in reverse order, and this one comes before the kernel's end.
        type_index.wait_at_exit()


class BindingsFinder:
    """Finds what the path holds, as ever, and gives generated packages a lazy loader."""

    @classmethod
    def find_spec(
        cls,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Give the spec of the standard path finder, with another loader where it helps.

        Args:
            fullname: The module's dotted name.
            path: Where to look, the parent's ``__path__``.
            target: The module to be reloaded, if any.
        """
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return spec
        package = spec.submodule_search_locations is not None
        spec.loader = choose_loader(fullname, spec.loader, package=package)
        return spec


def install() -> bool:
    """Stand in for the standard path finder from now on.

    Returns:
        Whether that is new: ``False`` if it was so before.
    """
    if BindingsFinder in sys.meta_path:
        return False
    # Directly before it: finders that others put in front keep the first word.
    if PathFinder in sys.meta_path:
        sys.meta_path.insert(sys.meta_path.index(PathFinder), BindingsFinder)
    else:
        say_once("packages load whole, the standard path finder is not in use")
    return True


def choose_loader(fullname: str, standard: SourceFileLoader, *, package: bool) -> SourceFileLoader:
    """Give the loader for a module: one of ours for jsii packages and what belongs to them.

    Args:
        fullname: The module's dotted name.
        standard: The loader that the path finder chose.
        package: True if the module is a package.
    """
    parent_name, _, own_name = fullname.rpartition(".")
    parent = getattr(sys.modules.get(parent_name), "__loader__", None)
    if own_name == ASSEMBLY_MODULE and isinstance(parent, LazyPackageLoader) and parent.names:
        assembly_loader = AssemblyLoader(fullname, standard.path)
        assembly_loader.names = parent.names
        return assembly_loader
    if fullname == direct_kernel.MODULE:
        return direct_kernel.KernelLoader(fullname, standard.path)
    if package and holds_assembly(standard.path):
        return LazyPackageLoader(fullname, standard.path)
    return standard


def holds_assembly(init_path: str) -> bool:
    """Tell whether a package brings a jsii assembly along.

    Args:
        init_path: Path of the package's ``__init__.py``.
    """
    return any(Path(init_path).with_name("_jsii").glob("*.jsii.tgz"))


def make_lazy(module: ModuleType, names: frozenset[str]) -> None:
    """Let a package import its modules as they are asked for.

    Args:
        module: The package.
        names: Its modules, without the package's name.
    """
    package = module.__name__

    def __getattr__(attribute: str) -> ModuleType:  # noqa: N807  PEP 562 calls it so
        if attribute in names:
            return importlib.import_module(f"{package}.{attribute}")
        raise AttributeError(f"module {package!r} has no attribute {attribute!r}")

    def __dir__() -> list[str]:  # noqa: N807  PEP 562 calls it so
        return sorted(names.union(vars(module)))

    module.__dict__["__getattr__"] = __getattr__
    module.__dict__["__dir__"] = __dir__


def camel_case(name: str) -> str:
    """Give jsii's name of a module from its Python name: ``s3_bucket`` is ``s3Bucket``.

    Args:
        name: The module's name in Python.
    """
    return re.sub(r"_+(.)", lambda match: match[1].upper(), name)
