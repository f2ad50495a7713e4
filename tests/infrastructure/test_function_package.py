"""The zip: the same bytes wherever it is made, and everything in it that a function imports."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from constructs_lib.function_package import (
    DEPENDENCIES,
    Dependency,
    FunctionPackage,
    PackageError,
    build_zip,
)

PROJECT = Path(__file__).parents[2]
LOCK = PROJECT / "Pipfile.lock"
JMESPATH = (Dependency(name="jmespath"),)
# What the Lambda runtime brings along.
RUNTIME = ("boto3", "botocore", "s3transfer", "python-dateutil", "six", "urllib3", "jmespath")
MOST_BYTES = 3_000_000


@pytest.fixture
def functions(tmp_path) -> Path:
    """Give a folder with a small package of functions."""
    package = tmp_path / "functions" / "inventory"
    (package / "handlers").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "handlers" / "summary.py").write_text("handler = print\n")
    (package / "page.css").write_text("td { text-align: right }\n")
    return tmp_path / "functions"


def names_in(content: bytes) -> list[str]:
    """Give the names in a zip, in order."""
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_the_zip_holds_sources_data_and_dependencies_in_order(functions) -> None:
    """And nothing of what else lies around."""
    names = names_in(build_zip(functions, LOCK, JMESPATH))

    assert names == sorted(names)
    assert [name for name in names if name.startswith("inventory/")] == [
        "inventory/__init__.py",
        "inventory/handlers/summary.py",
        "inventory/page.css",
    ]
    assert "jmespath/__init__.py" in names


def test_the_same_sources_give_the_same_bytes(functions, tmp_path) -> None:
    """Other folder, times, modes, order of creation, and leftovers of tools: the same zip."""
    first = build_zip(functions, LOCK, JMESPATH)

    other = tmp_path / "elsewhere" / "functions"
    umask = os.umask(0o077)
    try:
        for path in sorted(functions.rglob("*"), reverse=True):
            if path.is_file():
                copy = other / path.relative_to(functions)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                os.utime(copy, (1, 1))
                copy.chmod(0o700)
        for leftover in (
            "inventory/__pycache__/summary.cpython-313.pyc",
            "inventory/handlers/.summary.py.swp",
            "inventory/handlers/.hidden.py",
            "inventory/handlers/summary.py.orig",
            "inventory/.DS_Store",
            "notes.py",
        ):
            path = other / leftover
            path.parent.mkdir(exist_ok=True)
            path.write_text("leftover")
    finally:
        os.umask(umask)

    assert build_zip(other, LOCK, JMESPATH) == first


def test_one_changed_byte_changes_the_zip(functions, tmp_path) -> None:
    """And with it the hash that tells Terraform to deploy."""
    before = FunctionPackage.write(build_zip(functions, LOCK, JMESPATH), tmp_path / "stack")
    (functions / "inventory" / "page.css").write_text("td { text-align: left }\n")
    after = FunctionPackage.write(build_zip(functions, LOCK, JMESPATH), tmp_path / "stack")

    assert before.path == after.path
    assert before.sha256_base64 != after.sha256_base64


def test_a_renamed_file_changes_the_zip(functions) -> None:
    """Names count as much as contents."""
    before = build_zip(functions, LOCK, JMESPATH)
    folder = functions / "inventory" / "handlers"
    (folder / "summary.py").rename(folder / "report.py")

    assert build_zip(functions, LOCK, JMESPATH) != before


def test_entries_have_one_time_and_one_mode_and_are_not_compressed(functions) -> None:
    """Zlib does not promise the same bytes everywhere."""
    archive = zipfile.ZipFile(io.BytesIO(build_zip(functions, LOCK, JMESPATH)))

    assert {
        (entry.date_time, entry.external_attr >> 16, entry.create_system, entry.compress_type)
        for entry in archive.infolist()
    } == {((1980, 1, 1, 0, 0, 0), 0o100644, 3, zipfile.ZIP_STORED)}


def test_the_zip_lies_in_the_stack_folder_under_a_relative_path(tmp_path) -> None:
    """The folder alone can be deployed, and the hash is the one Lambda reports."""
    package = FunctionPackage.write(b"zip", tmp_path / "stacks" / "inventory-dev")

    assert not Path(package.path).is_absolute()
    assert (tmp_path / "stacks" / "inventory-dev" / package.path).read_bytes() == b"zip"
    assert base64.b64decode(package.sha256_base64) == hashlib.sha256(b"zip").digest()


def test_the_real_zip_is_small_and_holds_nothing_compiled() -> None:
    """Lambda fetches it at every cold start, on another processor."""
    content = build_zip(PROJECT / "functions", LOCK)
    names = names_in(content)

    assert len(content) < MOST_BYTES
    assert not [name for name in names if name.endswith((".so", ".pyc", ".pyd"))]
    assert not [name for name in names if ".dist-info/" in name or "__pycache__" in name]
    assert {name.split("/")[0] for name in names} == {
        "aws_lambda_powertools",
        "importlib_metadata",
        "inventory",
        "jmespath",
        "pygal",
        "typing_extensions.py",
        "tzdata",
        "zipp",
    }


def test_fails_for_dependencies_that_are_not_as_locked(functions, tmp_path) -> None:
    """Every one of them is named, with what is locked and what is installed, and what to do."""
    lock = json.loads(LOCK.read_text())
    lock["default"]["pygal"]["version"] = "==0.0.1"
    del lock["default"]["zipp"]
    changed = tmp_path / "Pipfile.lock"
    changed.write_text(json.dumps(lock))

    with pytest.raises(PackageError) as caught:
        build_zip(functions, changed, (*DEPENDENCIES, Dependency(name="not-there")))

    assert str(caught.value) == (
        f"pygal is installed as {metadata.version('pygal')}, locked is 0.0.1; "
        f"zipp is installed as {metadata.version('zipp')}, locked is (nothing); "
        "not-there is not installed; run `pipenv sync --dev`"
    )


def test_fails_for_a_dependency_with_compiled_code(functions) -> None:
    """It would not load on Lambda's processor."""
    with pytest.raises(PackageError, match=r"pydantic_core/.*\.so is compiled"):
        build_zip(functions, LOCK, (Dependency(name="pydantic-core"),))


