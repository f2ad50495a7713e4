"""The zips: the same bytes wherever they are made, and in each what its function imports."""

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
    FUNCTIONS,
    Dependency,
    PackageError,
    build_zips,
)
from constructs_lib.stack_folder import write_packages

PROJECT = Path(__file__).parents[2]
LOCK = PROJECT / "Pipfile.lock"
JMESPATH = (Dependency(name="jmespath", wanted_by="jmespath"),)
# What the Lambda runtime brings along.
RUNTIME = ("boto3", "botocore", "s3transfer", "python-dateutil", "six", "urllib3", "jmespath")
MOST_BYTES = 3_200_000
INGEST_DEPENDENCIES = {"et_xmlfile", "openpyxl", "tzdata"}
OWN_DEPENDENCIES = {
    "processor": INGEST_DEPENDENCIES,
    "chunk_processor": INGEST_DEPENDENCIES,
    "summary": {"tzdata"},
    "reconcile": {"tzdata"},
}
# Read at synthesis and by commands alone.
NOT_AT_RUN_TIME = {"inventory/feeds_file.py"}


@pytest.fixture
def functions(tmp_path) -> Path:
    """Give a folder with a small package of two functions that share a module."""
    package = tmp_path / "functions" / "inventory"
    for name, text in {
        "__init__.py": "",
        "page.css": "td { text-align: right }\n",
        "shared.py": "import jmespath\n",
        "unused.py": "",
        "handlers/__init__.py": "",
        "handlers/summary.py": "from ..shared import jmespath\n\nhandler = print\n",
        "handlers/processor.py": "def handler():\n    import inventory.shared\n",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    return tmp_path / "functions"


def packed(folder: Path, dependencies=JMESPATH) -> dict[str, bytes]:
    """Give the small package's zips by function."""
    zips = build_zips(folder, LOCK, functions=("processor", "summary"), dependencies=dependencies)
    return {function: each.content for function, each in zips.items()}


def names_in(content: bytes) -> list[str]:
    """Give the names in a zip, in order."""
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def own_names_in(content: bytes) -> list[str]:
    """Give the names of our own files in a zip."""
    return [name for name in names_in(content) if name.startswith("inventory/")]


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """Give the functions whose zips differ."""
    return {function for function in before if before[function] != after[function]}


def test_a_zip_holds_what_its_handler_reaches_in_order(functions) -> None:
    """Sources, data beside them and dependencies, and nothing of what else lies around."""
    zips = packed(functions)

    for function, content in zips.items():
        assert names_in(content) == sorted(names_in(content))
        assert own_names_in(content) == [
            "inventory/__init__.py",
            "inventory/handlers/__init__.py",
            f"inventory/handlers/{function}.py",
            "inventory/page.css",
            "inventory/shared.py",
        ]
        assert "jmespath/__init__.py" in names_in(content)


def test_what_only_type_checkers_import_is_left_out(functions) -> None:
    """A change of it concerns no function."""
    (functions / "inventory" / "handlers" / "summary.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import jmespath\n    from inventory import unused\n"
        "else:\n    from inventory import shared\n"
    )

    names = own_names_in(packed(functions)["summary"])

    assert "inventory/unused.py" not in names
    assert "inventory/shared.py" in names


@pytest.mark.parametrize(
    "text",
    [
        "import jmespath\n\n\ndef handler(): ...\n",
        "def handler():\n    import jmespath\n",
        "def other(): ...\n\n\nimport jmespath\n",
        "class Handler:\n    if True:\n        from jmespath import search\n",
        '"""Of what is imported, a\nclass of its own.\n"""\n\nimport jmespath\n',
        '"""First a\nclass\n"""\n\nimport jmespath\n\n\ndef handler(): ...\n',
        'import jmespath\n\nTEXT = """\nclass of its own\n"""\n',
        "try:\n    import jmespath\nexcept ImportError:\n    raise\n",
        "match 1:\n    case 1:\n        import jmespath\n",
        "async def handler():\n    async with it:\n        import jmespath\n",
    ],
)
def test_imports_are_found_wherever_they_stand(functions, text) -> None:
    """In front of all definitions, behind one, inside of one, and under any statement."""
    (functions / "inventory" / "handlers" / "summary.py").write_text(text)

    assert "jmespath/__init__.py" in names_in(packed(functions)["summary"])


def test_the_same_sources_give_the_same_bytes(functions, tmp_path) -> None:
    """Other folder, times, modes, order of creation, and leftovers of tools: the same zip."""
    first = packed(functions)

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

    assert packed(other) == first


@pytest.mark.parametrize(
    ("file", "concerned"),
    [
        ("handlers/summary.py", {"summary"}),
        ("handlers/processor.py", {"processor"}),
        ("shared.py", {"processor", "summary"}),
        ("page.css", {"processor", "summary"}),
        ("unused.py", set()),
        ("../README.md", set()),
    ],
)
def test_one_changed_byte_changes_exactly_the_zips_it_concerns(
    functions, tmp_path, file, concerned
) -> None:
    """And with them the hash that tells Terraform to deploy, and the file's own."""
    before = build_zips(functions, LOCK, functions=("processor", "summary"), dependencies=JMESPATH)
    path = functions / "inventory" / file
    path.write_text((path.read_text() if path.exists() else "") + "\n")
    after = build_zips(functions, LOCK, functions=("processor", "summary"), dependencies=JMESPATH)

    contents = [{name: each.content for name, each in zips.items()} for zips in (before, after)]
    assert changed(*contents) == concerned
    written = [write_packages(zips, tmp_path / "stack") for zips in (before, after)]
    for function in before:
        old, new = (packages[function] for packages in written)
        assert old.path == new.path
        assert (old.sha256_base64 != new.sha256_base64) is (function in concerned)
        files = {name for name in old.files if old.files[name] != new.files[name]}
        assert files == ({f"inventory/{file}"} if function in concerned else set())


def test_a_renamed_file_changes_the_zips_it_concerns(functions) -> None:
    """Names count as much as contents."""
    before = packed(functions)
    folder = functions / "inventory"
    (folder / "shared.py").rename(folder / "common.py")
    (folder / "handlers" / "summary.py").write_text("from inventory import common\n")

    assert changed(before, packed(functions)) == {"processor", "summary"}


def test_entries_have_one_time_and_one_mode_and_are_not_compressed(functions) -> None:
    """Zlib does not promise the same bytes everywhere."""
    archive = zipfile.ZipFile(io.BytesIO(packed(functions)["summary"]))

    assert {
        (entry.date_time, entry.external_attr >> 16, entry.create_system, entry.compress_type)
        for entry in archive.infolist()
    } == {((1980, 1, 1, 0, 0, 0), 0o100644, 3, zipfile.ZIP_STORED)}


def test_zips_lie_in_the_stack_folder_under_relative_paths(functions, tmp_path) -> None:
    """The folder alone can be deployed, nothing stale lies there, and hashes are Lambda's."""
    folder = tmp_path / "stacks" / "inventory-dev"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "stale.zip").write_text("stale")
    zips = build_zips(functions, LOCK, functions=("summary",), dependencies=JMESPATH)

    (package,) = write_packages(zips, folder).values()

    assert package.path == "assets/summary.zip"
    assert [path.name for path in (folder / "assets").iterdir()] == ["summary.zip"]
    content = (folder / package.path).read_bytes()
    assert base64.b64decode(package.sha256_base64) == hashlib.sha256(content).digest()


