"""Where a stack's outputs come from: a file, the local cloud, or Terraform's state."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inventory_cli.errors import OutOfReachError
from plan_review.digest import STACK_FILE
from terraform_runner.errors import RunnerError
from terraform_runner.installation import find_terraform
from terraform_runner.paths import BUILD, STACKS
from terraform_runner.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Written by `make local-up`.
LOCAL_OUTPUTS = BUILD / "local" / "outputs.json"

#: Environment variable that names an outputs file.
VARIABLE = "INVENTORY_OUTPUTS"

NO_CREDENTIALS = (
    "no valid credential|expired ?token|InvalidClientTokenId|refresh cached credentials"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """Names of the deployed resources; fields are the stack's outputs.

    Attributes:
        uploads_bucket_name: Where stock files go.
        reports_bucket_name: Reject files and summaries.
        items_table_name: The stock.
        ingestions_table_name: One record per object version.
        dead_letter_queue_url: Rejects and failed events.
        work_queue_url: Object versions to process again, and parts of large ones.
        processor_function_name: Loads a file.
        summary_function_name: Makes the daily summary.
        alarm_topic_arn: Where alarms are announced.
        dashboard_name: The CloudWatch dashboard.
        chunk_processor_function_name: Works off the work queue; "" in older stacks.
        reconcile_function_name: Looks for files not accounted for; "" in older stacks.
        lanes_table_name: What running files tell each other; "" in older stacks.
    """

    uploads_bucket_name: str
    reports_bucket_name: str
    items_table_name: str
    ingestions_table_name: str
    dead_letter_queue_url: str
    work_queue_url: str
    processor_function_name: str
    summary_function_name: str
    alarm_topic_arn: str
    dashboard_name: str
    chunk_processor_function_name: str = ""
    reconcile_function_name: str = ""
    lanes_table_name: str = ""

    @classmethod
    def from_document(cls, document: Mapping[str, Any], origin: str) -> Outputs:
        """Outputs out of `terraform output -json`, or out of a plain object of names.

        Args:
            document: Parsed JSON.
            origin: Where it comes from, for the message.

        Raises:
            OutOfReachError: Outputs are missing; the message names all of them.
        """
        values = {
            name: entry["value"] if isinstance(entry, dict) and "value" in entry else entry
            for name, entry in document.items()
        }
        known = {field.name: field for field in fields(cls)}
        missing = sorted(
            name
            for name, field in known.items()
            if not values.get(name) and field.default is MISSING
        )
        if missing:
            raise OutOfReachError(
                f"{origin} lacks the outputs {', '.join(missing)}: is the stack deployed?"
            )
        return cls(**{name: str(values[name]) for name in known if values.get(name)})

    @property
    def suffix(self) -> str:
        """The environment, such as `dev`."""
        return self.processor_function_name.removeprefix("inventory-processor-")

    @property
    def account(self) -> str:
        """The account everything is in; "" where the names do not tell."""
        return self.alarm_topic_arn.split(":")[4]

    @property
    def region(self) -> str:
        """The region everything is in."""
        return self.alarm_topic_arn.split(":")[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """Outputs and what is needed to reach what they name.

    Attributes:
        outputs: The names.
        origin: Where they come from, for people.
        variables: AWS settings that belong to them; empty where the caller's own hold.
    """

    outputs: Outputs
    origin: str
    variables: Mapping[str, str]


def locate(
    outputs_file: Path | None,
    environment: str | None,
    variables: Mapping[str, str] | None = None,
    *,
    local_outputs: Path = LOCAL_OUTPUTS,
    stacks: Path = STACKS,
) -> Located:
    """Find the outputs of the stack that is meant.

    In this order: the file given, the file in INVENTORY_OUTPUTS, the environment given, the local
    cloud (unless ENVIRONMENT_SUFFIX names another environment than it runs), and the state of
    the environment in ENVIRONMENT_SUFFIX, `dev` by default.

    Args:
        outputs_file: File with the outputs.
        environment: Suffix of an environment whose state is meant.
        variables: Environment variables. Default: the process's.
        local_outputs: Where the local cloud writes its outputs.
        stacks: Where stacks are synthesised to.

    Raises:
        OutOfReachError: There are none, or they cannot be read.
    """
    settings = os.environ if variables is None else variables
    named = outputs_file or (Path(settings[VARIABLE]) if settings.get(VARIABLE) else None)
    if named is not None and (outputs_file is not None or environment is None):
        return _from_file(named)
    if environment is None and local_outputs.exists():
        local = _from_file(local_outputs)
        if settings.get("ENVIRONMENT_SUFFIX", local.outputs.suffix) == local.outputs.suffix:
            return local
    return _from_state(environment or settings.get("ENVIRONMENT_SUFFIX") or "dev", stacks)


def _from_file(path: Path) -> Located:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutOfReachError(f"the outputs in {path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise OutOfReachError(f"the outputs in {path} cannot be read: not a JSON object")
    return Located(
        outputs=Outputs.from_document(document, str(path)),
        origin=str(path),
        variables=_exports(path.with_name("env")),
    )


def _exports(path: Path) -> dict[str, str]:
    """AWS variables of the `export` lines beside the outputs of a local cloud."""
    if not path.is_file():
        return {}
    found = {}
    for word in shlex.split(path.read_text(encoding="utf-8"), comments=True):
        name, separator, value = word.partition("=")
        if separator and name.startswith("AWS_"):
            found[name] = value
    return found


def _from_state(suffix: str, stacks: Path) -> Located:
    name = f"inventory-{suffix}"
    folder = stacks / name
    others = "start a local cloud with `make local-up`, or name a file with --outputs"
    connect = f"connect this checkout with `make connect ENV={suffix}`"
    if not (folder / STACK_FILE).is_file():
        raise OutOfReachError(f"{name} is not synthesised here: {connect}, {others}")
    try:
        find_terraform(fetch=False)  # a question is no reason to install something
        document = Terraform(folder, variables={}).output()
    except RunnerError as error:
        advice = _advice(str(error), connect)
        raise OutOfReachError(f"the state of {name} cannot be read{advice}\n{error}") from error
    if not document:
        deploy = f"deploy it with `make deploy ENV={suffix}`, {others}"
        raise OutOfReachError(f"{name} is not deployed: {_empty_state(folder)}{deploy}")
    origin = f"the Terraform state of {suffix}"
    return Located(outputs=Outputs.from_document(document, origin), origin=origin, variables={})


def _advice(words: str, connect: str) -> str:
    """Advice on Terraform's words, after a colon; "" where they say it best."""
    if "terraform init" in words:
        return f": {connect}"
    if re.search(NO_CREDENTIALS, words, re.IGNORECASE):
        return ": no valid AWS credentials; set AWS_PROFILE, or log in again"
    return ""


def _empty_state(folder: Path) -> str:
    """Where an empty state is; a local one says nothing about other checkouts."""
    stack = json.loads((folder / STACK_FILE).read_text(encoding="utf-8"))
    if "local" not in stack["terraform"].get("backend", {}):
        return "its state is empty; "
    file = f"terraform.{folder.name}.tfstate"
    return (
        f"its state, {file} of this checkout, is empty; if another checkout has deployed it, work "
        "there; else "
    )
