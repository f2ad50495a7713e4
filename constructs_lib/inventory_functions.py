"""The four functions: what each is told and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.lambda_code_signing_config import (
    LambdaCodeSigningConfig,
    LambdaCodeSigningConfigAllowedPublishers,
    LambdaCodeSigningConfigPolicies,
)

from constructs_lib.literal import literal
from constructs_lib.python_function import PythonFunction, PythonFunctionProps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from constructs_lib.alarm_topic import AlarmTopic
    from constructs_lib.encryption_key import EncryptionKey
    from constructs_lib.function_package import FunctionPackage
    from constructs_lib.inventory_table import InventoryTable
    from constructs_lib.landing_bucket import LandingBucket
    from constructs_lib.message_queue import MessageQueue
    from constructs_lib.names import Names
    from constructs_lib.private_bucket import PrivateBucket
    from constructs_lib.settings import Settings

METRICS_NAMESPACE = "Inventory"
REJECTS_PREFIX = "rejects/"
PARTS_PREFIX = "parts/"
SUMMARIES_PREFIX = "summaries/"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONGEST_INVOCATION_SECONDS = 900
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_PROCESSOR_MIB = 1769


@dataclass(frozen=True, kw_only=True)
class InventoryFunctionsProps:
    """What the functions need.

    Attributes:
        settings: The environment's settings.
        names: The environment's names.
        packages: The zips with their code, by the name of the handler's module.
        uploads: Bucket of stock files.
        reports: Bucket of rejected rows and summaries.
        items: Table of the stock.
        ingestions: Table of the records, one per object version.
        lanes: Table of what running files announce.
        dead_letter_queue: Queue of rejects and failed events.
        work_queue: Queue of parts of large files and of versions to look at again.
        topic: Where summaries are announced.
        encryption_key: Key of our own. Default: keys that AWS manages.
    """

    settings: Settings
    names: Names
    packages: Mapping[str, FunctionPackage]
    uploads: LandingBucket
    reports: PrivateBucket
    items: InventoryTable
    ingestions: InventoryTable
    lanes: InventoryTable
    dead_letter_queue: MessageQueue
    work_queue: MessageQueue
    topic: AlarmTopic
    encryption_key: EncryptionKey | None = None


class InventoryFunctions:
    """The functions, each with its environment and its grants.

    Attributes:
        processor: Loads a file, or splits a large one.
        chunk_processor: Loads a part of a large file, or a file once more.
        summary: Makes the daily summary.
        reconcile: Looks for files that were not accounted for.
    """

    def __init__(self, scope: Construct, props: InventoryFunctionsProps) -> None:
        """Make the functions.

        Args:
            scope: The stack.
            props: What they work with.
        """
        self._props = props
        self._code_signing_config_arn = _code_signing(scope, props.settings)
        self.processor = self._function(
            scope,
            "Processor",
            description="Loads stock files into the items table",
            memory_mib=ONE_PROCESSOR_MIB,
            environment=self._ingest_environment(),
            reserved_concurrency=props.settings.max_reserved_concurrency or 1,
        )
        self.chunk_processor = self._function(
            scope,
            "ChunkProcessor",
            description="Loads parts of large stock files into the items table",
            memory_mib=ONE_PROCESSOR_MIB,
            environment=self._ingest_environment(),
            reserved_concurrency=props.settings.work_queue_concurrency,
        )
        self.summary = self._function(
            scope,
            "Summary",
            description="Says what is in stock, what runs low and what did not arrive",
            memory_mib=1024,
            environment=self._summary_environment(),
        )
        self.reconcile = self._function(
            scope,
            "Reconcile",
            description="Looks for stock files that were not accounted for",
            memory_mib=512,
            timeout_seconds=300,
            environment=self._reconcile_environment(),
        )
        for function in (self.processor, self.chunk_processor):
            self._grant_ingest(function)
        self._grant_summary()
        self._grant_reconcile()

    def _function(
        self,
        scope: Construct,
        id_: str,
        *,
        description: str,
        memory_mib: int,
        environment: dict[str, str],
        timeout_seconds: int = LONGEST_INVOCATION_SECONDS,
        reserved_concurrency: int = 1,
    ) -> PythonFunction:
        props = self._props
        reserves = props.settings.max_reserved_concurrency is not None
        name = props.names.functions[id_]
        service = name.removeprefix("inventory-").removesuffix(f"-{props.names.suffix}")
        module = service.replace("-", "_")
        return PythonFunction(
            scope,
            id_,
            PythonFunctionProps(
                function_name=name,
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
                reserved_concurrency=reserved_concurrency if reserves else None,
                encryption_key=props.encryption_key,
                code_signing_config_arn=self._code_signing_config_arn,
            ),
        )

    def _ingest_environment(self) -> dict[str, str]:
        props = self._props
        return {
            "DEAD_LETTER_QUEUE_URL": props.dead_letter_queue.queue_url,
            "FEED_PROFILES": literal(props.settings.feed_profiles_json()),
            "INGESTIONS_TABLE_NAME": props.ingestions.table_name,
            "ITEMS_TABLE_NAME": props.items.table_name,
            "LANES_TABLE_NAME": props.lanes.table_name,
            "LARGE_OBJECT_BYTES": str(props.settings.large_object_bytes),
            "MAX_STOCK_DROP_SHARE": str(props.settings.max_stock_drop_share),
            "REJECT_MESSAGE_LIMIT": str(props.settings.reject_message_limit),
            "REPORTS_BUCKET_NAME": props.reports.bucket_name,
            "WORK_QUEUE_URL": props.work_queue.queue_url,
        }

    def _summary_environment(self) -> dict[str, str]:
        props = self._props
        return {
            "ALARM_TOPIC_ARN": props.topic.topic_arn,
            "INGESTIONS_TABLE_NAME": props.ingestions.table_name,
            "ITEMS_TABLE_NAME": props.items.table_name,
            "LOW_STOCK_THRESHOLD": str(props.settings.low_stock_threshold),
            "REPORTS_BUCKET_NAME": props.reports.bucket_name,
            "SUMMARY_TIMEZONE": props.settings.summary_timezone,
        }

    def _reconcile_environment(self) -> dict[str, str]:
        props = self._props
        return {
            "INGESTIONS_TABLE_NAME": props.ingestions.table_name,
            "RECONCILE_DEADLINE_MINUTES": str(props.settings.reconcile_deadline_minutes),
            "UPLOADS_BUCKET_NAME": props.uploads.bucket_name,
            "WORK_QUEUE_URL": props.work_queue.queue_url,
        }

    def _grant_ingest(self, function: PythonFunction) -> None:
        props = self._props
        props.uploads.grant_read(function)
        props.reports.grant_put(function, REJECTS_PREFIX)
        props.reports.grant_scratch(function, PARTS_PREFIX)
        props.items.grant_upsert(function)
        props.ingestions.grant_keep_records(function)
        props.lanes.grant_announce(function)
        props.work_queue.grant_send(function)
        props.dead_letter_queue.grant_send(function)
        if props.settings.max_stock_drop_share:
            # What a file takes away is measured against all that is known.
            props.items.grant_scan(function)

    def _grant_summary(self) -> None:
        props = self._props
        props.items.grant_scan(self.summary)
        props.ingestions.grant_scan(self.summary)
        props.reports.grant_put(self.summary, SUMMARIES_PREFIX)
        props.reports.grant_get(self.summary, SUMMARIES_PREFIX)
        props.topic.grant_publish(self.summary)

    def _grant_reconcile(self) -> None:
        props = self._props
        props.uploads.grant_list_versions(self.reconcile)
        props.ingestions.grant_look_up(self.reconcile)
        props.work_queue.grant_send(self.reconcile)


def _code_signing(scope: Construct, settings: Settings) -> str | None:
    if settings.code_signing_profile_version_arn is None:
        return None
    return LambdaCodeSigningConfig(
        scope,
        "CodeSigning",
        description=f"Who signs the functions of {settings.stack_name}",
        allowed_publishers=LambdaCodeSigningConfigAllowedPublishers(
            signing_profile_version_arns=[settings.code_signing_profile_version_arn]
        ),
        # To warn would only look like a check.
        policies=LambdaCodeSigningConfigPolicies(untrusted_artifact_on_deployment="Enforce"),
    ).arn
