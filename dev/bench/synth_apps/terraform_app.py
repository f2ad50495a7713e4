"""The fixed application whose synthesis is measured: 14 AWS resources, no assets.

Run as ``python terraform_app.py <output folder>``. The same file serves CDKTF and its successor
CDK Terrain; ``aws_cdk_app.py`` holds the same resources for the AWS CDK. ``BENCH_FASTSYNTH=1``
puts fastsynth's patches in place first, as a project's own ``main.py`` does.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

if os.environ.get("BENCH_FASTSYNTH") == "1":
    import fastsynth

    fastsynth.install()

framework = os.environ.get("BENCH_FRAMEWORK", "cdktf")
core = importlib.import_module(framework)
bindings = {"cdktf": "cdktf_cdktf_provider_aws", "cdktn": "cdktn_provider_aws"}[framework]


def resource(module: str, name: str) -> type:
    """Give a resource's class from its own module, as a careful project imports it."""
    return getattr(importlib.import_module(f"{bindings}.{module}"), name)  # type: ignore[no-any-return]  # a class


def main() -> None:
    """Write the Terraform JSON of the application."""
    app = core.App(outdir=sys.argv[1])
    stack = core.TerraformStack(app, "bench")
    resource("provider", "AwsProvider")(stack, "Aws", region="eu-central-1")

    bucket = resource("s3_bucket", "S3Bucket")(stack, "Bucket", bucket_prefix="bench-")
    resource("s3_bucket_notification", "S3BucketNotification")(
        stack, "Events", bucket=bucket.id, eventbridge=True
    )
    dead_letters = resource("sqs_queue", "SqsQueue")(stack, "DeadLetters", name="bench-dlq")
    work = resource("sqs_queue", "SqsQueue")(
        stack,
        "Work",
        name="bench-work",
        visibility_timeout_seconds=180,
        redrive_policy=json.dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 3}),
    )
    table = resource("dynamodb_table", "DynamodbTable")(
        stack,
        "Items",
        name="bench-items",
        billing_mode="PAY_PER_REQUEST",
        hash_key="sku",
        range_key="location",
        attribute=[{"name": "sku", "type": "S"}, {"name": "location", "type": "S"}],
    )
    role = resource("iam_role", "IamRole")(
        stack,
        "Role",
        name="bench-processor",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                    }
                ],
            }
        ),
    )
    resource("iam_role_policy", "IamRolePolicy")(
        stack,
        "Policy",
        role=role.id,
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table.arn},
                    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": work.arn},
                ],
            }
        ),
    )
    logs = resource("cloudwatch_log_group", "CloudwatchLogGroup")(
        stack, "Logs", name="/aws/lambda/bench-processor", retention_in_days=7
    )
    function = resource("lambda_function", "LambdaFunction")(
        stack,
        "Function",
        function_name="bench-processor",
        role=role.arn,
        runtime="python3.13",
        handler="app.handler",
        s3_bucket="bench-code",
        s3_key="app.zip",
        environment={"variables": {"TABLE": table.name, "QUEUE": work.url}},
        depends_on=[logs],
    )
    rule = resource("cloudwatch_event_rule", "CloudwatchEventRule")(
        stack,
        "Rule",
        name="bench-uploads",
        event_pattern=json.dumps(
            {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [bucket.bucket]}},
            }
        ),
    )
    resource("cloudwatch_event_target", "CloudwatchEventTarget")(
        stack, "Target", rule=rule.name, arn=function.arn
    )
    resource("lambda_permission", "LambdaPermission")(
        stack,
        "Permission",
        action="lambda:InvokeFunction",
        function_name=function.function_name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
    )
    topic = resource("sns_topic", "SnsTopic")(stack, "Topic", name="bench-alarms")
    resource("cloudwatch_metric_alarm", "CloudwatchMetricAlarm")(
        stack,
        "Alarm",
        alarm_name="bench-dead-letters",
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": dead_letters.name},
        statistic="Maximum",
        period=60,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        alarm_actions=[topic.arn],
    )
    core.TerraformOutput(stack, "bucket_name", value=bucket.bucket)
    app.synth()


main()
