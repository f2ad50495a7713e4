"""Prepares a machine for fast runs: ``python -m fastsynth prime`` and ``... compile``.

Both do nothing where nothing is missing, so setup can call them every time.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import importlib
import io
import sys
from pathlib import Path

import fastsynth
from fastsynth import type_index


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands and give its exit code.

    Args:
        arguments: The command line without the program's name; default: the process's own.
    """
    parser = argparse.ArgumentParser(prog="python -m fastsynth", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("prime", "unpack the bindings for the jsii kernel and have their types indexed"),
        ("compile", "compile the bindings' bytecode"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "packages", nargs="*", help="import names; default: every installed jsii package"
        )
    options = parser.parse_args(arguments)
    packages: list[str] = options.packages or installed_bindings()
    if not packages:
        print("no jsii package is installed", file=sys.stderr)
        return 1
    return prime(packages) if options.command == "prime" else compile_packages(packages)


def prime(packages: list[str]) -> int:
    """Load packages into a kernel and wait until their types are indexed.

    Args:
        packages: Import names of jsii packages.
    """
    if not fastsynth.install():
        print("FASTSYNTH=0 leaves nothing to prime")
        return 0
    for package in packages:
        importlib.import_module(package)
    indexed = type_index.wait()
    print(f"primed: {', '.join(packages)} ({len(indexed)} new)")
    return 0


def compile_packages(packages: list[str]) -> int:
    """Compile the bytecode of packages on all processors, where it is missing or old.

    Args:
        packages: Import names of jsii packages.
    """
    failed = []
    for package in packages:
        for folder in package_folders(package):
            with contextlib.redirect_stdout(io.StringIO()):
                compiled = compileall.compile_dir(folder, quiet=2, workers=0)
            if not compiled:
                failed.append(str(folder))
    print(f"compiled: {', '.join(packages)}")
    for folder_name in failed:
        print(f"not all of {folder_name} compiles", file=sys.stderr)
    return 1 if failed else 0


def installed_bindings() -> list[str]:
    """Give the import names of the packages on the path that bring a jsii assembly along."""
    return sorted(
        {
            archive.parts[-3]
            for entry in map(Path, sys.path)
            for archive in entry.glob("*/_jsii/*.jsii.tgz")
        }
    )


def package_folders(package: str) -> list[Path]:
    """Give the folders of a package that may not be imported yet.

    Args:
        package: Import name.
    """
    folders = (Path(entry, *package.split(".")) for entry in sys.path)
    return [folder for folder in folders if folder.is_dir()]


if __name__ == "__main__":
    sys.exit(main())
