"""Names come from the stack that is meant, and never from another one."""

from __future__ import annotations

import json
import stat
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse

from inventory_cli.errors import ForeignAnswerError, OutOfReachError
from inventory_cli.outputs import Outputs, locate
from inventory_cli.rendering import complain
from inventory_cli.session import Session, connect
from terraform_runner import installation

if TYPE_CHECKING:
    from pathlib import Path


def document(suffix: str, *, plain: bool = False) -> dict[str, Any]:
    """Outputs of a stack as Terraform prints them."""
    names = {
        **asdict(
            Outputs(
                uploads_bucket_name=f"uploads-{suffix}",
                reports_bucket_name="reports",
                items_table_name="items",
                ingestions_table_name="ingestions",
                dead_letter_queue_url="dlq",
                work_queue_url="work",
                processor_function_name=f"inventory-processor-{suffix}",
                summary_function_name="summary",
                alarm_topic_arn="arn:aws:sns:eu-central-1:111122223333:topic",
                dashboard_name="board",
                chunk_processor_function_name="chunks",
                reconcile_function_name="reconcile",
            )
        ),
        "something_else": "ignored",
    }
    return names if plain else {name: {"value": value} for name, value in names.items()}


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Any]:
    """A local cloud of dev, and the folder of stacks."""
    local = tmp_path / "local"
    local.mkdir()
    (local / "outputs.json").write_text(json.dumps(document("dev")))
    (local / "env").write_text(
        "# the local cloud\nexport AWS_ENDPOINT_URL=http://127.0.0.1:1\n"
        "export AWS_ACCESS_KEY_ID='000000000000' # any\nexport PATH=/elsewhere\n"
    )
    stack = tmp_path / "stacks" / "inventory-prod"
    stack.mkdir(parents=True)
    (stack / "cdk.tf.json").write_text('{"terraform": {"backend": {"s3": {}}}}')
    return {"local_outputs": local / "outputs.json", "stacks": tmp_path / "stacks"}


VERSION = """#!/bin/sh
[ "$1" = version ] && { echo '{"terraform_version": "1.11.4"}'; exit; }
"""


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A terraform that answers with the outputs of prod."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    answers(program, json.dumps(document("prod")))
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def answers(program: Path, text: str, *, words: str = "") -> None:
    """Have a terraform answer, or refuse with words."""
    version = '{"terraform_version": "1.11.4"}'
    refusal = f"cat >&2 <<'END'\n{words}\nEND\nexit 1\n" if words else ""
    program.write_text(
        f"#!/bin/sh\nif [ $1 = version ]; then echo '{version}'; exit; fi\n{refusal}"
        f"cat <<'END'\n{text}\nEND\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_the_local_cloud_is_meant_while_it_is_up(places: dict[str, Any]) -> None:
    """With the settings that lie beside its outputs, and no others of that file."""
    located = locate(None, None, {}, **places)
    assert located.outputs.suffix == "dev"
    assert located.variables == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "000000000000",
    }


def test_a_client_of_the_local_cloud_never_reaches_aws(places: dict[str, Any]) -> None:
    """Endpoint and key are the local ones whatever the environment holds."""
    session = Session(locate(None, None, {}, **places))
    assert session.sqs.meta.endpoint_url == "http://127.0.0.1:1"
    assert session.sqs.meta.region_name == "eu-central-1"
    assert "http://127.0.0.1:1" in session.where


@pytest.mark.parametrize("plain", [True, False])
def test_a_file_that_is_given_wins(places: dict[str, Any], tmp_path: Path, *, plain: bool) -> None:
    """Over the local cloud and over the variable; with or without Terraform's wrapping."""
    given = tmp_path / "given.json"
    given.write_text(json.dumps(document("staging", plain=plain)))
    variables = {"INVENTORY_OUTPUTS": "/missing"}
    located = locate(given, None, variables, **places)
    assert (located.outputs.suffix, located.variables) == ("staging", {})
    assert "eu-central-1, account 111122223333," in Session(located).where


