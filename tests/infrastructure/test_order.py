"""Hidden order: resources that AWS accepts, or that work, only once another one stands.

No attribute leads from the one to the other, so that Terraform would create them side by side, and
an emulator that does not check would never tell.
"""

from __future__ import annotations

import pytest

from synthesised import predecessors, resources

EVERYTHING = {"environment": "prod", "customer_managed_keys": True, "alarm_email": "a@b.example"}
ORDER = [
    # S3 answers InvalidTargetBucketForLogging until the target's policy lets it deliver.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    ("aws_s3_bucket_logging.Uploads_AccessLogging", "aws_s3_bucket_policy.AccessLogs_Policy"),
    ("aws_s3_bucket_logging.Reports_AccessLogging", "aws_s3_bucket_policy.AccessLogs_Policy"),
    # Lifecycle rules for noncurrent versions follow versioning.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html
    *(
        (f"aws_s3_bucket_lifecycle_configuration.{id_}", f"aws_s3_bucket_versioning.{id_}")
        for id_ in ("Uploads", "Reports", "AccessLogs")
    ),
    # An event of a bucket without versions names none.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    *(
        (f"aws_s3_bucket_notification.{id_}", f"aws_s3_bucket_versioning.{id_}")
        for id_ in ("Uploads", "Reports")
    ),
    # The functions read a version of the feeds, and a bucket without versions has none.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
    ("aws_s3_object.Reports_Feeds", "aws_s3_bucket_versioning.Reports"),
    (
        "aws_s3_object.Reports_Feeds",
        "aws_s3_bucket_server_side_encryption_configuration.Reports",
    ),
    # An alarm's action is tried once, when its state changes.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    *(
        (f"aws_cloudwatch_metric_alarm.Alarms_{id_}", "aws_sns_topic_policy.AlarmTopic_Policy")
        for id_ in ("NoFeedArrived", "DeadLetterQueueNotEmpty", "ProcessorErrors")
    ),
    # CreateFunction checks that the role may send to the dead-letter queue, and a function that
    # runs before its log group is there makes one without retention.
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    *(
        (f"aws_lambda_function.{id_}", f"{first}.{id_}_{second}")
        for id_ in ("Processor", "ChunkProcessor", "Summary", "Reconcile")
        for first, second in (
            ("aws_iam_role_policy", "Policy"),
            ("aws_cloudwatch_log_group", "LogGroup"),
        )
    ),
    # CreateEventSourceMapping checks that the role may receive from the queue.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    (
        "aws_lambda_event_source_mapping.ChunkProcessor_WorkQueue",
        "aws_iam_role_policy.ChunkProcessor_Policy",
    ),
    # A target without permission fails at once, and an event that the dead-letter queue does not
    # take is dropped.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    (
        "aws_cloudwatch_event_target.UploadRule_Target",
        "aws_lambda_permission.UploadRule_Permission",
    ),
    (
        "aws_cloudwatch_event_target.UploadRule_Target",
        "aws_sqs_queue_policy.DeadLetterQueue_Policy",
    ),
    # A schedule may be due as soon as it is there.
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
    ("aws_scheduler_schedule.SummaryDaily", "aws_iam_role_policy.SummaryDaily_Policy"),
    ("aws_scheduler_schedule.ReconcileHourly", "aws_iam_role_policy.ReconcileHourly_Policy"),
]


def address(document, beginning: str) -> str:
    """Give the one address that begins so, without the hash at its end."""
    type_, _, id_ = beginning.partition(".")
    (found,) = (
        each for each in document["resource"][type_] if each.rpartition("_")[0].startswith(id_)
    )
    return f"{type_}.{found}"


@pytest.mark.parametrize(("later", "earlier"), ORDER)
def test_a_resource_waits_for_what_aws_wants_first(whole_stack, later, earlier) -> None:
    """By a reference or by `depends_on`, directly or not."""
    document = whole_stack(**EVERYTHING)

    assert address(document, earlier) in predecessors(document, address(document, later))


def test_a_policy_of_a_key_stands_as_soon_as_the_key(whole_stack) -> None:
    """All that is encrypted refers to the key, so it needs no order of its own.

    As a resource beside the key (aws_kms_key_policy) it would: CreateLogGroup, for one, checks that
    CloudWatch Logs may use the key.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    document = whole_stack(**EVERYTHING)

    assert "aws_kms_key_policy" not in document["resource"]
    assert all(each["policy"] for each in resources(document, "aws_kms_key"))


def test_nothing_waits_for_itself(whole_stack) -> None:
    """Terraform refuses a cycle."""
    document = whole_stack(**EVERYTHING)

    for type_, instances in document["resource"].items():
        for id_ in instances:
            assert f"{type_}.{id_}" not in predecessors(document, f"{type_}.{id_}")
