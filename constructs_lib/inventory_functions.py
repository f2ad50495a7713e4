"""The four functions: environment and permissions of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.lambda_code_signing_config import (
    LambdaCodeSigningConfig,
    LambdaCodeSigningConfigAllowedPublishers,
    LambdaCodeSigningConfigPolicies,
)

from constructs_lib.metrics import METRICS_NAMESPACE
from constructs_lib.names import SERVICES
from constructs_lib.python_function import PythonFunction, PythonFunctionProps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdktf_cdktf_provider_aws.s3_object import S3Object
    from constructs import Construct

    from constructs_lib.alarm_topic import AlarmTopic
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.event_bus import EventBus
    from constructs_lib.inventory_table import InventoryTable
    from constructs_lib.message_queue import MessageQueue
    from constructs_lib.names import Names
    from constructs_lib.private_bucket import PrivateBucket
    from constructs_lib.settings import Settings
    from constructs_lib.stack_folder import FunctionPackage

REJECTS_PREFIX = "rejects/"
PARTS_PREFIX = "parts/"
PARTS_DAYS = 30
LISTS_PREFIX = "lists/"
# As long as the registers of complete feeds know of a list.
LISTS_DAYS = 400
SUMMARIES_PREFIX = "summaries/"
SETTINGS_PREFIX = "settings/"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONGEST_INVOCATION_SECONDS = 900
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_PROCESSOR_MIB = 1769


@dataclass(frozen=True, kw_only=True)
class InventoryFunctionsProps:
    """Properties of the functions.

    Attributes:
        settings: The environment's settings.
        names: The environment's names.
        packages: The zips with their code, by the name of the handler's module.
        uploads: Bucket of stock files.
        reports: Bucket of rejected rows and summaries, and of the feeds.
        feeds: The feeds and profiles, in that bucket.
        items: Table of the stock.
        ingestions: Table of the records, one per object version.
        lanes: Table in which runs tell each other what they read and wrote.
        dead_letter_queue: Queue of rejects and failed events.
        work_queue: Queue of parts of large files and of versions to process once more.
        topic: Topic for summaries and late feeds.
        events: Bus on which others are told of files.
        encryption_key: Customer managed key. Default: keys of AWS.
    """

    settings: Settings
    names: Names
    packages: Mapping[str, FunctionPackage]
    uploads: PrivateBucket
    reports: PrivateBucket
    feeds: S3Object
    items: InventoryTable
    ingestions: InventoryTable
    lanes: InventoryTable
    dead_letter_queue: MessageQueue
    work_queue: MessageQueue
    topic: AlarmTopic
    events: EventBus
    encryption_key: EncryptionKey | None = None


@dataclass(frozen=True, kw_only=True)
class InventoryFunctions:
    """The functions of the pipeline.

    Attributes:
        processor: Loads a file, or splits a large one.
        chunk_processor: Loads a worker's share of a large file, or a file once more.
        summary: Makes the daily summary.
        reconcile: Finds files that were not accounted for.
    """

    processor: PythonFunction
    chunk_processor: PythonFunction
    summary: PythonFunction
    reconcile: PythonFunction


def add_functions(scope: Construct, props: InventoryFunctionsProps) -> InventoryFunctions:
    """Add the functions to a stack, each with its environment and its grants.

    The chunk processor may call itself through the work queue more often than the 16 times after
    which Lambda would drop the message. That ends: a worker that runs out of time goes on where
    its report says, and raises if it got nowhere, so each hop makes progress and the file bounds
    them.

    Args:
        scope: The stack.
        props: Their properties.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    add = partial(_add_function, scope, props, _code_signing(scope, props.settings))
    functions = InventoryFunctions(
        processor=add(
            "Processor",
            _ingest_environment(props),
            description="Loads stock files into the items table",
            memory_mib=ONE_PROCESSOR_MIB,
            reserved_concurrency=props.settings.max_reserved_concurrency,
        ),
        chunk_processor=add(
            "ChunkProcessor",
            _ingest_environment(props),
            description="Loads shares of large stock files into the items table",
            memory_mib=ONE_PROCESSOR_MIB,
            recursive_loop="Allow",
        ),
        summary=add(
            "Summary",
            _summary_environment(props),
            description="Says what is in stock, what runs low and what did not arrive",
            memory_mib=1024,
        ),
        reconcile=add(
            "Reconcile",
            _reconcile_environment(props),
            description="Looks for stock files that were not accounted for",
            memory_mib=512,
            timeout_seconds=300,
        ),
    )
    for function in (functions.processor, functions.chunk_processor):
        _grant_ingest(props, function)
    _grant_withdrawal(props, functions.chunk_processor)
    _grant_summary(props, functions.summary)
    _grant_reconcile(props, functions.reconcile)
    return functions


def _add_function(
    scope: Construct,
    props: InventoryFunctionsProps,
    code_signing_config_arn: str | None,
    id_: str,
    environment: dict[str, str],
    *,
    description: str,
    memory_mib: int,
    timeout_seconds: int = LONGEST_INVOCATION_SECONDS,
    reserved_concurrency: int | None = None,
    recursive_loop: str = "Terminate",
) -> PythonFunction:
    service = SERVICES[id_]
    module = service.replace("-", "_")
    return PythonFunction(
        scope,
        id_,
        PythonFunctionProps(
            function_name=props.names.functions[id_],
            description=description,
            handler=f"inventory.handlers.{module}.handler",
            package=props.packages[module],
            dead_letter_queue=props.dead_letter_queue,
            environment={
                "ENVIRONMENT_SUFFIX": props.names.suffix,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_SERVICE_NAME": service,
                **environment,
            },
            timeout_seconds=timeout_seconds,
            memory_mib=memory_mib,
            log_retention_days=props.settings.log_retention_days,
            reserved_concurrency=reserved_concurrency,
            recursive_loop=recursive_loop,
            encryption_key=props.encryption_key,
            code_signing_config_arn=code_signing_config_arn,
        ),
    )


