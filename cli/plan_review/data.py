"""Types of resource that hold data, so that losing one loses more than a minute."""

from __future__ import annotations

from plan_review.plan import Change, Kind

DATA_TYPES = {
    "aws_backup_vault": "backups",
    "aws_cloudtrail": "the record of who did what",
    "aws_cloudwatch_log_group": "logs",
    "aws_cloudwatch_log_stream": "logs",
    "aws_db_instance": "a database",
    "aws_db_snapshot": "a copy of a database",
    "aws_docdb_cluster": "a database",
    "aws_dynamodb_table": "items",
    "aws_dynamodb_table_item": "an item",
    "aws_dynamodb_table_replica": "items",
    "aws_ebs_snapshot": "a copy of a volume",
    "aws_ebs_volume": "a volume",
    "aws_ecr_repository": "images",
    "aws_efs_file_system": "files",
    "aws_elasticache_replication_group": "a cache",
    "aws_glacier_vault": "archives",
    "aws_instance": "what is on its disks",
    "aws_kinesis_stream": "records",
    "aws_kms_key": "the only way to what it encrypts",
    "aws_kms_external_key": "the only way to what it encrypts",
    "aws_opensearch_domain": "documents",
    "aws_rds_cluster": "a database",
    "aws_redshift_cluster": "a database",
    "aws_s3_bucket": "objects",
    "aws_s3_directory_bucket": "objects",
    "aws_s3_object": "an object",
    "aws_s3tables_table": "rows",
    "aws_secretsmanager_secret": "a secret",
    "aws_secretsmanager_secret_version": "a secret",
    "aws_sqs_queue": "messages",
    "aws_ssm_parameter": "a parameter",
    "aws_timestreamwrite_table": "records",
}
"""Types that hold data, and what is lost with them."""

HOLDS_NOTHING = frozenset(
    {
        "aws_cloudwatch_composite_alarm",
        "aws_cloudwatch_dashboard",
        "aws_cloudwatch_event_rule",
        "aws_cloudwatch_event_target",
        "aws_cloudwatch_log_metric_filter",
        "aws_cloudwatch_metric_alarm",
        "aws_cloudwatch_query_definition",
        "aws_iam_group",
        "aws_iam_group_policy",
        "aws_iam_group_policy_attachment",
        "aws_iam_instance_profile",
        "aws_iam_policy",
        "aws_iam_policy_attachment",
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_iam_user_policy",
        "aws_iam_user_policy_attachment",
        "aws_kms_alias",
        "aws_kms_grant",
        "aws_kms_key_policy",
        "aws_lambda_alias",
        "aws_lambda_code_signing_config",
        "aws_lambda_event_source_mapping",
        "aws_lambda_function",
        "aws_lambda_function_event_invoke_config",
        "aws_lambda_function_recursion_config",
        "aws_lambda_function_url",
        "aws_lambda_permission",
        "aws_lambda_provisioned_concurrency_config",
        "aws_s3_bucket_acl",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_metric",
        "aws_s3_bucket_notification",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_scheduler_schedule",
        "aws_scheduler_schedule_group",
        "aws_sns_topic",
        "aws_sns_topic_policy",
        "aws_sns_topic_subscription",
        "aws_sqs_queue_policy",
        "aws_sqs_queue_redrive_allow_policy",
        "aws_sqs_queue_redrive_policy",
        "null_resource",
        "terraform_data",
    }
)
"""Types that Terraform makes again as they were; a type that is in neither table may hold data."""

GOING = frozenset({Kind.DESTROY, Kind.FORGET, Kind.REPLACE})

MAY_HOLD_DATA = "what nobody knows here"


def loses_data(change: Change) -> bool:
    """Tell whether a change destroys or forgets what holds data, or may.

    Args:
        change: A change of a plan.
    """
    return change.kind in GOING and change.type not in HOLDS_NOTHING


def what_it_holds(change: Change) -> str:
    """Give what a resource holds.

    Args:
        change: A change of a plan.
    """
    return DATA_TYPES.get(change.type, MAY_HOLD_DATA)
