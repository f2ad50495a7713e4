"""The patches on the real bindings: same bytes, same types, fewer modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "main.py"

PROBE = """
import fastsynth
fastsynth.install()

import json, sys, typing
from concurrent.futures import ThreadPoolExecutor
import jsii
from jsii._kernel.types import ObjRef
from cdktf import App, TerraformResource, TerraformStack
from constructs import Construct
import cdktf_cdktf_provider_aws as aws
from cdktf_cdktf_provider_aws import s3_bucket
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket

stack = TerraformStack(App(), "probe")
bucket = aws.s3_bucket.S3Bucket(stack, "Bucket", bucket="probe")
try:
    S3Bucket(stack, "Wrong", bucket=42)
    refusal = ""
except TypeError as error:
    refusal = str(error)
names = ["iam_role", "sns_topic", "sqs_queue_policy", "kms_key", "s3_object"] * 8
with ThreadPoolExecutor(8) as pool:
    modules = list(pool.map(lambda name: getattr(aws, name), names))
unknown = "@cdktf/provider-aws.xrayGroup.XrayGroup"
loaded_before = "cdktf_cdktf_provider_aws.xray_group" in sys.modules
made_in_node = jsii._reference_map.resolve_reference(None, ObjRef(ref=unknown + "@1"))
print(json.dumps({
    "modules": sum(name.startswith("cdktf_cdktf_provider_aws.") for name in sys.modules),
    "same_class": aws.s3_bucket.S3Bucket is S3Bucket and s3_bucket.S3Bucket is S3Bucket,
    "instance_of": [isinstance(bucket, kind) for kind in (S3Bucket, TerraformResource, Construct)],
    "refusal": refusal,
    "hints": sorted(typing.get_type_hints(S3Bucket.__init__)),
    "threads": len({id(module) for module in modules}),
    "loaded_before": loaded_before,
    "made_in_node": type(made_in_node).__name__,
    "listed": len(dir(aws)),
}))
"""


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Python in the project's folder and give its output, or fail with its words."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def probe():
    """What a process with the patches has seen of the real bindings."""
    done = run(["-c", PROBE], {"NODE_OPTIONS": ""})
    return json.loads(done.stdout.splitlines()[-1])


def test_only_the_modules_in_use_are_imported(probe):
    """Seven resources cost seven modules with their parts, not 2,212."""
    assert probe["modules"] < 40


def test_all_ways_to_a_class_give_the_same_class(probe):
    """The package's attribute, its import and the module's own import agree."""
    assert probe["same_class"]


def test_constructs_are_instances_of_their_classes(probe):
    """Isinstance works along the whole inheritance."""
    assert probe["instance_of"] == [True, True, True]


def test_fails_for_arguments_of_a_wrong_type(probe):
    """Typeguard still checks arguments against the resolved hints."""
    assert "bucket must be" in probe["refusal"]


def test_hints_resolve_across_the_bindings(probe):
    """The hints of a constructor name cdktf's and constructs' types."""
    assert {"scope", "lifecycle_rule", "provider"} <= set(probe["hints"])


def test_threads_share_modules(probe):
    """Concurrent first uses import each module once."""
    assert probe["threads"] == 5


def test_an_object_made_in_node_arrives_as_its_type(probe):
    """The jsii runtime imports the module of a type that Python has not used yet."""
    assert not probe["loaded_before"]
    assert probe["made_in_node"] == "XrayGroup"


def test_all_modules_are_listed(probe):
    """Dir() of the package shows every resource."""
    assert probe["listed"] > 2200


def test_every_type_is_found_in_the_module_that_the_table_names():
    """The names of jsii's modules follow from the names of the Python modules, for all of them."""
    script = (
        "import pathlib, re, cdktf_cdktf_provider_aws as aws\n"
        "from fastsynth.lazy_package import camel_case\n"
        "wrong = []\n"
        "for init in pathlib.Path(aws.__file__).parent.glob('*/__init__.py'):\n"
        '    found = re.search(r\'jsii_type="[^".]+\\.([^".]+)\\.\', init.read_text())\n'
        "    if found and found[1] != camel_case(init.parent.name):\n"
        "        wrong.append(init.parent.name)\n"
        "print(wrong)\n"
    )
    lazily = "import fastsynth; fastsynth.install()\n" + script
    assert run(["-c", lazily], {"NODE_OPTIONS": ""}).stdout.strip() == "[]"


def synthesised(folder: Path, switch: str) -> dict[str, bytes]:
    """Synthesise the project with the patches on or off, and read all that was written."""
    run([str(MAIN)], {"FASTSYNTH": switch, "NODE_OPTIONS": "", "CDKTF_OUTDIR": str(folder)})
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_output_is_the_same_with_and_without_the_patches(tmp_path):
    """Every synthesised file of the project has the same bytes either way."""
    # Given one run on each side of the slow one, during which somebody may save a source
    before = synthesised(tmp_path / "before", "1")
    plain = synthesised(tmp_path / "plain", "0")
    after = before if before == plain else synthesised(tmp_path / "after", "1")
    # Then the files are the same
    assert any(name.endswith("cdk.tf.json") for name in plain)
    assert after == plain