def _ingest_environment(props: InventoryFunctionsProps) -> dict[str, str]:
    return {
        "DEAD_LETTER_QUEUE_URL": props.dead_letter_queue.queue_url,
        "EVENT_BUS_NAME": props.events.bus_name,
        **_feeds_environment(props),
        "FULL_READ_DAYS": str(props.settings.full_read_days),
        "INGESTIONS_TABLE_NAME": props.ingestions.table_name,
        "ITEMS_TABLE_NAME": props.items.table_name,
        "LANES_TABLE_NAME": props.lanes.table_name,
        "LARGE_OBJECT_BYTES": str(props.settings.large_object_bytes),
        "MAX_STOCK_DROP_SHARE": str(props.settings.max_stock_drop_share),
        "REJECT_MESSAGE_LIMIT": str(props.settings.reject_message_limit),
        "TIME_TOLERANCE_MINUTES": str(props.settings.time_tolerance_minutes),
        "WORK_QUEUE_URL": props.work_queue.queue_url,
    }


def _summary_environment(props: InventoryFunctionsProps) -> dict[str, str]:
    return {
        "ALARM_TOPIC_ARN": props.topic.topic_arn,
        "INGESTIONS_TABLE_NAME": props.ingestions.table_name,
        "ITEMS_TABLE_NAME": props.items.table_name,
        "LANES_TABLE_NAME": props.lanes.table_name,
        "LOW_STOCK_THRESHOLD": str(props.settings.low_stock_threshold),
        **_feeds_environment(props),
        "SUMMARY_TIMEZONE": props.settings.summary_timezone,
    }


def _feeds_environment(props: InventoryFunctionsProps) -> dict[str, str]:
    return {
        "FEEDS_KEY": props.feeds.key,
        # The version that belongs to this deployment; with another one the functions start anew.
        "FEEDS_VERSION_ID": props.feeds.version_id,
        "REPORTS_BUCKET_NAME": props.reports.bucket_name,
    }


def _reconcile_environment(props: InventoryFunctionsProps) -> dict[str, str]:
    return {
        "ALARM_TOPIC_ARN": props.topic.topic_arn,
        **_feeds_environment(props),
        "INGESTIONS_TABLE_NAME": props.ingestions.table_name,
        "LANES_TABLE_NAME": props.lanes.table_name,
        "RECONCILE_DEADLINE_MINUTES": str(props.settings.reconcile_deadline_minutes),
        "UPLOADS_BUCKET_NAME": props.uploads.bucket_name,
        "WORK_QUEUE_URL": props.work_queue.queue_url,
    }


def _grant_ingest(props: InventoryFunctionsProps, function: PythonFunction) -> None:
    props.uploads.grant_read(function)
    props.reports.grant_put_in_parts(function, REJECTS_PREFIX)
    props.reports.grant_put_in_parts(function, PARTS_PREFIX)
    props.reports.grant_get(function, PARTS_PREFIX)
    props.reports.grant_put(function, LISTS_PREFIX)
    props.reports.grant_get(function, LISTS_PREFIX)
    props.reports.grant_get_version(function, SETTINGS_PREFIX)
    props.reports.grant_list(function)
    props.items.grant_upsert(function)
    props.ingestions.grant_read_write(function)
    props.lanes.grant_query_write(function)
    props.work_queue.grant_send(function)
    props.dead_letter_queue.grant_send(function)
    props.events.grant_put_events(function)


def _grant_withdrawal(props: InventoryFunctionsProps, function: PythonFunction) -> None:
    """Allow what only messages of the work queue ask for: to find a version's items and delete."""
    props.items.grant_scan(function)
    props.items.grant_delete(function)
    props.lanes.grant_delete(function)


def _grant_summary(props: InventoryFunctionsProps, function: PythonFunction) -> None:
    props.items.grant_scan(function)
    props.ingestions.grant_scan(function)
    props.lanes.grant_query(function)
    props.reports.grant_get_version(function, SETTINGS_PREFIX)
    props.reports.grant_put(function, SUMMARIES_PREFIX)
    props.reports.grant_get(function, SUMMARIES_PREFIX)
    props.topic.grant_publish(function)


def _grant_reconcile(props: InventoryFunctionsProps, function: PythonFunction) -> None:
    props.uploads.grant_list_versions(function)
    props.ingestions.grant_batch_get(function)
    props.lanes.grant_query_write(function)
    props.lanes.grant_delete(function)
    props.reports.grant_get_version(function, SETTINGS_PREFIX)
    props.topic.grant_publish(function)
    props.work_queue.grant_send(function)


def _code_signing(scope: Construct, settings: Settings) -> str | None:
    if settings.code_signing_profile_version_arn is None:
        return None
    return LambdaCodeSigningConfig(
        scope,
        "CodeSigning",
        description=f"Trusted signers of the functions of {settings.stack_name}",
        allowed_publishers=LambdaCodeSigningConfigAllowedPublishers(
            signing_profile_version_arns=[settings.code_signing_profile_version_arn]
        ),
        # To warn would only look like a check.
        policies=LambdaCodeSigningConfigPolicies(untrusted_artifact_on_deployment="Enforce"),
    ).arn
