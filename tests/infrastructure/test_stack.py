"""The whole stack: names, tags, outputs, provider and backend, and what must stay where it is."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import cdktf
import pytest

from constructs_lib.inventory_functions import LISTS_DAYS
from constructs_lib.settings_loading import SettingsError, load_settings
from constructs_lib.stack import InventoryStack
from inventory.domain.validation import READS_RETENTION
from synthesised import PACKAGES, only, prevented, readable, resources

NAMES = {
    "aws_cloudwatch_dashboard": {"inventory-dev"},
    "aws_cloudwatch_event_rule": {"inventory-upload-rule-dev"},
    "aws_cloudwatch_log_group": {
        "/aws/lambda/inventory-chunk-processor-dev",
        "/aws/lambda/inventory-processor-dev",
        "/aws/lambda/inventory-reconcile-dev",
        "/aws/lambda/inventory-summary-dev",
    },
    "aws_dynamodb_table": {
        "inventory-ingestions-dev",
        "inventory-items-dev",
        "inventory-lanes-dev",
    },
    "aws_kms_alias": {"alias/inventory-dev"},
    "aws_lambda_function": {
        "inventory-chunk-processor-dev",
        "inventory-processor-dev",
        "inventory-reconcile-dev",
        "inventory-summary-dev",
    },
    "aws_s3_bucket": {
        "inventory-reports-dev-<Caller.account_id>",
        "inventory-uploads-dev-<Caller.account_id>",
    },
    "aws_scheduler_schedule": {"inventory-reconcile-hourly-dev", "inventory-summary-daily-dev"},
    "aws_sns_topic": {"inventory-alarms-dev"},
    "aws_sqs_queue": {"inventory-dlq-dev", "inventory-work-dev"},
}
BUCKET_GUARDS = (
    "ownership_controls",
    "policy",
    "public_access_block",
    "server_side_encryption_configuration",
    "versioning",
)
NAME_ATTRIBUTES = ("name", "function_name", "bucket", "dashboard_name", "alarm_name", "target_id")
# Resources that hold data: a new address would destroy it and make an empty one.
STATEFUL_ADDRESSES = {
    "aws_cloudwatch_log_group.ChunkProcessor_LogGroup_179331C3",
    "aws_cloudwatch_log_group.Processor_LogGroup_B3034378",
    "aws_cloudwatch_log_group.Reconcile_LogGroup_151FBC31",
    "aws_cloudwatch_log_group.Summary_LogGroup_4820F4B8",
    "aws_dynamodb_table.Ingestions_A0075C28",
    "aws_dynamodb_table.Items_5C12978B",
    "aws_dynamodb_table.Lanes_ECC43FAD",
    "aws_kms_key.Key_961B73FD",
    "aws_s3_bucket.AccessLogs_8B620ECA",
    "aws_s3_bucket.Reports_65402A0A",
    "aws_s3_bucket.Uploads_4F6EB0FD",
    "aws_sns_topic.AlarmTopic_D01E77F9",
    "aws_sqs_queue.DeadLetterQueue_9F481546",
    "aws_sqs_queue.WorkQueue_94013F35",
}
OUTPUTS = {
    "alarm_topic_arn": "<AlarmTopic>",
    "chunk_processor_function_name": "<ChunkProcessor.function_name>",
    "dashboard_name": "<Dashboard.dashboard_name>",
    "dead_letter_queue_url": "<DeadLetterQueue.url>",
    "event_bus_name": "<Events.name>",
    "ingestions_table_name": "<Ingestions.name>",
    "items_table_name": "<Items.name>",
    "lanes_table_name": "<Lanes.name>",
    "processor_function_name": "<Processor.function_name>",
    "reconcile_function_name": "<Reconcile.function_name>",
    "reports_bucket_name": "<Reports.bucket>",
    "summary_function_name": "<Summary.function_name>",
    "uploads_bucket_name": "<Uploads.bucket>",
    "work_queue_url": "<WorkQueue.url>",
}


def name_of(resource) -> str:
    """Give a resource's name in AWS."""
    return readable(next(resource[key] for key in NAME_ATTRIBUTES if key in resource))


