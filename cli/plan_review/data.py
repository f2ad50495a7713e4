"""Which resources hold data, so that losing one loses more than a minute."""

from __future__ import annotations

from plan_review.plan import Change, Kind

DATA_TYPES = {
    "aws_backup_vault": "backups",
    "aws_cloudwatch_log_group": "logs",
    "aws_db_instance": "a database",
    "aws_dynamodb_table": "items",
    "aws_efs_file_system": "files",
    "aws_kms_key": "the only way to what it encrypts",
    "aws_s3_bucket": "objects",
    "aws_s3_object": "an object",
    "aws_secretsmanager_secret": "a secret",
    "aws_sqs_queue": "messages",
    "aws_ssm_parameter": "a parameter",
}
"""Types that hold data, and what is lost with them."""

LOSING = frozenset({Kind.DESTROY, Kind.REPLACE})


def loses_data(change: Change) -> bool:
    """Whether a change destroys what holds data.

    Args:
        change: A change of a plan.
    """
    return change.kind in LOSING and change.type in DATA_TYPES
