"""Fakes of the domain's ports, shared with the fault campaign so that there is one set of them."""

from __future__ import annotations

from faults.dynamodb import MemoryDynamoDb
from faults.fakes import (
    BEGIN,
    BUCKET,
    INGESTIONS,
    ITEMS,
    LANES,
    Clock,
    MemoryEvents,
    MemoryObjects,
    MemoryQueue,
    MemoryRejects,
    MemoryReports,
    MemoryReportWriter,
    TinyFeed,
    World,
    memory_tables,
    open_tiny_feed,
    open_tiny_part,
    tiny,
)

__all__ = [
    "BEGIN",
    "BUCKET",
    "INGESTIONS",
    "ITEMS",
    "LANES",
    "Clock",
    "MemoryDynamoDb",
    "MemoryEvents",
    "MemoryObjects",
    "MemoryQueue",
    "MemoryRejects",
    "MemoryReportWriter",
    "MemoryReports",
    "TinyFeed",
    "World",
    "memory_tables",
    "open_tiny_feed",
    "open_tiny_part",
    "tiny",
]