@pytest.mark.parametrize("type_", NAMES)
def test_names_are_those_that_others_rest_on(whole_stack, type_: str) -> None:
    """Operators, dashboards and other systems know them by heart."""
    assert {name_of(each) for each in resources(whole_stack(), type_)} == NAMES[type_]


def test_every_name_tells_the_environment(whole_stack) -> None:
    """Two environments in one account share nothing."""
    document = whole_stack(environment_suffix="qa-7")
    nameless = {"aws_iam_role_policy"}
    for type_, instances in document["resource"].items():
        for resource in instances.values():
            name = next((resource[key] for key in NAME_ATTRIBUTES if key in resource), "")
            if type_ not in nameless and name and not name.startswith("${"):
                assert "-qa-7" in name, (type_, name)


def test_everything_is_tagged(whole_stack) -> None:
    """The provider puts the same tags on everything; the settings' own come along."""
    (provider,) = whole_stack(tags={"team": "stock", "cost center": "4711"})["provider"]["aws"]

    assert provider["default_tags"] == [
        {
            "tags": {
                "environment": "dev",
                "managed-by": "cdktf",
                "project": "inventory",
                "team": "stock",
                "cost center": "4711",
            }
        }
    ]


def test_outputs_are_those_that_others_rest_on(whole_stack) -> None:
    """Each says what it is."""
    outputs = {
        name: each for name, each in whole_stack()["output"].items() if name != "function_files"
    }

    assert {name: readable(each["value"]) for name, each in outputs.items()} == OUTPUTS
    for output in outputs.values():
        assert output["description"]


def test_one_configuration_takes_the_provider_of_a_mirror_and_of_the_registry(whole_stack) -> None:
    """The bindings' exact pin is widened to a range."""
    assert whole_stack()["terraform"]["required_providers"] == {
        "aws": {"source": "hashicorp/aws", "version": ">= 5.100.0, < 6.70.0"}
    }


def test_the_state_holds_which_files_are_deployed(whole_stack) -> None:
    """A later plan tells which of them it changes; nobody sees the list after a deployment."""
    files = whole_stack()["output"]["function_files"]

    assert files["sensitive"] is True
    assert set(files["value"]) == {"chunk_processor", "processor", "reconcile", "summary"}
    assert files["value"]["summary"] == {"inventory/handlers/summary.py": "0123456789ab"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"local": {"path": "../../../terraform.inventory-dev.tfstate"}}),
        (
            {"backend": "s3", "state_bucket": "states", "state_region": "eu-west-1"},
            {
                "s3": {
                    "bucket": "states",
                    "key": "inventory-dev/terraform.tfstate",
                    "region": "eu-west-1",
                    "encrypt": True,
                    "use_lockfile": True,
                }
            },
        ),
    ],
)
def test_the_state_is_kept_where_the_settings_say(whole_stack, changes, expected) -> None:
    """A file beside the project by a relative path, or a bucket with a lock of its own."""
    assert whole_stack(**changes)["terraform"]["backend"] == expected


def test_the_state_may_be_kept_in_hcp_terraform(whole_stack) -> None:
    """One workspace per environment."""
    terraform = whole_stack(backend="cloud", cloud_organization="shop")["terraform"]

    assert "backend" not in terraform
    assert terraform["cloud"] == {
        "organization": "shop",
        "hostname": "app.terraform.io",
        "workspaces": {"name": "inventory-dev"},
    }


def test_what_holds_data_stays_where_it_is(whole_stack) -> None:
    """A construct may be rebuilt, its address may not change."""
    document = whole_stack(access_logs=True)
    types = {address.partition(".")[0] for address in STATEFUL_ADDRESSES}

    assert {
        f"{type_}.{id_}" for type_ in types for id_ in document["resource"][type_]
    } == STATEFUL_ADDRESSES