def test_fails_for_two_files_of_one_name(functions) -> None:
    """One would silently win."""
    with pytest.raises(PackageError, match="comes from"):
        build_zip(functions, LOCK, (*JMESPATH, *JMESPATH))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory) -> tuple[Path, Path]:
    """Give the zip as Lambda unpacks it, and a folder with what the runtime brings along."""
    folder = tmp_path_factory.mktemp("lambda")
    task, brought = folder / "task", folder / "runtime"
    with zipfile.ZipFile(io.BytesIO(build_zip(PROJECT / "functions", LOCK))) as archive:
        archive.extractall(task)
    for name in RUNTIME:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            source = Path(distribution.locate_file(top))
            (brought).mkdir(exist_ok=True)
            (brought / top).symlink_to(source)
    return task, brought


def run_isolated(runtime, *lines: str) -> subprocess.CompletedProcess[str]:
    """Run a program that sees the zip, the runtime and the standard library alone."""
    path = [str(folder) for folder in runtime]
    program = "\n".join([f"import sys; sys.path[:0] = {path!r}", *lines])
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )


@pytest.mark.parametrize("module", ["processor", "chunk_processor", "summary", "reconcile"])
def test_a_handler_needs_nothing_but_the_zip_and_the_runtime(runtime, module) -> None:
    """Imported by an interpreter that sees nothing else, with no effect but the import."""
    result = run_isolated(
        runtime,
        f"from inventory.handlers import {module}",
        f"assert callable({module}.handler)",
    )

    assert result.returncode == 0, result.stderr


def test_every_module_finds_what_it_imports(runtime) -> None:
    """Also those that a handler imports only when it needs them."""
    result = run_isolated(
        runtime,
        "import importlib, pkgutil, inventory",
        "for module in pkgutil.walk_packages(inventory.__path__, 'inventory.'):",
        "    importlib.import_module(module.name)",
        "import zoneinfo",
        "zoneinfo.reset_tzpath(())",
        "assert zoneinfo.ZoneInfo('Europe/Berlin')",
    )

    assert result.returncode == 0, result.stderr