def test_the_variable_wins_over_the_local_cloud(places: dict[str, Any], tmp_path: Path) -> None:
    """But not over an environment that is named on the command line."""
    given = tmp_path / "given.json"
    given.write_text(json.dumps(document("staging")))
    variables = {"INVENTORY_OUTPUTS": str(given)}
    assert locate(None, None, variables, **places).outputs.suffix == "staging"


@pytest.mark.usefixtures("terraform")
@pytest.mark.parametrize(
    ("environment", "variables"),
    [
        ("prod", {}),
        ("prod", {"INVENTORY_OUTPUTS": "/missing"}),
        (None, {"ENVIRONMENT_SUFFIX": "prod"}),
    ],
)
def test_another_environment_is_read_from_terraform(
    places: dict[str, Any], environment: str | None, variables: dict[str, str]
) -> None:
    """Though a local cloud is up, which runs dev alone."""
    located = locate(None, environment, variables, **places)
    assert (located.outputs.suffix, located.variables) == ("prod", {})


def test_terraform_is_the_one_that_make_has(
    places: dict[str, Any], terraform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With none on PATH, and with one that is too old for the stack's state."""
    own = tmp_path / f"terraform-{installation.RELEASE}" / "terraform"
    own.parent.mkdir()
    terraform.rename(own)
    monkeypatch.setattr(installation, "TOOLS", tmp_path)
    assert locate(None, "prod", {}, **places).outputs.suffix == "prod"
    terraform.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n')
    terraform.chmod(0o755)
    assert locate(None, "prod", {}, **places).outputs.suffix == "prod"


def test_fails_where_there_is_no_terraform(
    places: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says what to run; nothing is fetched."""
    (places["stacks"] / "inventory-prod").mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(installation, "TOOLS", tmp_path)
    with pytest.raises(OutOfReachError, match="terraform is missing: run `make"):
        locate(None, "prod", {}, **places)


@pytest.mark.parametrize("service", ["sts", "dynamodb", "s3"])
def test_fails_when_something_else_than_aws_answers(places: dict[str, Any], service: str) -> None:
    """In XML and JSON protocols: one line that says what it was."""
    client = Session(locate(None, None, {}, **places)).client(service)
    headers: Any = {"Content-Type": "text/html"}
    page: Any = AWSResponse(client.meta.endpoint_url, 200, headers, None)
    page._content = b"<html><h1>Please log in</h1></html>"
    client.meta.events.register("before-send", lambda **_: page)
    ask = {"sts": "get_caller_identity", "dynamodb": "list_tables", "s3": "list_buckets"}[service]
    with pytest.raises(ForeignAnswerError, match=r"is not AWS's but a page \(HTTP 200\)"):
        getattr(client, ask)()


def test_fails_on_an_endpoint_that_is_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is easily written, without http:// before it."""
    (tmp_path / "named.json").write_text(json.dumps(document("dev")))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with pytest.raises(OutOfReachError, match="Invalid endpoint: localhost:4566: see AWS_ENDPOINT"):
        connect(tmp_path / "named.json", None)


@pytest.fixture
def as_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Connect to a stack with credentials of an account; counts how often AWS is asked."""

    def call(account: str, topic: str, **options: bool) -> tuple[Session, int]:
        named = {**document("dev", plain=True), "alarm_topic_arn": topic}
        (tmp_path / "named.json").write_text(json.dumps(named))
        asked = []

        class Sts:
            @staticmethod
            def get_caller_identity() -> dict[str, str]:
                asked.append(account)
                return {"Account": account}

        monkeypatch.setattr(Session, "client", lambda *_: Sts)
        return connect(tmp_path / "named.json", None, **options), len(asked)

    return call


TOPIC = "arn:aws:sns:eu-central-1:111122223333:topic"


def test_credentials_are_compared_with_the_account_of_the_stack(as_account: Any) -> None:
    """Once; `inventory doctor` does it by itself, and some outputs tell no account."""
    assert as_account("111122223333", TOPIC)[1] == 1
    assert as_account("999999999999", TOPIC, any_account=True)[1] == 0
    assert as_account("999999999999", "arn:aws:sns:eu-central-1::topic")[1] == 0


def test_fails_on_credentials_of_another_account(as_account: Any) -> None:
    """The same environment there has resources of the same names."""
    said = "of account 999999999999, and dev is in account 111122223333, by .*named.json"
    with pytest.raises(OutOfReachError, match=said):
        as_account("999999999999", TOPIC)


def test_a_client_of_the_local_cloud_needs_no_profile(
    places: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the one that the environment names."""
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    client = Session(locate(None, None, {}, **places)).sqs
    assert client.meta.endpoint_url == "http://127.0.0.1:1"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_client_of_the_local_cloud_asks_no_proxy(
    places: dict[str, Any], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A proxy does not know this machine's loopback."""
    monkeypatch.setenv(variable, "http://proxy.example:3128")
    config: Any = Session(locate(None, None, {}, **places)).sqs.meta.config
    assert config.proxies == {}


def test_the_environment_of_the_local_cloud_is_the_local_cloud(places: dict[str, Any]) -> None:
    """ENVIRONMENT_SUFFIX=dev in a shell does not hide it."""
    assert locate(None, None, {"ENVIRONMENT_SUFFIX": "dev"}, **places).variables


def test_fails_to_locate_a_stack_that_is_not_synthesised(places: dict[str, Any]) -> None:
    """It may be deployed for all that, so the advice is to look."""
    with pytest.raises(OutOfReachError, match="make connect ENV=staging") as failed:
        locate(None, "staging", {}, **places)
    assert "make deploy" not in str(failed.value)


INIT = """
Error: Backend initialization required, please run "terraform init"

Reason: Initial configuration of the requested backend "s3"
"""
CREDENTIALS = """
Error: No valid credential sources found

Please see https://developer.hashicorp.com/terraform/language/backend/s3
"""
MISSING_BUCKET = """
Error: Failed to get existing workspaces: S3 bucket "acme" does not exist.
"""


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (INIT, "connect this checkout with `make connect ENV=prod`"),
        (CREDENTIALS, "set AWS_PROFILE"),
        (MISSING_BUCKET, "cannot be read\n"),
    ],
    ids=["no init", "no credentials", "something else"],
)
def test_fails_when_terraform_refuses(
    places: dict[str, Any], terraform: Path, words: str, advice: str
) -> None:
    """The message has what to do, and Terraform's own lines; it may well be deployed."""
    answers(terraform, "", words=words)
    with pytest.raises(OutOfReachError) as failed:
        locate(None, "prod", {}, **places)
    text = str(failed.value)
    assert advice in text
    assert words.strip() in text
    assert "make deploy" not in text


@pytest.mark.parametrize(
    ("backend", "words"),
    [("s3", "its state is empty"), ("local", "if another checkout has deployed it, work there")],
)
def test_fails_when_nothing_is_deployed(
    places: dict[str, Any], terraform: Path, backend: str, words: str
) -> None:
    """An empty state has no outputs; a local one is known to its checkout alone."""
    stack = places["stacks"] / "inventory-prod" / "cdk.tf.json"
    stack.write_text(json.dumps({"terraform": {"backend": {backend: {}}}}))
    answers(terraform, "{}")
    with pytest.raises(OutOfReachError, match=words) as failed:
        locate(None, "prod", {}, **places)
    assert "deploy it with `make deploy ENV=prod`" in str(failed.value)


def test_terraforms_lines_reach_the_terminal_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line; control characters are shown."""
    complain("refused:\nError: \x1b[31mno\n\n  on line 2")
    assert capsys.readouterr().err.splitlines() == [
        "inventory: refused:",
        "Error: \\x1b[31mno",
        "",
        "  on line 2",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_fails_to_read_what_is_no_outputs_file(tmp_path: Path, text: str) -> None:
    """The file is named."""
    given = tmp_path / "given.json"
    given.write_text(text)
    with pytest.raises(OutOfReachError, match=r"given\.json cannot be read"):
        locate(given, None, {})


def test_fails_with_all_missing_outputs_at_once(tmp_path: Path) -> None:
    """Not one after the other."""
    given = tmp_path / "given.json"
    names = document("dev")
    del names["items_table_name"], names["work_queue_url"], names["reconcile_function_name"]
    given.write_text(json.dumps(names))
    with pytest.raises(
        OutOfReachError, match="lacks the outputs items_table_name, work_queue_url:"
    ):
        locate(given, None, {})
