"""The four functions over a cloud, driven as EventBridge, SQS and Scheduler drive them."""

from __future__ import annotations

import json
import re
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from inventory.domain.order import object_hash
from witnesses.runtime_api import Answer, Function, runtime_folder
from witnesses.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local_cloud.server import LocalCloud

EVENT = json.loads((Path(__file__).parents[1] / "events" / "s3_object_created.json").read_text())
LARGE_BYTES = 4_000
FIXED_DAY = "2024-05-"
"""Day of every time that a scenario names; all other times are when something happened."""

_OTHER_TIME = re.compile(
    rf"(?!{FIXED_DAY})20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.]\d+)?)?(Z|\+00:00)?"
)
_READING = re.compile(r"#[0-9a-f]{8}#(?=\d)")
"""Digest of how a file is read, to which the time at which it was stored belongs."""

_INCOMPARABLE = {"last_run", "read_units", "write_units", "reading", "reads_by", "last_reads_by"}
"""Attributes of records: message ids and units, which each implementation makes up; digests."""


class Pipeline:
    """The functions of a stack, each under AWS's runtime client, and what they work on.

    Args:
        folder: The synthesised stack's folder, with the zips.
        cloud: Where the resources are.
        variables: Environment variables by function name, as they were deployed.
        work: An empty folder.
        without_partiql: See `Wire`.
    """

    def __init__(
        self,
        folder: Path,
        cloud: LocalCloud,
        variables: Mapping[str, Mapping[str, str]],
        work: Path,
        *,
        without_partiql: bool = False,
    ) -> None:
        self.cloud = cloud
        self.wire = Wire(upstream=cloud.endpoint, without_partiql=without_partiql)
        self._folder, self._deployed, self._work = folder, variables, work
        self._stack = ExitStack()
        self.functions: dict[str, Function] = {}
        self._versions: list[str] = []
        self.variables: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._stack.enter_context(self.wire)
        runtime = runtime_folder(self._work / "runtime")
        for name, function in functions_of(self._folder).items():
            module = function["handler"].split(".")[-2]
            task = self._work / module
            with zipfile.ZipFile(self._folder / function["filename"]) as zipped:
                zipped.extractall(task)
            self.variables |= self._deployed[name]
            variables = {
                **self._deployed[name],
                **self.cloud.variables(),
                "AWS_ENDPOINT_URL": self.wire.endpoint,
                "LARGE_OBJECT_BYTES": str(LARGE_BYTES),
                "RECONCILE_DEADLINE_MINUTES": "0",
            }
            self.functions[module] = self._stack.enter_context(
                Function(task, runtime, function["handler"], function["memory_size"], variables)
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, key: str, body: bytes, as_of: str) -> dict[str, Any]:
        """Upload a file; the event that S3 makes of it."""
        bucket = self.variables["UPLOADS_BUCKET_NAME"]
        stored = self.cloud.client("s3").put_object(
            Bucket=bucket, Key=key, Body=body, Metadata={"as-of": as_of}
        )
        self._versions.append(f"{bucket}/{key}#{stored['VersionId']}")
        described = {
            "key": key,
            "size": len(body),
            "etag": stored["ETag"].strip('"'),
            "version-id": stored["VersionId"],
            "sequencer": f"{len(self._versions):018X}",
        }
        detail = {**EVENT["detail"], "bucket": {"name": bucket}, "object": described}
        return {**EVENT, "id": f"event-{len(self._versions)}", "detail": detail}

    def process(self, event: Any) -> Answer:
        """Deliver an event, and then the messages of the work queue until none is left."""
        answer = self.functions["processor"].invoke(event)
        self.drain()
        return answer

    def drain(self) -> None:
        """Deliver the messages of the work queue, one after the other, until none is left."""
        queue = self.cloud.client("sqs")
        url = self.variables["WORK_QUEUE_URL"]
        while messages := self._receive(url):
            for message in sorted(messages, key=lambda each: each["Body"]):
                answer = self.functions["chunk_processor"].invoke(sqs_event(message))
                assert answer == Answer("response", {"batchItemFailures": []}), answer
                queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _receive(self, url: str) -> list[dict[str, Any]]:
        return (
            self.cloud.client("sqs")
            .receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            .get("Messages", [])
        )

    def results(self) -> dict[str, str]:
        """All that the functions left: items, records, letters and files, as comparable text.

        Replaced are only the ids that a cloud gives to versions, times of processing, and the
        units that emulators count each in its own way.
        """
        found = {
            "items": self._table("ITEMS_TABLE_NAME"),
            "records": self._table("INGESTIONS_TABLE_NAME"),
            "letters": self._letters(),
            "files": self._files(),
        }
        return {name: self._comparable(value) for name, value in found.items()}

    def _table(self, variable: str) -> list[Any]:
        pages = self.cloud.client("dynamodb").get_paginator("scan")
        answers = pages.paginate(TableName=self.variables[variable], ConsistentRead=True)
        return [
            {name: value for name, value in item.items() if name not in _INCOMPARABLE}
            for page in answers
            for item in page["Items"]
        ]

    def _letters(self) -> list[Any]:
        url, letters = self.variables["DEAD_LETTER_QUEUE_URL"], []
        while messages := self._receive(url):
            for each in messages:
                letters.append([json.loads(each["Body"]), each.get("MessageAttributes")])
                self.cloud.client("sqs").delete_message(
                    QueueUrl=url, ReceiptHandle=each["ReceiptHandle"]
                )
        return letters

    def _files(self) -> list[Any]:
        s3, bucket = self.cloud.client("s3"), self.variables["REPORTS_BUCKET_NAME"]
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        return [
            [key, s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()]
            for key in keys
            if not key.startswith(("summaries/", "parts/"))
        ]

    def _comparable(self, value: list[Any]) -> str:
        def replaced(text: str) -> str:
            for number, object_id in enumerate(self._versions, 1):
                text = text.replace(object_hash(object_id), f"hash-{number}")
                text = text.replace(object_id.rpartition("#")[2], f"version-{number}")
            return _OTHER_TIME.sub("(then)", _READING.sub("#(reading)#", text))

        lines = sorted(replaced(json.dumps(each, sort_keys=True, default=sorted)) for each in value)
        return "\n".join(lines)

    def summary(self, day: str) -> dict[str, Any]:
        """The JSON of a day's summary, without what its reads cost."""
        key = f"summaries/{day.replace('-', '/')}/summary.json"
        body = (
            self.cloud.client("s3")
            .get_object(Bucket=self.variables["REPORTS_BUCKET_NAME"], Key=key)["Body"]
            .read()
        )
        document = json.loads(body)
        del document["cost"]
        return json.loads(self._comparable([document]))


def functions_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The functions of a synthesised stack by name."""
    document = json.loads((folder / "cdk.tf.json").read_text())
    found = document["resource"]["aws_lambda_function"].values()
    return {each["function_name"]: each for each in found}


def sqs_event(*messages: dict[str, Any]) -> dict[str, Any]:
    """The event that an event source mapping makes of messages."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for number, each in enumerate(messages)
        ]
    }
