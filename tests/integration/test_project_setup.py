"""What is missing on a machine is told in one line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from local_cloud import override
from local_cloud.errors import LocalCloudError
from project_setup import pythons, steps
from terraform_runner import installation
from terraform_runner.errors import MissingToolError, TerraformError
from terraform_runner.paths import ROOT
from terraform_runner.terraform import LOCK_FILE, NO_PROVIDER, Terraform


def tool(folder: Path, name: str, output: str) -> None:
    """A command on a PATH of its own that prints a fixed text."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{output}'\n")
    path.chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without tools: the folder that is its whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(installation, "TOOLS", tmp_path / "tools")
    return folder


@pytest.mark.usefixtures("bare")
def test_fails_without_node() -> None:
    """No node on PATH: one line that says what to install."""
    with pytest.raises(MissingToolError, match=r"^node is missing: install Node\.js 20 or newer$"):
        steps.node_version()


def test_fails_with_old_node(bare: Path) -> None:
    """A node that is too old is named."""
    tool(bare, "node", "v18.19.0")

    with pytest.raises(MissingToolError, match=r"node is v18\.19\.0"):
        steps.node_version()


@pytest.mark.usefixtures("bare")
def test_fails_with_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is too old, and no other on PATH, is named."""
    version = namedtuple("version", "major minor")  # noqa: PYI024  # a stand-in for sys's own
    monkeypatch.setattr(sys, "version_info", version(3, 9))

    with pytest.raises(MissingToolError, match=r"python3 is 3\.9"):
        steps.python_interpreter()


def test_setup_prints_one_line_and_ends_with_an_error(bare: Path) -> None:
    """The command itself shows no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "project_setup", "python"],
        env={"PATH": str(bare), "PYTHONPATH": f"{ROOT}/cli:{ROOT}/dev"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "error: node is missing: install Node.js 20 or newer\n"


@pytest.mark.usefixtures("bare")
def test_fails_without_terraform_and_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Terraform and no way to fetch it: one line with the address that was tried."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", refuse)

    with pytest.raises(MissingToolError, match=r"releases\.hashicorp\.com.*put Terraform 1\.10"):
        installation.find_terraform()


@pytest.mark.usefixtures("bare")
def test_fails_when_the_release_is_not_the_pinned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive with another checksum is never unpacked."""
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(b"something else"))

    with pytest.raises(MissingToolError, match="does not have the pinned SHA-256"):
        installation.find_terraform()
    assert not (tmp_path / "tools").exists()


def test_old_terraform_on_path_is_passed_over(bare: Path, tmp_path: Path) -> None:
    """A Terraform that is too old does not count; the fetched one does."""
    tool(bare, "terraform", '{"terraform_version": "1.5.7"}')
    own = tmp_path / "tools" / f"terraform-{installation.RELEASE}" / "terraform"
    own.parent.mkdir(parents=True)
    own.touch()

    assert installation.find_terraform() == own


def test_mirror_is_found_by_looking(tmp_path: Path) -> None:
    """A folder with the provider for this machine is a mirror; one for another machine is not."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    (here / installation.PROVIDER / "5.100.0" / installation.os_arch()).mkdir(parents=True)
    (elsewhere / installation.PROVIDER / "5.100.0" / "plan9_mips").mkdir(parents=True)

    assert installation.find_provider_mirror({}, [elsewhere, here]) == here
    assert installation.find_provider_mirror({}, [elsewhere]) is None
    assert installation.find_provider_mirror({"TF_PLUGIN_MIRROR": str(here)}, []) == here


def test_cli_configuration_uses_a_mirror_only_where_there_is_one(tmp_path: Path) -> None:
    """Without a mirror Terraform goes to the registry as it always does."""
    assert str(tmp_path) in installation.cli_configuration(tmp_path)
    assert "provider_installation" not in installation.cli_configuration(None)


def test_fails_without_provider_in_mirror_and_registry(tmp_path: Path) -> None:
    """A provider that is nowhere to be had gives one line."""
    (tmp_path / "main.tf.json").write_text(
        '{"terraform": {"required_providers": {"aws": {"source": "127.0.0.1:9/hashicorp/aws"}}}}'
    )
    terraform = Terraform(tmp_path, variables={})

    with pytest.raises(MissingToolError) as refused:
        terraform.init()

    assert str(refused.value) == NO_PROVIDER
    assert "\n" not in str(refused.value)


def test_fails_for_a_provider_that_is_not_locked(tmp_path: Path) -> None:
    """It would run with the caller's credentials; where there is no lock, any will do."""
    aws = '{"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}}}'
    (tmp_path / "main.tf.json").write_text(aws)
    (tmp_path / LOCK_FILE).write_text("")
    terraform = Terraform(tmp_path, variables={})

    with pytest.raises(TerraformError, match="Provider dependency changes detected"):
        terraform.init()

    terraform.init(any_provider=True)


def test_missing_cli_configuration_of_the_caller_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TF_CLI_CONFIG_FILE may name a file that is not there."""
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("TF_CLI_ARGS", "-no-such-option")
    (tmp_path / "main.tf.json").write_text('{"output": {"answer": {"value": 42}}}')
    terraform = Terraform(tmp_path, variables={})

    terraform.init()
    terraform.apply()

    assert terraform.output()["answer"]["value"] == 42


def test_fails_to_point_a_stack_anywhere_but_loopback(tmp_path: Path) -> None:
    """The override file is for this machine alone."""
    with pytest.raises(LocalCloudError, match="not on loopback"):
        override.write_override(tmp_path, endpoint="http://10.0.0.1:4566", account_id="0" * 12)


def test_setup_of_a_prepared_project_takes_no_time() -> None:
    """Steps whose stamps are fresh do not run again."""
    done = subprocess.run(
        [sys.executable, "-m", "project_setup", "terraform"],
        env={**os.environ, "PYTHONPATH": f"{ROOT}/cli:{ROOT}/dev"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_other_pythons_get_exactly_what_the_lock_names() -> None:
    """A version and hashes for each package, markers as they are, and never the project itself."""
    locked: dict[str, dict[str, object]] = {
        "zipp": {"version": "==4.1.2", "hashes": ["sha256:a", "sha256:b"]},
        "inventory": {"editable": True, "path": "."},
        "six": {
            "version": "==1.17.0",
            "hashes": ["sha256:c"],
            "markers": "python_version >= '2.7'",
        },
    }

    assert pythons.requirements(locked) == (
        "six==1.17.0 ; python_version >= '2.7' --hash=sha256:c\n"
        "zipp==4.1.2 --hash=sha256:a --hash=sha256:b\n"
    )


def test_other_pythons_are_those_that_start(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the one that has an environment already, none that says it is another, no dead shim."""
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "versions" / "3.11.7"))
    monkeypatch.setattr(pythons, "VENV_BIN", tmp_path / "venv")
    tool(tmp_path / "venv", "python3.11", "11 /usr/bin/python3.11")
    tool(bare, "python3.11", "11 /usr/bin/python3.11")
    tool(bare, "python3.12", "9 /usr/bin/python3.9")
    tool(bare, "python3.13", "")
    tool(tmp_path / "versions" / "3.13.0" / "bin", "python", "13 /opt/my python/bin/python3.13")

    assert pythons.others() == {13: Path("/opt/my python/bin/python3.13")}
