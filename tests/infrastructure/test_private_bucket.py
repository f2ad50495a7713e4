"""Buckets keep versions, are encrypted, closed, and cleaned."""

from __future__ import annotations

import pytest

from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from synthesised import only, prevented, readable, resources, statements


def a_bucket(stack, **props):
    """Make a bucket."""
    return PrivateBucket(stack, "Files", PrivateBucketProps(**{"bucket_name": "files", **props}))


def test_a_bucket_keeps_every_version(synth) -> None:
    """A file that is replaced can still be read by the version its event names."""
    versioning = only(synth(a_bucket), "aws_s3_bucket_versioning")

    assert versioning["versioning_configuration"] == {"status": "Enabled"}


def test_a_bucket_is_encrypted_with_aes256_by_default(synth) -> None:
    """Without a customer managed key, S3's own keys do."""
    (rule,) = only(synth(a_bucket), "aws_s3_bucket_server_side_encryption_configuration")["rule"]

    assert rule == {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"},
        "bucket_key_enabled": False,
    }


def test_a_bucket_uses_the_key_it_is_given(whole_stack) -> None:
    """With customer managed keys, both buckets use the stack's key, once per bucket and while."""
    document = whole_stack(customer_managed_keys=True)
    found = [
        each
        for each in resources(document, "aws_s3_bucket_server_side_encryption_configuration")
        if "AccessLogs" not in each["bucket"]
    ]

    assert len(found) == 2
    for encryption in found:
        (rule,) = encryption["rule"]
        default = rule["apply_server_side_encryption_by_default"]
        assert default["sse_algorithm"] == "aws:kms"
        assert default["kms_master_key_id"].startswith("${aws_kms_key.Key_")
        assert rule["bucket_key_enabled"] is True


def test_a_bucket_is_closed_to_the_public(synth) -> None:
    """All four doors are shut, and access lists are off."""
    document = synth(a_bucket)
    block = only(document, "aws_s3_bucket_public_access_block")

    assert {name for name, value in block.items() if value is True} == {
        "block_public_acls",
        "block_public_policy",
        "ignore_public_acls",
        "restrict_public_buckets",
    }
    assert only(document, "aws_s3_bucket_ownership_controls")["rule"] == {
        "object_ownership": "BucketOwnerEnforced"
    }


