"""Scanners find exactly what the waivers explain, and what scanners do not look at is asserted."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from policy_check.checkov import PolicyCheckError, is_installed, read_report, scan
from policy_check.waivers import read_waivers
from synthesised import readable, resources
from terraform_runner.paths import ROOT

# What can be closed by settings is closed here.
HARDENED = {
    "environment": "prod",
    "customer_managed_keys": True,
    "max_reserved_concurrency": 10,
    "code_signing_profile_version_arn": (
        "arn:aws:signer:us-east-1:123456789012:/signing-profiles/inventory/abcdef1234"
    ),
}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "dev": {"environment": "dev"},
    "prod": {"environment": "prod"},
    "hardened": HARDENED,
}
WAIVED_WHEN_HARDENED = {
    ("CKV_AWS_117", "network"): {"ChunkProcessor", "Processor", "Reconcile", "Summary"},
    ("CKV_AWS_144", "replication"): {"AccessLogs", "Reports", "Uploads"},
    ("CKV2_AWS_62", "events"): {"AccessLogs"},
    ("CKV_AWS_115", "reserved concurrency"): {"ChunkProcessor", "Reconcile", "Summary"},
    # AWS's own words, which scanners take for something else.
    ("CKV_AWS_145", "KMS for access logs"): {"AccessLogs"},
    ("CKV_AWS_109", "the key's default policy"): {"Key_Policy"},
    ("CKV_AWS_111", "the key's default policy"): {"Key_Policy"},
    ("CKV_AWS_356", "the key's default policy"): {"Key_Policy"},
}


@pytest.fixture
def stack_folder(tmp_path):
    """Give a function that writes a stack into a folder."""

    def write(document):
        (tmp_path / "cdk.tf.json").write_text(json.dumps(document))
        return tmp_path

    return write


def waived_in(configuration: str) -> set[tuple[str, str]]:
    """Give what the waivers explain in a configuration."""
    return {each.key for each in read_waivers() if configuration in each.configurations}


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_checkov_finds_exactly_what_is_waived(whole_stack, stack_folder, configuration) -> None:
    """A finding without a waiver fails, and so does a waiver without a finding."""
    assert is_installed(), "run `make setup-policy`"

    result = scan(stack_folder(whole_stack(**CONFIGURATIONS[configuration])))

    assert result.passed > 300
    assert {(each.check, each.resource) for each in result.findings} == waived_in(configuration)


def test_with_everything_closed_that_can_be_these_are_waived() -> None:
    """They would cost more than they bring, or AWS's own documentation speaks against them."""
    assert waived_in("hardened") == {
        (check, resource)
        for (check, _), resources_ in WAIVED_WHEN_HARDENED.items()
        for resource in resources_
    }


def test_every_waiver_is_of_a_configuration_that_is_checked() -> None:
    """A waiver that no run looks at could not be found unused."""
    for waiver in read_waivers():
        assert waiver.configurations
        assert set(waiver.configurations) <= CONFIGURATIONS.keys()


def test_fails_for_a_stack_that_the_scanner_does_not_see() -> None:
    """Nothing found in nothing is no result."""
    for summary in ({"passed": 0, "parsing_errors": 0}, {"passed": 9, "parsing_errors": 1}):
        with pytest.raises(PolicyCheckError, match="checked nothing"):
            read_report({"summary": summary, "results": {"failed_checks": []}})


@pytest.mark.parametrize("missing", ["reason", "cost"])
def test_fails_for_a_waiver_that_explains_nothing(tmp_path, missing) -> None:
    """Whoever waives says why, and what it would cost not to."""
    entry = {
        "check": "CKV_AWS_18",
        "resources": ["Uploads"],
        "configurations": ["dev"],
        "reason": "because",
        "cost": "nothing",
    }
    path = tmp_path / "waivers.json"
    path.write_text(json.dumps([entry]))
    assert read_waivers(path)[0].key == ("CKV_AWS_18", "Uploads")
    path.write_text(json.dumps([entry, entry]))
    with pytest.raises(PolicyCheckError, match="waived twice"):
        read_waivers(path)
    path.write_text(json.dumps([{**entry, missing: ""}]))

    with pytest.raises(PolicyCheckError, match="lacks its reason or cost"):
        read_waivers(path)


def test_every_queue_bucket_and_topic_refuses_plain_http(whole_stack) -> None:
    """No scanner looks for it."""
    document = whole_stack("prod")
    denied = {
        readable(resource)
        for policy in document["data"]["aws_iam_policy_document"].values()
        for statement in policy["statement"]
        if statement["effect"] == "Deny"
        and statement.get("condition")
        == [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}]
        for resource in statement["resources"]
    }

    for type_ in ("aws_s3_bucket", "aws_sqs_queue", "aws_sns_topic"):
        for id_ in document["resource"][type_]:
            assert f"<{id_.rpartition('_')[0]}>" in denied, id_


def test_every_event_that_cannot_be_delivered_is_kept(whole_stack) -> None:
    """Targets, schedules and functions have a dead-letter queue, the work queue a redrive."""
    document = whole_stack("prod")
    queue = "<DeadLetterQueue>"

    for target in resources(document, "aws_cloudwatch_event_target"):
        assert readable(target["dead_letter_config"]["arn"]) == queue
        assert target["retry_policy"]["maximum_retry_attempts"] > 0
    for schedule in resources(document, "aws_scheduler_schedule"):
        assert readable(schedule["target"]["dead_letter_config"]["arn"]) == queue
        assert schedule["target"]["retry_policy"]["maximum_retry_attempts"] > 0
    for function in resources(document, "aws_lambda_function"):
        assert readable(function["dead_letter_config"]["target_arn"]) == queue
    redriven = {
        readable(each["queue_url"]) for each in resources(document, "aws_sqs_queue_redrive_policy")
    }
    assert redriven == {"<WorkQueue.url>"}


def test_tables_of_production_refuse_deletion_and_can_be_restored(whole_stack) -> None:
    """Also what AWS's own console would do."""
    for table in resources(whole_stack("prod"), "aws_dynamodb_table"):
        assert table["deletion_protection_enabled"] is True
        assert table["point_in_time_recovery"] == {"enabled": True}


def test_every_function_and_queue_is_watched(whole_stack) -> None:
    """A resource without an alarm fails in silence."""
    document = whole_stack("prod")
    watched = json.dumps(resources(document, "aws_cloudwatch_metric_alarm"))

    for function in resources(document, "aws_lambda_function"):
        assert function["function_name"] in watched
    for queue in resources(document, "aws_sqs_queue"):
        assert queue["name"] in watched
    for table in resources(document, "aws_dynamodb_table"):
        assert table["name"] in watched


def test_the_scanner_sees_a_bucket_that_is_opened(whole_stack, stack_folder) -> None:
    """The scan is not blind: one door opened is one finding more."""
    document = copy.deepcopy(whole_stack())
    block = next(iter(document["resource"]["aws_s3_bucket_public_access_block"].values()))
    block["block_public_acls"] = False

    found = {(each.check, each.resource) for each in scan(stack_folder(document)).findings}

    assert {check for check, _ in found - waived_in("dev")} >= {"CKV_AWS_53"}


def test_the_scanner_is_locked_and_no_index_is_named() -> None:
    """Every package has hashes, and pip's own configuration says where they come from."""
    lock = json.loads((ROOT / "policy" / "Pipfile.lock").read_text())

    assert lock["_meta"]["sources"] == []
    assert "checkov" in lock["default"]
    for package in lock["default"].values():
        assert package["hashes"]
        assert "index" not in package
