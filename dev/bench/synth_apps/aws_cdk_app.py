"""The 14 resources of ``terraform_app.py`` in the AWS CDK, as plain CloudFormation resources.

Run as ``python aws_cdk_app.py <output folder>``.
"""

# mypy: ignore-errors
from __future__ import annotations

import sys

from aws_cdk import (
    App,
    CfnOutput,
    Stack,
    aws_cloudwatch,
    aws_dynamodb,
    aws_events,
    aws_iam,
    aws_lambda,
    aws_logs,
    aws_s3,
    aws_sns,
    aws_sqs,
)

app = App(outdir=sys.argv[1], analytics_reporting=False)
stack = Stack(app, "bench")

# Bucket and its notification: one resource in CloudFormation, two in Terraform.
bucket = aws_s3.CfnBucket(
    stack,
    "Bucket",
    notification_configuration={"eventBridgeConfiguration": {"eventBridgeEnabled": True}},
)
# Makes up for it, so that both applications hold 14.
aws_s3.CfnBucketPolicy(
    stack, "BucketPolicy", bucket=bucket.ref, policy_document={"Version": "2012-10-17"}
)
dead_letters = aws_sqs.CfnQueue(stack, "DeadLetters", queue_name="bench-dlq")
work = aws_sqs.CfnQueue(
    stack,
    "Work",
    queue_name="bench-work",
    visibility_timeout=180,
    redrive_policy={"deadLetterTargetArn": dead_letters.attr_arn, "maxReceiveCount": 3},
)
table = aws_dynamodb.CfnTable(
    stack,
    "Items",
    table_name="bench-items",
    billing_mode="PAY_PER_REQUEST",
    key_schema=[
        {"attributeName": "sku", "keyType": "HASH"},
        {"attributeName": "location", "keyType": "RANGE"},
    ],
    attribute_definitions=[
        {"attributeName": "sku", "attributeType": "S"},
        {"attributeName": "location", "attributeType": "S"},
    ],
)
role = aws_iam.CfnRole(
    stack,
    "Role",
    role_name="bench-processor",
    assume_role_policy_document={
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    },
)
aws_iam.CfnPolicy(
    stack,
    "Policy",
    policy_name="bench-processor",
    roles=[role.ref],
    policy_document={
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table.attr_arn},
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": work.attr_arn},
        ],
    },
)
logs = aws_logs.CfnLogGroup(
    stack, "Logs", log_group_name="/aws/lambda/bench-processor", retention_in_days=7
)
function = aws_lambda.CfnFunction(
    stack,
    "Function",
    function_name="bench-processor",
    role=role.attr_arn,
    runtime="python3.13",
    handler="app.handler",
    code={"s3Bucket": "bench-code", "s3Key": "app.zip"},
    environment={"variables": {"TABLE": table.ref, "QUEUE": work.attr_queue_url}},
)
function.add_dependency(logs)
rule = aws_events.CfnRule(
    stack,
    "Rule",
    name="bench-uploads",
    event_pattern={
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket.ref]}},
    },
    targets=[{"id": "Function", "arn": function.attr_arn}],
)
# The rule's target is a part of the rule in CloudFormation; a log stream makes up for it.
aws_logs.CfnLogStream(stack, "LogStream", log_group_name=logs.ref)
aws_lambda.CfnPermission(
    stack,
    "Permission",
    action="lambda:InvokeFunction",
    function_name=function.ref,
    principal="events.amazonaws.com",
    source_arn=rule.attr_arn,
)
topic = aws_sns.CfnTopic(stack, "Topic", topic_name="bench-alarms")
aws_cloudwatch.CfnAlarm(
    stack,
    "Alarm",
    alarm_name="bench-dead-letters",
    namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible",
    dimensions=[{"name": "QueueName", "value": dead_letters.attr_queue_name}],
    statistic="Maximum",
    period=60,
    evaluation_periods=1,
    threshold=0,
    comparison_operator="GreaterThanThreshold",
    alarm_actions=[topic.ref],
)
CfnOutput(stack, "BucketName", value=bucket.ref)
app.synth()
