"""The zip that all functions share: the same bytes on every machine and in every checkout.

What makes them the same: names in order, one fixed time and mode, files by suffix rather than
whatever lies around, dependencies in exactly the locked versions, and no compression. zlib promises
the same data after unpacking, not the same bytes before, and distributions ship different builds of
it. Stored, the zip has 2.2 MB in place of 0.8 MB; Lambda's limit is 50 MB.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ASSET_PATH = "assets/functions.zip"
OWN_SUFFIXES = frozenset({".css", ".html", ".js", ".json", ".py", ".svg"})
NATIVE_SUFFIXES = frozenset({".dll", ".dylib", ".pyd", ".so"})
# The earliest time a zip can hold.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE_MODE = 0o100644
UNIX = 3


class PackageError(Exception):
    """The functions cannot be packed from what is installed."""


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """A distribution that the functions import.

    Attributes:
        name: Its name in the lock.
        leave_out: Folders that no function imports.
    """

    name: str
    leave_out: tuple[str, ...] = ()


DEPENDENCIES = (
    Dependency(
        name="aws-lambda-powertools",
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
    Dependency(name="importlib-metadata"),
    Dependency(name="jmespath"),
    Dependency(name="pygal", leave_out=("pygal/test/",)),
    Dependency(name="typing-extensions"),
    Dependency(name="tzdata"),
    Dependency(name="zipp"),
)


@dataclass(frozen=True, kw_only=True)
class FunctionPackage:
    """A zip within a stack's folder.

    Attributes:
        path: The zip's path, relative to the folder, so that the folder alone can be deployed.
        sha256_base64: Hash of its bytes, in the form in which Lambda reports it.
    """

    path: str
    sha256_base64: str

    @classmethod
    def write(cls, content: bytes, stack_folder: Path) -> FunctionPackage:
        """Put a zip into a stack's folder.

        Args:
            content: The zip.
            stack_folder: Folder of the synthesised stack; made if it is not there.
        """
        target = stack_folder / ASSET_PATH
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return cls(path=ASSET_PATH, sha256_base64=digest)


def build_zip(
    functions_folder: Path, lock_file: Path, dependencies: tuple[Dependency, ...] = DEPENDENCIES
) -> bytes:
    """Pack the functions and what they import.

    Args:
        functions_folder: Folder that holds the package `inventory`.
        lock_file: Pipfile.lock, which says what versions to take.
        dependencies: What the functions import.

    Returns:
        The zip's bytes.

    Raises:
        PackageError: A dependency is not locked, not installed in the locked version, holds
            compiled code, or two files want the same name.
    """
    files: dict[str, Path] = {}
    for name, path in [
        *_own_files(functions_folder),
        *_dependency_files(lock_file, dependencies),
    ]:
        if name in files:
            raise PackageError(f"{name} comes from {files[name]} and from {path}")
        files[name] = path
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.create_system = UNIX
            entry.external_attr = REGULAR_FILE_MODE << 16
            archive.writestr(entry, files[name].read_bytes())
    return buffer.getvalue()


def _own_files(functions_folder: Path) -> Iterator[tuple[str, Path]]:
    for path in (functions_folder / "inventory").rglob("*"):
        if path.suffix in OWN_SUFFIXES and path.is_file() and not path.name.startswith("."):
            yield path.relative_to(functions_folder).as_posix(), path


def _dependency_files(
    lock_file: Path, dependencies: tuple[Dependency, ...]
) -> Iterator[tuple[str, Path]]:
    locked = json.loads(lock_file.read_text(encoding="utf-8"))["default"]
    problems: list[str] = []
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
        for name in _importable(distribution, dependency.leave_out):
            if PurePosixPath(name).suffix in NATIVE_SUFFIXES:
                problems.append(f"{name} is compiled, and functions run on another processor")
            yield name, Path(str(distribution.locate_file(name)))
    if problems:
        raise PackageError(f"{'; '.join(problems)}; run `pipenv sync --dev`")


def _importable(distribution: metadata.Distribution, leave_out: tuple[str, ...]) -> Iterator[str]:
    """Names of what is imported: not metadata, scripts or anything compiled on this machine."""
    for file in distribution.files or ():
        top = file.parts[0]
        if top.endswith(".dist-info") or top == ".." or "__pycache__" in file.parts:
            continue
        name = file.as_posix()
        if not name.startswith(leave_out):
            yield name
