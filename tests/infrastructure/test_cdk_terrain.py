"""The way on from archived CDKTF: CDK Terrain synthesises the same sources to the same stack."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from constructs_lib.cdk_terrain import PACKAGES, SWITCH, install_if_wanted
from constructs_lib.terraform import PROVIDER_VERSIONS
from project_setup.steps import SUCCESSOR

PROJECT = Path(__file__).parents[2]


def synthesised(python: Path, folder: Path, **variables: str) -> dict[str, bytes]:
    """Give what main.py writes, by relative path."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    subprocess.run(
        [str(python), str(PROJECT / "main.py")],
        env={
            **kept,
            "PYTHONDONTWRITEBYTECODE": "1",
            "CUSTOMER_MANAGED_KEYS": "true",
            "MAX_RESERVED_CONCURRENCY": "5",
            "ALARM_EMAIL": "stock@example.com",
            "ENVIRONMENT_SUFFIX": "prod",
            "CDKTF_OUTDIR": str(folder),
            **variables,
        },
        check=True,
    )
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def without_version(content: bytes) -> dict:
    """Give a stack without the version of what wrote it."""
    document = json.loads(content)
    assert re.fullmatch(r"0\.\d+\.\d+", document["//"]["metadata"].pop("version"))
    return document


def test_cdk_terrain_makes_the_same_stack(tmp_path) -> None:
    """Every byte but the version of the generator: addresses, and so the state, stay."""
    assert (SUCCESSOR / "bin" / "python").exists(), "CDK Terrain is missing: run `make test`"
    old = synthesised(Path(sys.executable), tmp_path / "old")
    new = synthesised(SUCCESSOR / "bin" / "python", tmp_path / "new", **{SWITCH: "1"})

    stack = "environments/inventory-prod/cdk.tf.json"
    differing = {name for name in old if old[name] != new.get(name)}
    assert old.keys() == new.keys()
    assert differing == {stack, "manifest.json"}
    assert without_version(old[stack]) == without_version(new[stack])
    versions = [json.loads(each[stack])["//"]["metadata"]["version"] for each in (old, new)]
    assert versions[0] != versions[1], "CDK Terrain was not used"


def test_the_range_of_the_provider_ends_where_a_schema_was_last_looked_at() -> None:
    """Bindings take no argument that their provider does not have, and the stack is made by them.

    Where newer bindings are taken, so may be the provider that they were made of.
    """
    (bindings,) = SUCCESSOR.glob("lib/python3.*/site-packages/cdktn_provider_aws/sqs_queue")
    source = (bindings / "__init__.py").read_text()
    known = {
        tuple(map(int, each))
        for each in re.findall(r"/hashicorp/aws/(\d+)\.(\d+)\.\d+/docs", source)
    }
    end = tuple(map(int, PROVIDER_VERSIONS.rpartition("< ")[2].split(".")))
    assert {(major, minor + 1, 0) for major, minor in known} == {end}


def test_without_the_switch_nothing_changes(monkeypatch) -> None:
    """Only its own value turns it."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = list(sys.meta_path)

    assert not install_if_wanted({})
    assert not install_if_wanted({SWITCH: "0"})
    assert sys.meta_path == before
    assert install_if_wanted({SWITCH: "1"})
    assert len(sys.meta_path) == len(before) + 1


def test_the_switch_is_at_one_place() -> None:
    """Nothing but its module and main.py knows of CDK Terrain."""
    names = (*PACKAGES.values(), "cdk_terrain")
    knowing = {
        path.relative_to(PROJECT).as_posix()
        for folder in ("constructs_lib", "functions", "fastsynth")
        for path in (*(PROJECT / folder).rglob("*.py"), PROJECT / "main.py")
        if any(re.search(rf"\b{name}\b", path.read_text()) for name in names)
    }

    assert knowing == {"constructs_lib/cdk_terrain.py", "main.py"}