def test_a_signing_profile_closes_the_functions_to_other_code(whole_stack) -> None:
    """All of them refuse what it did not sign; without one, nothing is signed."""
    arn = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/inventory/abcdef1234"
    document = whole_stack(code_signing_profile_version_arn=arn)
    signing = only(document, "aws_lambda_code_signing_config")

    assert signing["allowed_publishers"] == {"signing_profile_version_arns": [arn]}
    assert signing["policies"] == {"untrusted_artifact_on_deployment": "Enforce"}
    for function in resources(document, "aws_lambda_function"):
        assert readable(function["code_signing_config_arn"]) == "<CodeSigning>"
    for function in resources(whole_stack(), "aws_lambda_function"):
        assert "code_signing_config_arn" not in function


@pytest.mark.parametrize(("environment", "protected"), [("dev", False), ("prod", True)])
def test_production_refuses_to_lose_data(whole_stack, environment, protected) -> None:
    """AWS refuses to delete tables, Terraform everything that holds data; a key comes back."""
    document = whole_stack(environment)

    for table in resources(document, "aws_dynamodb_table"):
        assert table["deletion_protection_enabled"] is protected
    for bucket in resources(document, "aws_s3_bucket"):
        assert bucket["force_destroy"] is not protected
    assert only(document, "aws_kms_key")["deletion_window_in_days"] == (30 if protected else 7)
    kept = {"aws_dynamodb_table", "aws_kms_key", "aws_s3_bucket", "aws_sqs_queue"}
    guards = {f"aws_s3_bucket_{guard}" for guard in BUCKET_GUARDS}
    assert prevented(document) == (kept | guards if protected else set())


@pytest.mark.parametrize(("environment", "days"), [("dev", 7), ("staging", 30), ("prod", 365)])
def test_logs_are_kept_as_long_as_the_environment_needs(whole_stack, environment, days) -> None:
    """A week of what is thrown away, a year of production."""
    for group in resources(whole_stack(environment), "aws_cloudwatch_log_group"):
        assert group["retention_in_days"] == days


def test_a_key_of_our_own_encrypts_everything(whole_stack) -> None:
    """Logs, variables and schedules too."""
    document = whole_stack(customer_managed_keys=True)

    for group in resources(document, "aws_cloudwatch_log_group"):
        assert readable(group["kms_key_id"]) == "<Key>"
    for function in resources(document, "aws_lambda_function"):
        assert readable(function["kms_key_arn"]) == "<Key>"
    for schedule in resources(document, "aws_scheduler_schedule"):
        assert readable(schedule["kms_key_arn"]) == "<Key>"


def test_feeds_arrive_as_they_are() -> None:
    """An expression of Terraform in them stays text, and the plan shows an entry by lines."""
    feeds = {
        "profiles": {"a": {"columns": {"sku": "${x} %{y}", "quantity": "q"}}},
        "feeds": {f"shop-{number}/": {"profile": "a"} for number in range(500)},
    }
    settings = load_settings({})
    stack = InventoryStack(cdktf.Testing.app(), settings, PACKAGES, feeds)
    document = json.loads(cdktf.Testing.synth(stack))
    (stored,) = resources(document, "aws_s3_object")
    text = stored["content"]

    assert json.loads(text.replace("$${", "${").replace("%%{", "%{")) == feeds
    assert "$${x} %%{y}" in text
    assert text.count("\n") > 1000
    for function in resources(document, "aws_lambda_function"):
        variables = function["environment"]["variables"]
        if "FEEDS_KEY" in variables:
            assert variables["FEEDS_VERSION_ID"].endswith(".version_id}")


