"""Digest of what was reviewed, and check that the plan and its stack belong together."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING

from plan_review.function_code import planned_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from plan_review.masking import JsonValue
    from plan_review.plan import JsonObject, Plan

STACK_FILE = "cdk.tf.json"
WORKING = ".terraform"
"""Terraform's own folder in a stack's folder: providers, and the chosen workspace."""

CONFIGURATION = "tfconfig/m-/"
"""Where a plan file keeps the configuration that it was made from."""

SIGNATURE = "META_INF/aws_signer_signature_"
"""How the file begins that AWS Signer adds to a zip of Lambda."""


# How the synthesis packs a zip; a test compares the two.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3
REGULAR_FILE_MODE = 0o100644


class NotAPlanFileError(ValueError):
    """The file is none that `terraform plan -out` wrote."""


def stack_files(stack_folder: Path) -> Iterator[Path]:
    """Give what a plan deploys from: all of a stack's folder but Terraform's own files.

    Args:
        stack_folder: The synthesised stack's folder.
    """
    for path in sorted(stack_folder.rglob("*")):
        inner = path.relative_to(stack_folder)
        own = inner.parts[0] == WORKING or inner.name == ".terraform.lock.hcl"
        if path.is_file() and not own and ".tfstate" not in inner.name:
            yield path


def workspace_of(stack_folder: Path) -> str:
    """Give the workspace that Terraform uses in a folder.

    Args:
        stack_folder: The synthesised stack's folder.
    """
    chosen = stack_folder / WORKING / "environment"
    return (chosen.read_text().strip() if chosen.is_file() else "") or "default"


def digest_of(plan_file: Path, stack_folder: Path) -> str:
    """Give the SHA-256 over a plan file and what it deploys.

    A plan holds the configuration with its account, region and backend, but of zips only names
    and hashes, and the provider reads them when it applies, so they count as much as the plan.

    Args:
        plan_file: The file that `terraform plan -out` wrote.
        stack_folder: The synthesised stack's folder.
    """
    digest = hashlib.sha256()

    def add(name: str, content: bytes) -> None:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)

    add("plan", plan_file.read_bytes())
    add("workspace", workspace_of(stack_folder).encode())
    for path in stack_files(stack_folder):
        if path != plan_file and path.name != f"{plan_file.name}.reviewed":
            add(path.relative_to(stack_folder).as_posix(), path.read_bytes())
    return digest.hexdigest()


def configuration_of(plan_file: Path) -> dict[str, bytes]:
    """Give the files that a plan was made from, by name; Terraform applies these.

    Args:
        plan_file: The file that `terraform plan -out` wrote.

    Raises:
        NotAPlanFileError: It is no plan file.
    """
    try:
        with zipfile.ZipFile(plan_file) as archive:
            return {
                name.removeprefix(CONFIGURATION): archive.read(name)
                for name in archive.namelist()
                if name.startswith(CONFIGURATION)
            }
    except (OSError, zipfile.BadZipFile) as error:
        raise NotAPlanFileError(f"{plan_file.name} is no plan file: {error}") from error


def source_of(configuration: Mapping[str, bytes]) -> JsonObject:
    """Give the synthesised stack, whose expressions say how policies are made.

    Args:
        configuration: The files that a plan was made from.

    Returns:
        The stack; nothing if other files have a say in its resources, so that no expression can
        be taken by its word.

    Raises:
        NotAPlanFileError: A file is no JSON, or not in the shape that cdktf writes.
    """
    stack: JsonObject = {}
    for name, content in configuration.items():
        if name.endswith(".tf"):
            return {}
        if not name.endswith(".tf.json"):
            continue
        try:
            document = json.loads(content)
        except (RecursionError, ValueError) as error:
            raise NotAPlanFileError(f"{name} of the plan cannot be read: {error}") from error
        if not _is_plain(document):
            raise NotAPlanFileError(f"{name} of the plan has lists where it should have objects")
        if name == STACK_FILE:
            stack = document
        elif {"data", "locals", "module", "resource"} & document.keys():
            return {}
    return stack


def _is_plain(document: JsonValue) -> bool:
    """Tell whether blocks are objects, as cdktf writes them; a list of objects is one more way."""
    if not isinstance(document, dict):
        return False
    top = [document.get(name, {}) for name in ("data", "provider", "resource", "terraform")]
    if not all(isinstance(each, dict) for each in top):
        return False
    data, _, resource, terraform = top
    inner = (*data.values(), *resource.values(), terraform.get("backend", {}))
    return all(isinstance(each, dict) for each in inner)


def contradictions(
    plan: Plan, configuration: Mapping[str, bytes], stack_folder: Path
) -> tuple[str, ...]:
    """Give where a stack's folder holds something else than its plan was made from.

    Args:
        plan: The plan.
        configuration: The files that it was made from.
        stack_folder: The synthesised stack's folder.
    """
    there = {
        path.name: path.read_bytes()
        for path in stack_folder.iterdir()
        if path.name.endswith((".tf", ".tf.json"))
    }
    found = [
        f"{name} is not what the plan was made from"
        for name in sorted({*there, *configuration})
        if there.get(name) != configuration.get(name)
    ]
    for code in planned_code(plan):
        path = stack_folder / code.file
        if not path.resolve().is_relative_to(stack_folder.resolve()) or not path.is_file():
            found.append(f"{code.file} is not in the stack's folder")
        elif not code.hash:
            found.append(f"{code.file} is not pinned: the plan has no source_code_hash of it")
        elif code.hash != _hash(path.read_bytes()) and not (
            code.signed and code.hash == _hash(_unsigned(path))
        ):
            found.append(f"{code.file} is not the zip that the plan deploys")
    return tuple(found)


def _hash(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _unsigned(path: Path) -> bytes:
    """A signed zip as it was synthesised: the same files, in the one way that zips are packed.

    `source_code_hash` is that of the zip before it was signed.
    """
    buffer = io.BytesIO()
    try:
        with zipfile.ZipFile(path) as signed, zipfile.ZipFile(buffer, "w") as archive:
            for name in sorted(signed.namelist()):
                if not name.startswith(SIGNATURE):
                    entry = zipfile.ZipInfo(name, FIXED_TIME)
                    entry.create_system = UNIX
                    entry.external_attr = REGULAR_FILE_MODE << 16
                    archive.writestr(entry, signed.read(name))
    except (OSError, zipfile.BadZipFile):
        return b""
    return buffer.getvalue()
