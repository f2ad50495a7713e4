"""IAM Access Analyzer's custom checks of the policies that a plan changes.

Each check costs a fraction of a cent; none is made without credentials.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from inventory_cli.rendering import remark
from plan_review.masking import SENSITIVE
from plan_review.permissions import document_attributes
from plan_review.review import PolicyCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plan_review.review import Review

Client: TypeAlias = Any
"""boto3's client of Access Analyzer, whose types are not installed."""

IDENTITY_TYPES = frozenset(
    {"aws_iam_group_policy", "aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy"}
)

RESOURCE_TYPES = {
    "aws_backup_vault_policy": "AWS::Backup::BackupVault",
    "aws_dynamodb_resource_policy": "AWS::DynamoDB::Table",
    "aws_efs_file_system_policy": "AWS::EFS::FileSystem",
    "aws_iam_role": "AWS::IAM::AssumeRolePolicyDocument",
    "aws_kinesis_resource_policy": "AWS::Kinesis::Stream",
    "aws_kms_key": "AWS::KMS::Key",
    "aws_kms_key_policy": "AWS::KMS::Key",
    "aws_s3_bucket_policy": "AWS::S3::Bucket",
    "aws_secretsmanager_secret_policy": "AWS::SecretsManager::Secret",
    "aws_sns_topic_policy": "AWS::SNS::Topic",
    "aws_sqs_queue_policy": "AWS::SQS::Queue",
}
"""Types of resources whose policies AWS checks for access by the public."""


class Question(NamedTuple):
    """A policy to ask about.

    Attributes:
        address: The resource that holds it.
        type: The resource's type.
        before: What it says now; empty if there is none.
        after: What it will say; empty if it goes.
    """

    address: str
    type: str
    before: str
    after: str


def questions(review: Review) -> Iterator[Question]:
    """Give the changed policies that AWS can be asked about: known, and of a kind it checks.

    It compares what one document allows. What else a resource changes, such as the policies that
    are attached to a role, is not answered by that, nor what goes with a denial: that may have
    held back what another document allows.

    Args:
        review: The review of a plan.
    """
    changing = {
        each.address
        for each in review.permissions
        if not each.unknown and all(pair.effect == "Allow" for pair in each.widening)
    }
    for change in review.plan.changes:
        known = change.type in IDENTITY_TYPES or change.type in RESOURCE_TYPES
        attribute = "assume_role_policy" if change.type == "aws_iam_role" else "policy"
        others = {*document_attributes(change, review.plan)} - {attribute}
        same = all((change.before or {}).get(n) == (change.after or {}).get(n) for n in others)
        if change.address not in changing or not known or not same:
            continue
        before, after = (
            str((side or {}).get(attribute) or "")
            for side in (change.shown_before, change.shown_after)
        )
        if after and SENSITIVE not in (before, after):
            yield Question(change.address, change.type, before, after)


def verdicts(review: Review, region: str, client: Client | None = None) -> dict[str, PolicyCheck]:
    """Ask AWS about changed policies.

    Args:
        review: The review of a plan.
        region: Where to ask.
        client: Client of Access Analyzer. Default: one with the caller's credentials.

    Returns:
        Verdicts by address; none where there are no credentials or AWS does not answer.
    """
    asked = list(questions(review))
    if not asked:
        return {}
    found = {}
    try:
        if client is None:
            session = boto3.Session()
            if session.get_credentials() is None:
                return {}
            client = session.client("accessanalyzer", region_name=region)
        for each in asked:
            verdict = _verdict(client, each)
            if verdict is not None:
                found[each.address] = verdict
    except (BotoCoreError, ClientError) as error:
        remark(f"IAM Access Analyzer was not asked about everything: {error}")
    return found


def _verdict(client: Client, question: Question) -> PolicyCheck | None:
    """A policy's verdict; None if AWS has nothing to say against one that is new."""
    answers = []
    if question.type in RESOURCE_TYPES:
        answers.append(
            client.check_no_public_access(
                policyDocument=question.after, resourceType=RESOURCE_TYPES[question.type]
            )
        )
    if question.before:
        kind = "IDENTITY_POLICY" if question.type in IDENTITY_TYPES else "RESOURCE_POLICY"
        answers.append(
            client.check_no_new_access(
                existingPolicyDocument=question.before,
                newPolicyDocument=question.after,
                policyType=kind,
            )
        )
    failed = [each for each in answers if each["result"] != "PASS"]
    if failed:
        words = " ".join(each.get("message", "it allows more") for each in failed)
        return PolicyCheck(passed=False, words=words)
    return PolicyCheck(passed=True, words="no new access") if question.before else None
