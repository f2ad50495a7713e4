"""A zip for each function: the same bytes on every machine and in every checkout.

What makes them the same: names in order, one fixed time and mode, what the handler reaches rather
than whatever lies around, dependencies in exactly the locked versions, and no compression. zlib
promises the same data after unpacking, not the same bytes before, and distributions ship different
builds of it. Stored, the largest zip has 2.9 MB in place of 1.0 MB; Lambda's limit is 50 MB.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.import_closure import ImportClosure
from constructs_lib.names import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Modules of `inventory.handlers`, a function each.
FUNCTIONS = tuple(sorted(each.replace("-", "_") for each in SERVICES.values()))
DATA_SUFFIXES = frozenset({".css", ".html", ".js", ".json", ".svg"})
NATIVE_SUFFIXES = (".dll", ".dylib", ".pyd", ".so")
# The earliest time a zip can hold.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE_MODE = 0o100644
UNIX = 3


class PackageError(Exception):
    """Functions that cannot be packed from the installed distributions."""


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """A distribution that functions import.

    Attributes:
        name: Its name in the lock.
        wanted_by: Top-level module whose importers need the distribution.
        leave_out: Folders that no function imports.
    """

    name: str
    wanted_by: str
    leave_out: tuple[str, ...] = ()


DEPENDENCIES = (
    Dependency(
        name="aws-lambda-powertools",
        wanted_by="aws_lambda_powertools",
        leave_out=(
            "aws_lambda_powertools/event_handler/",
            "aws_lambda_powertools/utilities/auth_alpha/",
            "aws_lambda_powertools/utilities/circuit_breaker/",
            "aws_lambda_powertools/utilities/data_masking/",
            "aws_lambda_powertools/utilities/feature_flags/",
            "aws_lambda_powertools/utilities/idempotency/",
            "aws_lambda_powertools/utilities/kafka/",
            "aws_lambda_powertools/utilities/parameters/",
            "aws_lambda_powertools/utilities/parser/",
            "aws_lambda_powertools/utilities/streaming/",
            "aws_lambda_powertools/utilities/validation/",
        ),
    ),
    Dependency(name="et-xmlfile", wanted_by="openpyxl"),
    Dependency(name="jmespath", wanted_by="aws_lambda_powertools"),
    Dependency(name="openpyxl", wanted_by="openpyxl"),
    Dependency(name="typing-extensions", wanted_by="aws_lambda_powertools"),
    Dependency(name="tzdata", wanted_by="zoneinfo"),
)


@dataclass(frozen=True, kw_only=True)
class Zip:
    """A packed function that is not written yet.

    Attributes:
        content: The zip's bytes.
        files: See `FunctionPackage`.
    """

    content: bytes
    files: Mapping[str, str]


def build_zips(
    functions_folder: Path,
    lock_file: Path,
    *,
    functions: tuple[str, ...] = FUNCTIONS,
    dependencies: tuple[Dependency, ...] = DEPENDENCIES,
) -> dict[str, Zip]:
    """Pack each function with what it imports.

    Args:
        functions_folder: Folder that holds the package `inventory`.
        lock_file: Pipfile.lock, with the versions to take.
        functions: Modules of `inventory.handlers`.
        dependencies: Distributions that the functions import.

    Returns:
        Zips by function.

    Raises:
        PackageError: A dependency is not locked, not installed in the locked version, holds
            compiled code, two files want the same name, or a function has no module.
    """
    closure = ImportClosure(functions_folder)
    installed = _installed(lock_file, dependencies)
    zips = {}
    for function in functions:
        own, outside = closure.of(f"inventory.handlers.{function}")
        if not own:
            raise PackageError(f"there is no module inventory.handlers.{function}")
        packed = {
            path.relative_to(functions_folder).as_posix(): path.read_bytes()
            for path in (*own, *_data_beside(own))
        }
        files = {name: _short_hash(content) for name, content in packed.items()}
        for dependency in installed:
            if dependency.wanted_by in outside:
                _add(packed, dependency.contents)
                files[dependency.label] = dependency.short_hash
        zips[function] = Zip(content=_packed(packed), files=dict(sorted(files.items())))
    return zips


@dataclass(frozen=True, kw_only=True)
class _Installed:
    wanted_by: str
    label: str
    contents: Mapping[str, bytes]
    short_hash: str


def _data_beside(modules: set[Path]) -> Iterator[Path]:
    for folder in {path.parent for path in modules}:
        for path in folder.iterdir():
            if path.suffix in DATA_SUFFIXES and not path.name.startswith("."):
                yield path


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _framed(file: tuple[str, bytes]) -> bytes:
    """Return name and content so that neither runs into what stands beside it."""
    name, content = file
    return b"%d %s%d %s" % (len(name), name.encode(), len(content), content)


def _add(packed: dict[str, bytes], contents: Mapping[str, bytes]) -> None:
    twice = sorted(packed.keys() & contents.keys())
    if twice:
        raise PackageError(f"{', '.join(twice)}: two files want this name")
    packed.update(contents)


def _packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.create_system = UNIX
            entry.external_attr = REGULAR_FILE_MODE << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def _installed(lock_file: Path, dependencies: tuple[Dependency, ...]) -> list[_Installed]:
    locked = json.loads(lock_file.read_text(encoding="utf-8"))["default"]
    problems: list[str] = []
    found = []
    for dependency in dependencies:
        try:
            distribution = metadata.distribution(dependency.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{dependency.name} is not installed")
            continue
        wanted = locked.get(dependency.name, {}).get("version", "==(nothing)")
        if wanted != f"=={distribution.version}":
            problems.append(
                f"{dependency.name} is installed as {distribution.version}, locked is {wanted[2:]}"
            )
            continue
        folder = Path(str(distribution.locate_file("")))
        contents = {}
        for name in _importable(distribution, dependency.leave_out):
            if name.endswith(NATIVE_SUFFIXES):
                problems.append(f"{name} is compiled, and functions run on another processor")
            contents[name] = (folder / name).read_bytes()
        if not contents:
            problems.append(f"{dependency.name} has no record of its files")
        found.append(
            _Installed(
                wanted_by=dependency.wanted_by,
                label=f"{dependency.name}=={distribution.version}",
                contents=contents,
                short_hash=_short_hash(b"".join(map(_framed, sorted(contents.items())))),
            )
        )
    if problems:
        raise PackageError(f"{'; '.join(problems)}; run `pipenv sync --dev`")
    return found


def _importable(distribution: metadata.Distribution, leave_out: tuple[str, ...]) -> Iterator[str]:
    """Yield the names of importable files: no metadata, scripts or bytecode of this machine.

    Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    # Its rows and not `distribution.files`, which makes a path and a hash of each.
    for name, *_ in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        top = name.partition("/")[0]
        if top.endswith(".dist-info") or top == ".." or "__pycache__/" in name:
            continue
        if not name.startswith(leave_out):
            yield name
