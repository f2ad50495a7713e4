"""What others may ask a deployed stack for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf import TerraformOutput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from constructs_lib.alarm_topic import AlarmTopic
    from constructs_lib.dashboard import Dashboard
    from constructs_lib.function_package import FunctionPackage
    from constructs_lib.inventory_functions import InventoryFunctions
    from constructs_lib.inventory_table import InventoryTable
    from constructs_lib.message_queue import MessageQueue
    from constructs_lib.private_bucket import PrivateBucket


@dataclass(frozen=True, kw_only=True)
class OutputsProps:
    """What the outputs speak of.

    Attributes:
        uploads: Bucket of stock files.
        reports: Bucket of rejected rows and summaries.
        items: Table of the stock.
        ingestions: Table of the records.
        lanes: Table of what running files announce.
        dead_letter_queue: Queue of rejects and failed events.
        work_queue: Queue of parts of large files.
        functions: The functions.
        topic: Where alarms are announced.
        dashboard: The dashboard.
        packages: The functions' zips.
    """

    uploads: PrivateBucket
    reports: PrivateBucket
    items: InventoryTable
    ingestions: InventoryTable
    lanes: InventoryTable
    dead_letter_queue: MessageQueue
    work_queue: MessageQueue
    functions: InventoryFunctions
    topic: AlarmTopic
    dashboard: Dashboard
    packages: Mapping[str, FunctionPackage]


def add_outputs(scope: Construct, props: OutputsProps) -> None:
    """Declare the stack's outputs; names and meanings are a contract.

    Args:
        scope: The stack.
        props: What they speak of.
    """
    for name, value, description in (
        ("uploads_bucket_name", props.uploads.bucket_name, "Where stock files go"),
        ("reports_bucket_name", props.reports.bucket_name, "Rejected rows and summaries"),
        ("items_table_name", props.items.table_name, "The stock of every SKU and location"),
        ("ingestions_table_name", props.ingestions.table_name, "One record per file version"),
        ("lanes_table_name", props.lanes.table_name, "What running files announce"),
        (
            "dead_letter_queue_url",
            props.dead_letter_queue.queue_url,
            "Rejected rows and failed events",
        ),
        ("work_queue_url", props.work_queue.queue_url, "Parts of large files"),
        (
            "processor_function_name",
            props.functions.processor.function_name,
            "Loads a file into the items table",
        ),
        (
            "chunk_processor_function_name",
            props.functions.chunk_processor.function_name,
            "Loads a part of a large file",
        ),
        (
            "summary_function_name",
            props.functions.summary.function_name,
            "Makes the daily summary",
        ),
        (
            "reconcile_function_name",
            props.functions.reconcile.function_name,
            "Finds files that were not accounted for",
        ),
        ("alarm_topic_arn", props.topic.topic_arn, "Where alarms and summaries are announced"),
        ("dashboard_name", props.dashboard.dashboard_name, "The CloudWatch dashboard"),
    ):
        TerraformOutput(scope, name, value=value, description=description)
    # Kept in the state, so that a later plan can tell which files it changes.
    TerraformOutput(
        scope,
        "function_files",
        value={function: dict(each.files) for function, each in props.packages.items()},
        description="What is in the functions' zips, for reviews",
        # No secret, but hundreds of lines that nobody wants to see after each deployment.
        sensitive=True,
    )