def test_the_real_zips_are_small_and_hold_nothing_compiled() -> None:
    """Lambda fetches them at every cold start, on another processor."""
    shared = {"aws_lambda_powertools", "inventory", "jmespath", "typing_extensions.py"}
    for function, each in build_zips(PROJECT / "functions", LOCK).items():
        names = names_in(each.content)

        assert len(each.content) < MOST_BYTES
        assert not [name for name in names if name.endswith((".so", ".pyc", ".pyd"))]
        assert not [name for name in names if ".dist-info/" in name or "__pycache__" in name]
        own = OWN_DEPENDENCIES.get(function, set())
        assert {name.split("/")[0] for name in names} == shared | own


def test_the_same_release_is_the_same_domain_code_in_both_functions_that_ingest() -> None:
    """They compare digests of it to tell whether a run read a file as they do."""
    zips = build_zips(PROJECT / "functions", LOCK)
    processor, chunks = (
        {name for name in own_names_in(zips[function].content) if "/domain/" in name}
        for function in ("processor", "chunk_processor")
    )
    assert processor == chunks


def test_every_module_is_in_the_zip_of_some_function() -> None:
    """A module that no handler reaches would be dead code."""
    packed_names = {
        name
        for each in build_zips(PROJECT / "functions", LOCK).values()
        for name in own_names_in(each.content)
    }
    folder = PROJECT / "functions"
    sources = {path.relative_to(folder).as_posix() for path in (folder / "inventory").rglob("*.py")}

    assert sources - packed_names <= NOT_AT_RUN_TIME


