"""The stack: provider, tags, composition and outputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cdktf import TerraformStack

from constructs_lib.access_log_bucket import AccessLogBucket, AccessLogBucketProps
from constructs_lib.account import Account
from constructs_lib.alarm_topic import AlarmTopic, AlarmTopicProps
from constructs_lib.alarms import Alarms, AlarmsProps
from constructs_lib.backend import add_backend
from constructs_lib.dashboard import Dashboard, DashboardProps
from constructs_lib.encryption_key import EncryptionKey, EncryptionKeyProps
from constructs_lib.function_schedule import FunctionSchedule, FunctionScheduleProps
from constructs_lib.inventory_functions import (
    LONGEST_INVOCATION_SECONDS,
    PARTS_PREFIX,
    InventoryFunctions,
    InventoryFunctionsProps,
)
from constructs_lib.inventory_table import InventoryTable, InventoryTableProps, WarmThroughput
from constructs_lib.landing_bucket import LandingBucket
from constructs_lib.message_queue import MessageQueue, MessageQueueProps
from constructs_lib.monitoring import alarm_specs, dashboard_graphs
from constructs_lib.names import Names
from constructs_lib.object_created_rule import ObjectCreatedRule, ObjectCreatedRuleProps
from constructs_lib.outputs import OutputsProps, add_outputs
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.provider import add_provider
from constructs_lib.python_function import VISIBILITY_TIMEOUT_FACTOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from constructs_lib.function_package import FunctionPackage
    from constructs_lib.settings import Settings

# A summary that is retried after midnight is still the one of the day that was due.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
SCHEDULED_TIME = '{"scheduled_time":"<aws.scheduler.scheduled-time>"}'


class InventoryStack(TerraformStack):
    """Everything one environment needs.

    Attributes:
        functions: The functions, for what is asked about them after composition.
    """

    def __init__(
        self, scope: Construct, settings: Settings, packages: Mapping[str, FunctionPackage]
    ) -> None:
        """Compose the stack.

        Args:
            scope: The app.
            settings: The environment's settings.
            packages: The zips with the functions, by the name of the handler's module.
        """
        super().__init__(scope, settings.stack_name)
        self._settings = settings
        self._names = Names(suffix=settings.environment_suffix)
        add_provider(self, settings)
        add_backend(self, settings)
        self._account = Account.of_provider(self, settings.aws_region)
        self._key = EncryptionKey(
            self,
            "Key",
            EncryptionKeyProps(
                key_alias=settings.stack_name,
                account=self._account,
                deletion_window_days=30 if settings.deletion_protection else 7,
            ),
        )
        self._data_key = self._key if settings.customer_managed_keys else None
        if self._data_key:
            self._data_key.grant_use_by_logs("/aws/lambda/inventory-")
        self._access_logs = self._add_access_logs() if settings.keeps_access_logs else None
        self._uploads = LandingBucket(self, "Uploads", self._bucket_props("uploads"))
        self._reports = PrivateBucket(
            self, "Reports", replace(self._bucket_props("reports"), scratch_prefix=PARTS_PREFIX)
        )
        self._dead_letter_queue, self._work_queue = self._add_queues()
        self._items, self._ingestions, self._lanes = self._add_tables()
        self._topic = AlarmTopic(
            self,
            "AlarmTopic",
            AlarmTopicProps(
                topic_name=self._names.of("alarms"),
                encryption_key=self._key,
                account=self._account,
                email=settings.alarm_email,
            ),
        )
        self.functions = self._add_functions(packages)
        self._add_triggers()
        self._dashboard = self._add_monitoring()
        self._add_outputs(packages)

    def _bucket_props(self, what: str) -> PrivateBucketProps:
        return PrivateBucketProps(
            bucket_name=self._names.bucket(what, self._account.account_id),
            encryption_key=self._data_key,
            noncurrent_version_days=self._settings.noncurrent_version_days,
            # Free, and a rule that tells a supplier of rejected rows has something to hang on.
            sends_events=True,
            force_destroy=not self._settings.deletion_protection,
            access_logs=self._access_logs,
        )

    def _add_access_logs(self) -> AccessLogBucket:
        return AccessLogBucket(
            self,
            "AccessLogs",
            AccessLogBucketProps(
                bucket_name=self._names.bucket("access-logs", self._account.account_id),
                account=self._account,
                source_bucket_arns=tuple(
                    f"arn:{self._account.partition}:s3:::"
                    + self._names.bucket(what, self._account.account_id)
                    for what in ("uploads", "reports")
                ),
                encryption_key=self._data_key,
                retention_days=self._settings.log_retention_days,
                force_destroy=not self._settings.deletion_protection,
            ),
        )

    def _add_queues(self) -> tuple[MessageQueue, MessageQueue]:
        dead_letter_queue = MessageQueue(
            self,
            "DeadLetterQueue",
            MessageQueueProps(
                queue_name=self._names.dead_letter_queue, encryption_key=self._data_key
            ),
        )
        work_queue = MessageQueue(
            self,
            "WorkQueue",
            MessageQueueProps(
                queue_name=self._names.work_queue,
                visibility_timeout_seconds=VISIBILITY_TIMEOUT_FACTOR * LONGEST_INVOCATION_SECONDS,
                encryption_key=self._data_key,
                dead_letter_queue=dead_letter_queue,
            ),
        )
        return dead_letter_queue, work_queue

    def _add_tables(self) -> tuple[InventoryTable, InventoryTable, InventoryTable]:
        protection = self._settings.deletion_protection
        warm = self._settings.warm_throughput
        items = InventoryTable(
            self,
            "Items",
            InventoryTableProps(
                table_name=self._names.tables["Items"],
                partition_key="sku",
                sort_key="location",
                deletion_protection=protection,
                warm_throughput=WarmThroughput(**warm.model_dump()) if warm else None,
                encryption_key=self._data_key,
            ),
        )
        ingestions = InventoryTable(
            self,
            "Ingestions",
            InventoryTableProps(
                table_name=self._names.tables["Ingestions"],
                partition_key="object_id",
                deletion_protection=protection,
                encryption_key=self._data_key,
            ),
        )
        lanes = InventoryTable(
            self,
            "Lanes",
            InventoryTableProps(
                table_name=self._names.tables["Lanes"],
                partition_key="lane",
                sort_key="position",
                expiry_attribute="expires_at",
                deletion_protection=protection,
                encryption_key=self._data_key,
            ),
        )
        return items, ingestions, lanes

    def _add_functions(self, packages: Mapping[str, FunctionPackage]) -> InventoryFunctions:
        return InventoryFunctions(
            self,
            InventoryFunctionsProps(
                settings=self._settings,
                names=self._names,
                packages=packages,
                uploads=self._uploads,
                reports=self._reports,
                items=self._items,
                ingestions=self._ingestions,
                lanes=self._lanes,
                dead_letter_queue=self._dead_letter_queue,
                work_queue=self._work_queue,
                topic=self._topic,
                encryption_key=self._data_key,
            ),
        )

    def _add_triggers(self) -> None:
        ObjectCreatedRule(
            self,
            "UploadRule",
            ObjectCreatedRuleProps(
                rule_name=self._names.upload_rule,
                target_id=self._names.upload_target,
                bucket=self._uploads,
                function=self.functions.processor,
                dead_letter_queue=self._dead_letter_queue,
            ),
        )
        self.functions.chunk_processor.add_queue_source(
            "WorkQueue",
            self._work_queue,
            maximum_concurrency=self._settings.work_queue_concurrency,
        )
        FunctionSchedule(
            self,
            "SummaryDaily",
            FunctionScheduleProps(
                schedule_name=self._names.of("summary-daily"),
                description="Makes the daily summary",
                expression=self._settings.summary_schedule,
                time_zone=self._settings.summary_timezone,
                payload=SCHEDULED_TIME,
                function=self.functions.summary,
                dead_letter_queue=self._dead_letter_queue,
                account=self._account,
                encryption_key=self._data_key,
            ),
        )
        FunctionSchedule(
            self,
            "ReconcileHourly",
            FunctionScheduleProps(
                schedule_name=self._names.of("reconcile-hourly"),
                description="Looks for files that were not accounted for",
                expression="rate(1 hour)",
                function=self.functions.reconcile,
                dead_letter_queue=self._dead_letter_queue,
                account=self._account,
                encryption_key=self._data_key,
            ),
        )

    def _add_monitoring(self) -> Dashboard:
        specs = alarm_specs(
            self._names,
            expected_feed_interval_hours=self._settings.expected_feed_interval_hours,
        )
        Alarms(self, "Alarms", AlarmsProps(topic=self._topic, specs=specs))
        return Dashboard(
            self,
            "Dashboard",
            DashboardProps(
                dashboard_name=self._settings.stack_name,
                region=self._settings.aws_region,
                graphs=dashboard_graphs(self._names),
            ),
        )

    def _add_outputs(self, packages: Mapping[str, FunctionPackage]) -> None:
        add_outputs(
            self,
            OutputsProps(
                uploads=self._uploads,
                reports=self._reports,
                items=self._items,
                ingestions=self._ingestions,
                lanes=self._lanes,
                dead_letter_queue=self._dead_letter_queue,
                work_queue=self._work_queue,
                functions=self.functions,
                topic=self._topic,
                dashboard=self._dashboard,
                packages=packages,
            ),
        )
