"""The stack: provider, tags, composition and outputs."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cdktf import TerraformOutput, TerraformStack

from constructs_lib.access_log_bucket import AccessLogBucket, AccessLogBucketProps
from constructs_lib.account import Account
from constructs_lib.alarm_table import alarm_specs
from constructs_lib.alarm_topic import AlarmTopic, AlarmTopicProps
from constructs_lib.alarms import Alarms, AlarmsProps
from constructs_lib.dashboard import Dashboard, DashboardProps
from constructs_lib.dashboard_graphs import dashboard_graphs
from constructs_lib.encryption_key import EncryptionKey, EncryptionKeyProps
from constructs_lib.event_bus import EventBus, EventBusProps
from constructs_lib.function_schedule import FunctionSchedule, FunctionScheduleProps
from constructs_lib.inventory_functions import (
    LISTS_DAYS,
    LISTS_PREFIX,
    LONGEST_INVOCATION_SECONDS,
    PARTS_DAYS,
    PARTS_PREFIX,
    SETTINGS_PREFIX,
    InventoryFunctionsProps,
    add_functions,
)
from constructs_lib.inventory_table import InventoryTable, InventoryTableProps, WarmThroughput
from constructs_lib.message_queue import MessageQueue, MessageQueueProps
from constructs_lib.names import Names
from constructs_lib.object_created_rule import ObjectCreatedRule, ObjectCreatedRuleProps
from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps
from constructs_lib.python_function import VISIBILITY_TIMEOUT_FACTOR
from constructs_lib.runbook import with_runbook
from constructs_lib.schedule_gap import longest_gap_hours
from constructs_lib.terraform import add_backend, add_provider, escape_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from constructs_lib.settings import Settings
    from constructs_lib.stack_folder import FunctionPackage

# A summary that is retried after midnight is still the one of the day that was due.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
SCHEDULED_TIME = '{"scheduled_time":"<aws.scheduler.scheduled-time>"}'

NO_FEEDS: Mapping[str, Any] = MappingProxyType({"feeds": {}, "profiles": {}})


class InventoryStack(TerraformStack):
    """Everything that one environment needs."""

    def __init__(
        self,
        scope: Construct,
        settings: Settings,
        packages: Mapping[str, FunctionPackage],
        feeds: Mapping[str, Any] = NO_FEEDS,
    ) -> None:
        """Compose the stack.

        Args:
            scope: The app.
            settings: The environment's settings.
            packages: The zips with the functions, by the name of the handler's module.
            feeds: Feeds and profiles as the functions read them. Default: none.
        """
        super().__init__(scope, settings.stack_name)
        self._settings = settings
        self._feeds_data = feeds
        self._names = Names(settings.environment_suffix)
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
                deletion_protection=settings.deletion_protection,
            ),
        )
        self._data_key = self._key if settings.customer_managed_keys else None
        # Whatever was encrypted before the setting was switched off stays encrypted so, and must
        # stay readable. CloudWatch Logs needs the key whenever such events are read.
        # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DisassociateKmsKey.html
        self._former_key = None if settings.customer_managed_keys else self._key
        self._key.grant_use_by_logs("/aws/lambda/inventory-")
        self._add_buckets()
        self._add_queues()
        self._add_tables()
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
        self._events = EventBus(
            self,
            "Events",
            EventBusProps(
                bus_name=self._names.event_bus,
                account=self._account,
                description="Stock files that have come to an end, for whoever wants to react",
            ),
        )
        self._functions = add_functions(
            self,
            InventoryFunctionsProps(
                settings=settings,
                names=self._names,
                packages=packages,
                uploads=self._uploads,
                reports=self._reports,
                feeds=self._feeds,
                items=self._items,
                ingestions=self._ingestions,
                lanes=self._lanes,
                dead_letter_queue=self._dead_letter_queue,
                work_queue=self._work_queue,
                topic=self._topic,
                events=self._events,
                encryption_key=self._data_key,
            ),
        )
        self._add_triggers()
        self._add_monitoring()
        self._add_outputs(packages)

    def _add_buckets(self) -> None:
        settings, account_id = self._settings, self._account.account_id
        access_logs = None
        if settings.keeps_access_logs:
            access_logs = AccessLogBucket(
                self,
                "AccessLogs",
                AccessLogBucketProps(
                    bucket_name=self._names.bucket("access-logs", account_id),
                    account=self._account,
                    retention_days=settings.log_retention_days,
                    deletion_protection=settings.deletion_protection,
                ),
            )
        uploads = PrivateBucketProps(
            bucket_name=self._names.bucket("uploads", account_id),
            encryption_key=self._data_key,
            former_key=self._former_key,
            noncurrent_version_days=settings.noncurrent_version_days,
            # Free, and in the reports bucket a rule that tells a supplier of rejected rows has
            # something to hang on.
            sends_events=True,
            deletion_protection=settings.deletion_protection,
            access_logs=access_logs,
        )
        reports = replace(
            uploads,
            bucket_name=self._names.bucket("reports", account_id),
            days_below={PARTS_PREFIX: PARTS_DAYS, LISTS_PREFIX: LISTS_DAYS},
        )
        self._uploads = PrivateBucket(self, "Uploads", uploads)
        self._reports = PrivateBucket(self, "Reports", reports)
        # An entry is a few lines, so that the plan shows what becomes of each.
        content = json.dumps(dict(self._feeds_data), indent=1, sort_keys=True, ensure_ascii=False)
        self._feeds = self._reports.add_object(
            "Feeds", f"{SETTINGS_PREFIX}feeds.json", escape_template(content), "application/json"
        )

    def _add_queues(self) -> None:
        dead_letters = MessageQueueProps(
            queue_name=self._names.dead_letter_queue,
            encryption_key=self._data_key,
            deletion_protection=self._settings.deletion_protection,
        )
        self._dead_letter_queue = MessageQueue(self, "DeadLetterQueue", dead_letters)
        work = replace(
            dead_letters,
            queue_name=self._names.work_queue,
            visibility_timeout_seconds=VISIBILITY_TIMEOUT_FACTOR * LONGEST_INVOCATION_SECONDS,
            former_key=self._former_key,
            dead_letter_queue=self._dead_letter_queue,
        )
        self._work_queue = MessageQueue(self, "WorkQueue", work)

    def _add_tables(self) -> None:
        tables, warm = self._names.tables, self._settings.warm_throughput
        ingestions = InventoryTableProps(
            table_name=tables["Ingestions"],
            partition_key="object_id",
            deletion_protection=self._settings.deletion_protection,
            encryption_key=self._data_key,
        )
        items = replace(
            ingestions,
            table_name=tables["Items"],
            partition_key="sku",
            sort_key="location",
            warm_throughput=WarmThroughput(**warm.model_dump()) if warm else None,
        )
        lanes = replace(
            ingestions,
            table_name=tables["Lanes"],
            partition_key="lane",
            sort_key="position",
            expiry_attribute="expires_at",
        )
        self._items = InventoryTable(self, "Items", items)
        self._ingestions = InventoryTable(self, "Ingestions", ingestions)
        self._lanes = InventoryTable(self, "Lanes", lanes)

    def _add_triggers(self) -> None:
        ObjectCreatedRule(
            self,
            "UploadRule",
            ObjectCreatedRuleProps(
                rule_name=self._names.upload_rule,
                description="Every new object of the uploads bucket",
                target_id=self._names.upload_target,
                bucket=self._uploads,
                function=self._functions.processor,
            ),
        )
        self._functions.chunk_processor.add_queue_source(
            "WorkQueue",
            self._work_queue,
            maximum_concurrency=self._settings.work_queue_concurrency,
        )
        summary = FunctionScheduleProps(
            schedule_name=self._names.of("summary-daily"),
            description="Makes the daily summary",
            expression=self._settings.summary_schedule,
            time_zone=self._settings.summary_timezone,
            payload=SCHEDULED_TIME,
            function=self._functions.summary,
            account=self._account,
            encryption_key=self._data_key,
        )
        reconcile = FunctionScheduleProps(
            schedule_name=self._names.of("reconcile-hourly"),
            description="Looks for files that were not accounted for",
            expression="rate(1 hour)",
            function=self._functions.reconcile,
            account=self._account,
            encryption_key=self._data_key,
        )
        FunctionSchedule(self, "SummaryDaily", summary)
        FunctionSchedule(self, "ReconcileHourly", reconcile)

    def _add_monitoring(self) -> None:
        gap = longest_gap_hours(self._settings.summary_schedule)
        assert gap is not None, "settings take no such schedule"
        specs = alarm_specs(
            self._names,
            expected_feed_interval_hours=self._settings.expected_feed_interval_hours,
            summary_gap_hours=gap,
            summary_timeout_seconds=self._functions.summary.timeout_seconds,
        )
        specs = tuple(
            with_runbook(specs, self._names.suffix, runbook_url=self._settings.runbook_url)
        )
        Alarms(self, "Alarms", AlarmsProps(topic=self._topic, specs=specs))
        self._dashboard = Dashboard(
            self,
            "Dashboard",
            DashboardProps(
                dashboard_name=self._settings.stack_name,
                region=self._settings.aws_region,
                graphs=dashboard_graphs(self._names),
            ),
        )

    def _add_outputs(self, packages: Mapping[str, FunctionPackage]) -> None:
        """Declare the outputs; names and meanings are a contract."""
        functions = self._functions
        for name, value, description in (
            ("uploads_bucket_name", self._uploads.bucket_name, "Bucket for stock files"),
            ("reports_bucket_name", self._reports.bucket_name, "Bucket of rejects and summaries"),
            ("items_table_name", self._items.table_name, "Stock of every SKU and location"),
            ("ingestions_table_name", self._ingestions.table_name, "One record per file version"),
            ("lanes_table_name", self._lanes.table_name, "Notes of running files to each other"),
            (
                "dead_letter_queue_url",
                self._dead_letter_queue.queue_url,
                "Queue of rejected rows and failed events",
            ),
            (
                "work_queue_url",
                self._work_queue.queue_url,
                "Queue of shares of large files, and rechecks",
            ),
            (
                "processor_function_name",
                functions.processor.function_name,
                "Function that loads a file",
            ),
            (
                "chunk_processor_function_name",
                functions.chunk_processor.function_name,
                "Function that loads a share of a large file",
            ),
            (
                "summary_function_name",
                functions.summary.function_name,
                "Function that makes the daily summary",
            ),
            (
                "reconcile_function_name",
                functions.reconcile.function_name,
                "Function that finds files that were not accounted for",
            ),
            ("alarm_topic_arn", self._topic.topic_arn, "Topic of alarms and summaries"),
            ("event_bus_name", self._events.bus_name, "Bus with an event for each file that ended"),
            ("dashboard_name", self._dashboard.dashboard_name, "CloudWatch dashboard"),
        ):
            TerraformOutput(self, name, value=value, description=description)
        # Kept in the state, so that a later plan can tell which files it changes.
        TerraformOutput(
            self,
            "function_files",
            value={function: dict(each.files) for function, each in packages.items()},
            description="Contents of the functions' zips, for reviews",
            # No secret, but hundreds of lines that nobody wants to see after each deployment.
            sensitive=True,
        )
