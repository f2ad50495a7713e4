"""The key's policy follows the samples that AWS publishes, and old data stays readable."""

from __future__ import annotations

from constructs_lib.account import Account
from constructs_lib.encryption_key import EncryptionKey, EncryptionKeyProps
from synthesised import a_function, only, readable, resources, role_permissions, statements


def key_statements(document) -> dict[str, dict]:
    """Give the statements of the key's policy by principal."""
    return {
        readable(each["principals"][0]["identifiers"][0]): each
        for each in statements(document, only(document, "aws_kms_key")["policy"])
    }


def test_the_account_administers_the_key_as_in_the_default_policy(whole_stack) -> None:
    """Word for word, so that KMS's check against lock-outs passes.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    document = whole_stack()
    root = "arn:<Partition.partition>:iam::<Caller.account_id>:root"

    assert only(document, "aws_kms_key")["enable_key_rotation"] is True
    statement = key_statements(document)[root]
    assert (statement["effect"], statement["actions"]) == ("Allow", ["kms:*"])
    assert (statement["resources"], statement.get("condition")) == (["*"], None)


def test_alarms_may_publish_to_the_encrypted_topic(whole_stack) -> None:
    """As in AWS's sample: with the key AWS manages for SNS alarms would go nowhere.

    https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
    """
    document = whole_stack()
    statement = key_statements(document)["cloudwatch.amazonaws.com"]

    assert readable(only(document, "aws_sns_topic")["kms_master_key_id"]) == "<Key>"
    assert statement["actions"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert not statement.get("condition")


def test_eventbridge_may_send_to_the_encrypted_dead_letter_queue(whole_stack) -> None:
    """As in SQS's sample, and only while the queue is encrypted with the key.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    services = key_statements(whole_stack(customer_managed_keys=True))

    assert services["events.amazonaws.com"]["actions"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert not services["events.amazonaws.com"].get("condition")
    assert "events.amazonaws.com" not in key_statements(whole_stack())


def test_the_log_service_may_use_the_key_for_these_log_groups(whole_stack) -> None:
    """Whether the setting is on, or was once: old events stay encrypted with the key.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    for own_key in (True, False):
        statement = key_statements(whole_stack(customer_managed_keys=own_key))[
            "logs.us-east-1.<Partition.dns_suffix>"
        ]
        (condition,) = statement["condition"]
        assert condition["variable"] == "kms:EncryptionContext:aws:logs:arn"


def test_the_log_service_is_called_by_the_domain_of_the_partition(whole_stack) -> None:
    """KMS refuses a policy with a principal that is none, as logs.cn-north-1.amazonaws.com is.

    https://docs.amazonaws.cn/en_us/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    services = key_statements(whole_stack(aws_region="cn-north-1"))

    assert "logs.cn-north-1.<Partition.dns_suffix>" in services


def test_nobody_else_may_use_the_key(whole_stack) -> None:
    """Access logs among them: their bucket is encrypted with keys of S3."""
    services = key_statements(whole_stack(customer_managed_keys=True, access_logs=True)).keys()

    assert {each for each in services if not each.startswith("arn:")} == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
        "logs.us-east-1.<Partition.dns_suffix>",
    }


def test_what_was_encrypted_with_the_key_stays_readable_without_the_setting(whole_stack) -> None:
    """Objects and messages keep the key they were written with.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    document = whole_stack(customer_managed_keys=False)
    permissions = role_permissions(document)

    assert resources(document, "aws_kms_key")
    for role in ("processor", "chunk-processor", "summary"):
        assert ("kms:Decrypt", "<Key>") in permissions[f"inventory-{role}-dev"]
    for role in ("processor", "chunk-processor"):
        assert ("kms:GenerateDataKey", "<Key>") not in permissions[f"inventory-{role}-dev"]


def test_the_log_group_of_a_function_may_use_the_key_of_the_function(synth) -> None:
    """CloudWatch Logs refuses a key that it may not use; a prefix is allowed once.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """

    def compose(stack) -> None:
        account = Account(
            account_id="123456789012", partition="aws", dns_suffix="amazonaws.com", region="r-1"
        )
        key = EncryptionKey(stack, "Key", EncryptionKeyProps(key_alias="k", account=account))
        a_function(stack, encryption_key=key)
        key.grant_use_by_logs("/aws/lambda/inventory-work-test-2")

    document = synth(compose)
    _, statement = statements(document, only(document, "aws_kms_key")["policy"])

    assert statement["principals"][0]["identifiers"] == ["logs.r-1.amazonaws.com"]
    (condition,) = statement["condition"]
    assert condition["values"] == [
        "arn:aws:logs:r-1:123456789012:log-group:/aws/lambda/inventory-work-test*"
    ]