def test_a_bucket_refuses_plain_http(synth) -> None:
    """Every action of everybody is denied on bucket and objects, unless it comes over TLS."""
    document = synth(a_bucket)
    policy = only(document, "aws_s3_bucket_policy")["policy"]
    (statement,) = statements(document, policy)

    assert statement["effect"] == "Deny"
    assert statement["actions"] == ["s3:*"]
    assert statement["principals"] == [{"type": "*", "identifiers": ["*"]}]
    assert statement["condition"] == [
        {"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}
    ]
    bucket, objects = statement["resources"]
    assert bucket.startswith("${aws_s3_bucket.Files_")
    assert objects == f"{bucket}/*"


def test_a_bucket_cleans_up(synth) -> None:
    """Abandoned uploads, old versions and lone delete markers go, current files stay."""
    document = synth(lambda stack: a_bucket(stack, noncurrent_version_days=30))
    lifecycle = only(document, "aws_s3_bucket_lifecycle_configuration")

    assert lifecycle["rule"] == [
        {
            "id": "housekeeping",
            "status": "Enabled",
            "filter": [{"prefix": ""}],
            "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}],
            "expiration": [{"expired_object_delete_marker": True}],
            "noncurrent_version_expiration": [{"noncurrent_days": 30}],
        }
    ]
    assert lifecycle["depends_on"][0].startswith("aws_s3_bucket_versioning.Files_Versioning")


def test_a_bucket_and_what_guards_it_are_protected_unless_told(synth) -> None:
    """Terraform refuses to plan their deletion; told otherwise, a bucket goes with all it holds."""
    by_default, unprotected = (
        synth(lambda stack, props=props: a_bucket(stack, **props))
        for props in ({}, {"deletion_protection": False})
    )

    assert prevented(by_default) == {
        "aws_s3_bucket",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
    }
    assert only(by_default, "aws_s3_bucket")["force_destroy"] is False
    assert prevented(unprotected) == set()
    assert only(unprotected, "aws_s3_bucket")["force_destroy"] is True


def test_a_bucket_sends_events_only_when_asked(synth) -> None:
    """Events nobody waits for would only be noise."""
    asked = synth(lambda stack: a_bucket(stack, sends_events=True))

    assert only(asked, "aws_s3_bucket_notification")["eventbridge"] is True
    assert not resources(synth(a_bucket), "aws_s3_bucket_notification")


def test_short_lived_objects_expire(synth) -> None:
    """Below their prefix alone; what was deleted there is not kept for long either."""
    days_below = {"parts/": 3, "lists/": 400}
    document = synth(lambda stack: a_bucket(stack, days_below=days_below))
    _, lists, parts = only(document, "aws_s3_bucket_lifecycle_configuration")["rule"]

    assert (lists["filter"], lists["expiration"]) == ([{"prefix": "lists/"}], [{"days": 400}])
    assert parts == {
        "id": "expiry-2",
        "status": "Enabled",
        "filter": [{"prefix": "parts/"}],
        "expiration": [{"days": 3}],
        "noncurrent_version_expiration": [{"noncurrent_days": 1}],
    }


@pytest.mark.parametrize(
    ("environment", "changes", "kept"),
    [
        ("dev", {}, False),
        ("dev", {"access_logs": True}, True),
        ("dev", {"customer_managed_keys": True}, True),
        ("prod", {}, True),
    ],
)
def test_access_logs_are_kept_where_the_settings_say(
    whole_stack, environment, changes, kept
) -> None:
    """In production, and with a key of our own; every bucket but the one of the logs has them."""
    document = whole_stack(environment, **changes)
    logging = document["resource"].get("aws_s3_bucket_logging", {}).values()

    assert {(readable(each["bucket"]), each["target_prefix"]) for each in logging} == (
        {("<Uploads.bucket>", "uploads/"), ("<Reports.bucket>", "reports/")} if kept else set()
    )
    assert {readable(each["target_bucket"]) for each in logging} == (
        {"<AccessLogs.bucket>"} if kept else set()
    )


def test_only_s3_itself_writes_access_logs_for_our_buckets(whole_stack) -> None:
    """Another account's bucket cannot fill ours."""
    document = whole_stack(access_logs=True)
    (policy,) = (
        each["policy"]
        for each in resources(document, "aws_s3_bucket_policy")
        if "AccessLogs" in each["bucket"]
    )
    _, delivery = statements(document, policy)

    assert delivery["actions"] == ["s3:PutObject"]
    assert delivery["principals"] == [
        {"type": "Service", "identifiers": ["logging.s3.amazonaws.com"]}
    ]
    assert {
        each["variable"]: [readable(value) for value in each["values"]]
        for each in delivery["condition"]
    } == {
        "aws:SourceAccount": ["<Caller.account_id>"],
        "aws:SourceArn": ["<Uploads>", "<Reports>"],
    }


def test_access_logs_are_encrypted_with_keys_of_s3_whatever_the_others_are(whole_stack) -> None:
    """S3 calls KMS unsupported for the target of access logs, and is silent where it fails.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    document = whole_stack(access_logs=True, customer_managed_keys=True)
    algorithms = {
        readable(each["bucket"]): each["rule"][0]["apply_server_side_encryption_by_default"][
            "sse_algorithm"
        ]
        for each in resources(document, "aws_s3_bucket_server_side_encryption_configuration")
    }

    assert algorithms == {
        "<AccessLogs.bucket>": "AES256",
        "<Reports.bucket>": "aws:kms",
        "<Uploads.bucket>": "aws:kms",
    }


def test_access_logs_go_after_as_many_days_as_other_logs(whole_stack) -> None:
    """And nothing else is ever deleted by itself."""
    document = whole_stack("prod")
    days = {
        readable(each["bucket"]): each["rule"][0]["expiration"][0].get("days")
        for each in resources(document, "aws_s3_bucket_lifecycle_configuration")
    }

    assert days == {"<AccessLogs.bucket>": 365, "<Reports.bucket>": None, "<Uploads.bucket>": None}
