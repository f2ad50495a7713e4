"""Runs Terraform on a synthesised stack, with its progress shown and its errors kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from terraform_runner.errors import MissingToolError, TerraformError
from terraform_runner.installation import (
    cli_configuration,
    find_provider_mirror,
    find_terraform,
)
from terraform_runner.paths import BUILD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rich.console import Console

PARALLELISM = 64
"""The provider mostly waits, so everything that may run beside each other should."""

LOCK_FILE = ".terraform.lock.hcl"

CHANGES = 2
"""`terraform plan -detailed-exitcode` when there are changes."""

STEERING = (
    "TF_AWS_",
    "TF_CLI_ARGS",
    "TF_CLOUD_",
    "TF_DATA_DIR",
    "TF_REATTACH_PROVIDERS",
    "TF_VAR_",
    "TF_WORKSPACE",
)
"""How variables begin with which a shell would make Terraform plan or apply something else.

Sources: https://developer.hashicorp.com/terraform/cli/config/environment-variables and, of the
provider, `TF_AWS_DEFAULT_TAGS_<name>`:
https://registry.terraform.io/providers/hashicorp/aws/latest/docs#default_tags
"""

NO_PROVIDER = (
    "the AWS provider is in no plugin mirror and registry.terraform.io is out of reach: connect to "
    "the network, or name a mirror in TF_PLUGIN_MIRROR"
)


class Terraform:
    """Terraform in one stack's folder.

    Args:
        folder: The folder with `cdk.tf.json`.
        variables: Environment variables for Terraform beside the caller's.
        console: Where progress is shown; None shows none.
    """

    def __init__(
        self, folder: Path, *, variables: Mapping[str, str], console: Console | None = None
    ) -> None:
        self._folder = folder
        self._console = console
        self._binary = find_terraform()
        self._environment = {**terraform_environment(), **variables}

    def init(self, *, any_provider: bool = False) -> None:
        """Fetch or link the provider.

        Args:
            any_provider: True if any version that the stack allows will do, whatever is locked: a
                local cloud is for every machine, and the lock may have no hash for this one.

        Raises:
            MissingToolError: The provider is in no mirror and the registry is out of reach.
            TerraformError: Anything else.
        """
        lock = self._folder / LOCK_FILE
        if any_provider:
            lock.unlink(missing_ok=True)
        # A provider is a program that gets the credentials, so it must be a locked one.
        options = ["-lockfile=readonly"] if lock.exists() else []
        # Without -reconfigure: a backend that was changed and not migrated looks empty.
        done = self._run("init", "-input=false", "-no-color", *options)
        if "Failed to query available provider packages" in done.stderr:
            raise MissingToolError(NO_PROVIDER)
        _insist(done)

    def apply(self) -> None:
        """Create or change every resource.

        Raises:
            TerraformError: At least one resource failed.
        """
        self._stream("apply", "applying")

    def plan(self) -> tuple[bool, str]:
        """Tell whether there are changes, and the plan as people read it.

        Raises:
            TerraformError: Terraform could not plan.
        """
        done = self._run("plan", "-detailed-exitcode", "-input=false", "-no-color")
        _insist(done, 0, CHANGES)
        return done.returncode == CHANGES, done.stdout

    def save_plan(self, target: Path, *options: str) -> bool:
        """Plan into a file; whether there are changes.

        Args:
            target: The file; an absolute path.
            options: More options of `terraform plan`, such as `-destroy`.

        Raises:
            TerraformError: Terraform could not plan.
        """
        done = self._run(
            "plan", "-detailed-exitcode", "-input=false", "-no-color", f"-out={target}", *options
        )
        _insist(done, 0, CHANGES)
        return done.returncode == CHANGES

    def show_plan(self, plan: Path) -> dict[str, Any]:
        """`terraform show -json` of a plan file.

        Args:
            plan: The file; an absolute path.

        Raises:
            TerraformError: It is no plan, or another Terraform's.
        """
        return self._told("plan", "show", str(plan))

    def apply_plan(self, plan: Path) -> None:
        """Do what a plan file says, and nothing else.

        Args:
            plan: The file; an absolute path.

        Raises:
            TerraformError: At least one resource failed, or the state is another one by now.
        """
        done = self._run("apply", "-input=false", "-no-color", str(plan))
        _insist(done)

    def output(self) -> dict[str, Any]:
        """`terraform output -json`: name to value, type and sensitivity.

        Raises:
            TerraformError: There is no state.
        """
        return self._told("outputs", "output")

    def state(self) -> dict[str, Any]:
        """`terraform show -json`: what is deployed, as far as the state knows.

        Raises:
            TerraformError: The state cannot be read.
        """
        return self._told("state", "show")

    def addresses(self) -> list[str]:
        """The addresses of all resources in the state."""
        return self._run("state", "list").stdout.split()

    def _told(self, what: str, command: str, *arguments: str) -> dict[str, Any]:
        """What a command prints as JSON, in UTF-8 and with nothing beside it.

        Raises:
            TerraformError: The command failed, or printed something else.
        """
        try:
            done = self._run(command, "-json", "-no-color", *arguments)
            _insist(done)
            document: dict[str, Any] = json.loads(done.stdout)
        except (RecursionError, ValueError) as error:
            raise TerraformError(f"`terraform {command} -json` gave no {what}: {error}") from error
        return document

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._binary), *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def _stream(self, command: str, verb: str) -> None:
        errors: list[str] = []
        with self._lines(command) as process, _progress(self._console) as progress:
            task = progress.add_task(verb, total=None)
            planned = 0
            for line in process.stdout or ():
                event = json.loads(line) if line.startswith("{") else {}
                kind = event.get("type")
                if "read" in (event.get(part, {}).get("action") for part in ("hook", "change")):
                    continue
                if kind == "planned_change":
                    planned += 1
                    progress.update(task, total=planned)
                elif kind == "apply_start":
                    progress.update(task, description=f"{verb} {event['hook']['resource']['addr']}")
                elif kind in {"apply_complete", "apply_errored"}:
                    progress.advance(task)
                elif kind == "diagnostic" and event["diagnostic"]["severity"] == "error":
                    errors.append(_lines_of(event["diagnostic"]))
            progress.update(task, description=f"{verb}: done")
        if process.returncode:
            raise TerraformError("\n\n".join([f"terraform {command} failed:", *errors]))

    @contextmanager
    def _lines(self, command: str) -> Iterator[subprocess.Popen[str]]:
        """Terraform as a process that ends with this one: asked to stop, then waited for."""
        process = subprocess.Popen(
            [
                str(self._binary),
                command,
                "-auto-approve",
                "-input=false",
                "-json",
                f"-parallelism={PARALLELISM}",
            ],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
            process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def terraform_environment() -> dict[str, str]:
    """The caller's environment without what would change the meaning of a plan, and our own."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(STEERING)}
    return {**kept, **command_line_variables()}


def command_line_variables() -> dict[str, str]:
    """Variables that make Terraform use our own CLI configuration.

    The caller's TF_CLI_CONFIG_FILE may name a file that does not exist.
    """
    BUILD.mkdir(exist_ok=True)
    path = BUILD / "terraform.rc"
    text = cli_configuration(find_provider_mirror())
    if not path.exists() or path.read_text() != text:
        # Another command may be reading it.
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_text(text)
        partial.replace(path)
    return {
        "TF_CLI_CONFIG_FILE": str(path),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }


def _insist(done: subprocess.CompletedProcess[str], *codes: int) -> None:
    """Raise TerraformError, in Terraform's own words, unless it ended with one of the codes."""
    if done.returncode not in (codes or (0,)):
        command = done.args[1]
        raise TerraformError(f"terraform {command} failed:\n{done.stderr.strip()}")


def _lines_of(diagnostic: dict[str, Any]) -> str:
    heading = ": ".join(filter(None, (diagnostic.get("address"), diagnostic["summary"])))
    return "\n".join(filter(None, (heading, diagnostic.get("detail"))))


def _progress(console: Console | None) -> Progress:
    return Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=console,
        disable=console is None,
    )