def test_fails_for_dependencies_that_are_not_as_locked(functions, tmp_path) -> None:
    """Every one of them is named, with what is locked and what is installed, and what to do."""
    lock = json.loads(LOCK.read_text())
    lock["default"]["jmespath"]["version"] = "==0.0.1"
    del lock["default"]["tzdata"]
    changed_lock = tmp_path / "Pipfile.lock"
    changed_lock.write_text(json.dumps(lock))

    wanted = (*DEPENDENCIES, Dependency(name="not-there", wanted_by="x"))
    with pytest.raises(PackageError) as caught:
        build_zips(functions, changed_lock, dependencies=wanted)

    assert str(caught.value) == (
        f"jmespath is installed as {metadata.version('jmespath')}, locked is 0.0.1; "
        f"tzdata is installed as {metadata.version('tzdata')}, locked is (nothing); "
        "not-there is not installed; run `pipenv sync --dev`"
    )


def test_fails_for_a_dependency_without_a_record_of_its_files(functions, monkeypatch) -> None:
    """Nothing of it would be packed, and the function would fail where it runs."""
    found = type(metadata.distribution("jmespath"))
    read_text = found.read_text

    def without_record(self: metadata.Distribution, filename: str) -> str | None:
        return None if filename == "RECORD" else read_text(self, filename)

    monkeypatch.setattr(found, "read_text", without_record)
    with pytest.raises(PackageError, match="jmespath has no record of its files"):
        build_zips(functions, LOCK)


def test_fails_for_a_dependency_with_compiled_code(functions) -> None:
    """It would not load on Lambda's processor."""
    with pytest.raises(PackageError, match=r"pydantic_core/.*\.so is compiled"):
        packed(functions, (Dependency(name="pydantic-core", wanted_by="jmespath"),))


def test_fails_for_two_files_of_one_name(functions) -> None:
    """One would silently win."""
    with pytest.raises(PackageError, match="two files want this name"):
        packed(functions, (*JMESPATH, *JMESPATH))


def test_fails_for_a_function_without_a_module(functions) -> None:
    """It would be an empty zip."""
    with pytest.raises(PackageError, match=r"no module inventory\.handlers\.report"):
        build_zips(functions, LOCK, functions=("report",), dependencies=JMESPATH)


@pytest.fixture(scope="module", params=FUNCTIONS)
def runtime(request, tmp_path_factory) -> tuple[str, Path, Path]:
    """Give a function, its zip as Lambda unpacks it, and what the runtime brings along."""
    folder = tmp_path_factory.mktemp("lambda")
    task, brought = folder / "task", folder / "runtime"
    zips = build_zips(PROJECT / "functions", LOCK, functions=(request.param,))
    with zipfile.ZipFile(io.BytesIO(zips[request.param].content)) as archive:
        archive.extractall(task)
    brought.mkdir()
    for name in RUNTIME:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            (brought / top).symlink_to(Path(str(distribution.locate_file(top))))
    return request.param, task, brought


def run_isolated(runtime, *lines: str) -> subprocess.CompletedProcess[str]:
    """Run a program that sees the zip, the runtime and the standard library alone."""
    path = [str(folder) for folder in runtime[1:]]
    program = "\n".join([f"import sys; sys.path[:0] = {path!r}", *lines])
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )


def test_a_handler_needs_nothing_but_its_zip_and_the_runtime(runtime) -> None:
    """Also what it imports only when it needs it, such as time zones; it has no other effect."""
    time_zones = [
        "import zoneinfo",
        "zoneinfo.reset_tzpath(())",
        "assert zoneinfo.ZoneInfo('Europe/Berlin')",
    ]
    result = run_isolated(
        runtime,
        f"from inventory.handlers import {runtime[0]} as module",
        "assert callable(module.handler)",
        "import importlib, pkgutil, inventory",
        "for module in pkgutil.walk_packages(inventory.__path__, 'inventory.'):",
        "    importlib.import_module(module.name)",
        *(time_zones if runtime[0] == "summary" else []),
    )

    assert result.returncode == 0, result.stderr