def test_no_two_environments_have_a_name_in_common(whole_stack) -> None:
    """Where two could give one name to two things, the suffix of one of them is refused.

    Two names can be alike if what stands before the suffix begins alike in both, and what stands
    after it ends alike.
    """
    fixed: dict[str, set[tuple[str, str]]] = {}
    for type_ in whole_stack()["resource"]:
        for each in resources(whole_stack(environment_suffix="suffix"), type_):
            for name in (each.get(attribute, "") for attribute in NAME_ATTRIBUTES):
                before, found, after = name.partition("suffix")
                if found:
                    fixed.setdefault(type_, set()).add((before, after))
    clashes = {
        (longer.removeprefix(before) + "x" + other.removesuffix(after), "x")
        if other.endswith(after)
        else (longer.removeprefix(before) + "x", "x" + after.removesuffix(other))
        for parts in fixed.values()
        for (before, after), (longer, other) in itertools.permutations(parts, 2)
        if longer.startswith(before) and (after.endswith(other) or other.endswith(after))
    }

    assert {("daily-x", "x"), ("x-dead-letter", "x"), ("behind-x", "x-errors")} <= clashes
    for suffixes in clashes:
        assert any(refused(suffix) for suffix in suffixes), suffixes


def refused(suffix: str) -> bool:
    """Tell of a suffix that settings refuse."""
    try:
        load_settings({"environment_suffix": suffix})
    except SettingsError:
        return True
    return False


def test_the_stack_of_production_is_the_one_reviewed(whole_stack, snapshot) -> None:
    """The snapshot shows a change; its meaning is what the other tests say."""
    assert json.dumps(whole_stack("prod"), indent=1, sort_keys=True) == snapshot


def renamed(document: dict[str, Any], suffix: str) -> dict[str, Any]:
    """Give a stack as if its environment were prod; the hash of a path is left out."""
    text = re.sub(rf"\b{suffix}\b", "prod", json.dumps(document))
    return json.loads(re.sub(r"(?<=UploadRule-)[0-9a-f]{8}", "", text))


def instances(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give resources, data sources and everything else by address."""
    found: dict[str, dict[str, Any]] = {}
    for kind, types in document.items():
        for type_, by_id in types.items():
            items = by_id.items() if kind in {"resource", "data"} else [("", {type_: by_id})]
            found |= {f"{kind}.{type_}.{id_}": attributes for id_, attributes in items}
    return found


@pytest.mark.parametrize(("environment", "days"), [("dev", 7), ("staging", 30)])
def test_an_environment_differs_from_production_in_this_alone(
    whole_stack, environment, days
) -> None:
    """Its data may be deleted, its logs go sooner, and it has no access logs."""
    prod = instances(renamed(whole_stack("prod"), "prod"))
    here = instances(renamed(whole_stack(environment), environment))

    assert here.keys() <= prod.keys()
    assert all("AccessLog" in each for each in prod.keys() - here.keys())
    assert {
        (address.split(".")[1], name, here[address].get(name), prod[address].get(name))
        for address in here
        for name in here[address].keys() | prod[address].keys()
        if name != "lifecycle" and here[address].get(name) != prod[address].get(name)
    } == {
        ("aws_cloudwatch_log_group", "retention_in_days", days, 365),
        ("aws_dynamodb_table", "deletion_protection_enabled", False, True),
        ("aws_kms_key", "deletion_window_in_days", 7, 30),
        ("aws_s3_bucket", "force_destroy", True, False),
    }


def test_the_same_settings_give_the_same_text(whole_stack) -> None:
    """Nothing of a run, such as its time or its order, gets into the stack."""
    first = whole_stack("staging")
    second = whole_stack("staging", environment_suffix="staging")

    assert first is not second
    assert json.dumps(first) == json.dumps(second)


def test_lists_of_complete_feeds_are_kept_as_long_as_registers_know_of_them() -> None:
    """A list that vanished earlier would take its articles with it."""
    assert READS_RETENTION.days == LISTS_DAYS
