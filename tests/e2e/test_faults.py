"""Whatever happens to the functions' calls, the table ends as the files say.

Each case loads a snapshot, then the next day's over a faulty network: a third of the rows changed,
one row bad, a SKU twice. The result may not differ from the one without faults.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fault_proxy import Fault, FaultProxy, Rule
from local_cloud import observe
from pipeline import final_record, ingest, item, letter, take_letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud.stack import Deployment

SKUS = 120

DYNAMODB = ("GetItem", "PutItem", "UpdateItem", "Query", "BatchGetItem", "BatchExecuteStatement")
NETWORK = (Fault.DROP, Fault.LOSE_ANSWER, Fault.DELAY, Fault.DUPLICATE, Fault.THROTTLE, Fault.FAIL)
CASES = [
    *((operation, fault) for operation in DYNAMODB for fault in NETWORK),
    *(("HeadObject", fault) for fault in (Fault.DROP, Fault.THROTTLE, Fault.FAIL)),
    *(("GetObject", fault) for fault in (Fault.DROP, Fault.THROTTLE, Fault.FAIL, Fault.TRUNCATE)),
    *(("PutObject", fault) for fault in (Fault.DROP, Fault.LOSE_ANSWER, Fault.FAIL)),
    *(("SendMessageBatch", fault) for fault in (Fault.DROP, Fault.THROTTLE, Fault.FAIL)),
]


@pytest.fixture(autouse=True)
def fair_weather(proxy: FaultProxy) -> Iterator[None]:
    """No rule outlives its test."""
    yield
    proxy.set()


def snapshot(prefix: str, *, day: int) -> bytes:
    """A shop's file; on day 2 every third quantity is another one."""
    rows = [
        f"{prefix}-{n:03},{n + (1000 if day == 2 and n % 3 == 0 else 0)},{prefix}"
        for n in range(SKUS)
    ]
    if day == 2:
        rows.insert(5, f"{prefix}-000,77,{prefix}")
        rows.append(f"{prefix}-BAD,many,{prefix}")
        rows.append(f"{prefix}-000,5000,{prefix}")
    return ("sku,quantity,location\n" + "\n".join(rows) + "\n").encode()


def stock(deployment: Deployment, prefix: str) -> dict[str, int]:
    """What is stored of a case's SKUs."""
    return {
        stored["sku"]: int(stored["quantity"])
        for stored in observe.items(deployment)
        if stored["location"] == prefix
    }


def expected(prefix: str) -> dict[str, int]:
    """What day 2's file says."""
    quantities = {f"{prefix}-{n:03}": n + (1000 if n % 3 == 0 else 0) for n in range(SKUS)}
    return {**quantities, f"{prefix}-000": 5000}


def counted(record: dict[str, Any]) -> dict[str, int]:
    """A record's counts."""
    return {name: int(record[name]) for name in (*observe.OUTCOMES, "rows_read")}


@pytest.mark.parametrize(("operation", "fault"), CASES)
def test_the_table_is_what_the_files_say(
    deployment: Deployment, proxy: FaultProxy, operation: str, fault: Fault
) -> None:
    """Every row has its outcome, and nothing of it depends on the fault."""
    prefix = f"{operation}-{fault.name}".lower()
    ingest(deployment, f"faults/{prefix}/day-1.csv", snapshot(prefix, day=1))
    rule = Rule(operation=operation, fault=fault)
    proxy.set(rule)

    record = ingest(deployment, f"faults/{prefix}/day-2.csv", snapshot(prefix, day=2))

    assert rule.hits > 0, proxy.seen
    assert record["status"] == "COMPLETED"
    assert counted(record) == {
        "rows_read": SKUS + 3,
        "loaded": 40,
        "unchanged": 80,
        "stale": 0,
        "rejected": 1,
        "skipped": 0,
        "duplicates": 2,
    }
    assert stock(deployment, prefix) == expected(prefix)
    kinds = {
        m["MessageAttributes"]["kind"]["StringValue"] for m in take_letters(deployment, prefix)
    }
    assert kinds == {"row"}


@pytest.mark.parametrize("after", [0, 1])
def test_a_process_killed_in_mid_file_costs_nothing(
    deployment: Deployment, proxy: FaultProxy, after: int
) -> None:
    """Lambda invokes again, the rows of the dead run are recognised, the rest is written."""
    prefix = f"kill-{after}"
    ingest(deployment, f"faults/{prefix}/day-1.csv", snapshot(prefix, day=1))
    rule = Rule(operation="BatchExecuteStatement", fault=Fault.KILL, after=after, times=1)
    proxy.set(rule)

    record = ingest(deployment, f"faults/{prefix}/day-2.csv", snapshot(prefix, day=2))

    proxy.set()
    assert rule.hits == 1
    assert record["status"] == "COMPLETED"
    assert counted(record)["loaded"] == 40
    assert stock(deployment, prefix) == expected(prefix)


def test_two_events_of_one_object_load_it_once(deployment: Deployment) -> None:
    """EventBridge may deliver twice; the second delivery is answered without work."""
    record = ingest(deployment, "faults/twice.csv", b"sku,quantity,location\nTWICE,1,twice\n")
    bucket, _, rest = record["object_id"].partition("/")
    key, _, version_id = rest.rpartition("#")
    event: dict[str, Any] = {
        "id": "again",
        "detail": {
            "bucket": {"name": bucket},
            "object": {"key": key, "version-id": version_id, "etag": "", "size": 0},
        },
    }

    answer = observe.invoke(deployment, deployment.outputs["processor_function_name"], event)

    assert answer["mode"] == "nothing"
    assert final_record(deployment, record["object_id"]) == record


def test_an_object_that_is_gone_is_a_rejected_file(deployment: Deployment) -> None:
    """Deleted before it was read: one reject, a terminal record, nothing silent."""
    bucket = deployment.outputs["uploads_bucket_name"]
    event = {
        "id": "gone",
        "detail": {
            "bucket": {"name": bucket},
            "object": {"key": "faults/gone.csv", "version-id": "no-such", "etag": "", "size": 9},
        },
    }

    observe.invoke(deployment, deployment.outputs["processor_function_name"], event)

    record = final_record(deployment, f"{bucket}/faults/gone.csv#no-such")
    assert record["status"] == "FAILED"
    message = letter(deployment, "faults/gone.csv")
    assert message["MessageAttributes"]["kind"]["StringValue"] == "file"
    assert json.loads(message["Body"])["error"] == "source-error"


def test_an_event_that_the_rule_cannot_deliver_is_dead_lettered(deployment: Deployment) -> None:
    """EventBridge's own door: the event, and which rule and target it was meant for."""
    client = deployment.cloud.client("lambda")
    name = deployment.outputs["processor_function_name"]
    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"][0]
    client.remove_permission(FunctionName=name, StatementId=policy["Sid"])
    try:
        observe.upload(deployment, "faults/undeliverable.csv", b"sku,quantity\nNO,1\n")
        message = letter(deployment, "faults/undeliverable.csv")
    finally:
        client.add_permission(
            FunctionName=name,
            StatementId=policy["Sid"],
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=policy["Condition"]["ArnLike"]["AWS:SourceArn"],
        )

    attributes = message["MessageAttributes"]
    assert {"RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE"} <= set(attributes)
    assert attributes["RULE_ARN"]["StringValue"].endswith("rule/inventory-upload-rule-dev")
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "faults/undeliverable.csv"
    assert item(deployment, "NO") == {}
