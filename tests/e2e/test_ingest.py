"""Files dropped into the uploads bucket end in the items table, every row accounted for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from local_cloud import observe
from pipeline import LIMIT_SECONDS, ingest, item, letter, take_letters

if TYPE_CHECKING:
    from local_cloud.stack import Deployment


def test_rows_arrive_as_the_file_says(deployment: Deployment) -> None:
    """Columns become attributes of the item, with its source and its place in the order."""
    content = (
        b"sku,quantity,location,name,unit_price,currency,attr_shelf\n"
        b"E2E-1,007.50,Berlin,Kettle,12.30,EUR,A4\n"
    )

    record = ingest(deployment, "arrive/stock.csv", content)

    stored = item(deployment, "E2E-1", "Berlin")
    assert record["status"] == "COMPLETED"
    assert record["loaded"] == 1
    assert str(stored["quantity"]) == "7.5"
    assert stored["name"] == "Kettle"
    assert stored["attributes"] == {"attr_shelf": "A4"}
    assert stored["source"]["key"] == "arrive/stock.csv"
    assert int(stored["source"]["line"]) == 2
    assert stored["order_token"].startswith(stored["as_of"])


@pytest.mark.parametrize("key", ["odd/plus+and space.csv", "odd/100%25.csv", "odd/ümlaut é.csv"])
def test_a_key_is_taken_as_it_stands(deployment: Deployment, key: str) -> None:
    """Keys in EventBridge events are not URL-encoded, so nothing decodes them."""
    record = ingest(deployment, key, f"sku,quantity\nKEY-{len(key)},1\n".encode())

    assert record["status"] == "COMPLETED"
    assert record["object_id"].startswith(f"{deployment.outputs['uploads_bucket_name']}/{key}#")
    assert quote(key) != key


def test_bad_rows_are_rejected_alone_with_their_reason(deployment: Deployment) -> None:
    """The other rows load; the message and the reject file say what is wrong and where."""
    content = (
        b"sku,quantity,name\n"
        b"MIX-1,1,good\nMIX-2,many,not a number\nMIX-3,3\nMIX-4,4,x,y\nMIX-5,5,good\n"
    )

    record = ingest(deployment, "mixed/stock.csv", content)

    assert (record["loaded"], record["rejected"]) == (2, 3)
    assert int(record["first_error_line"]) == 3
    messages = observe.wait_for(
        lambda: take_letters(deployment, "mixed/stock.csv") or None,
        "rejects",
        seconds=LIMIT_SECONDS,
    )
    bodies = sorted((json.loads(m["Body"]) for m in messages), key=lambda body: body["line"])
    assert [(body["line"], body["error"]) for body in bodies] == [
        (3, "type-error"),
        (4, "missing-cell"),
        (5, "extra-cell"),
    ]
    assert bodies[0]["column"] == "quantity"
    assert bodies[0]["value"] == "many"
    assert {m["MessageAttributes"]["kind"]["StringValue"] for m in messages} == {"row"}
    version = record["object_id"].rpartition("#")[2]
    stored = deployment.cloud.client("s3").get_object(
        Bucket=deployment.outputs["reports_bucket_name"],
        Key=f"rejects/mixed/stock.csv/{version}.csv",
    )
    lines = stored["Body"].read().decode("utf-8-sig").splitlines()
    assert lines[0] == "sku,quantity,name,line,error,message,counts as of"
    assert [line.partition(",")[0] for line in lines[1:]] == ["MIX-2", "MIX-3", "MIX-4"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("header-only", b"sku,quantity\n"),
        ("no-quantity", b"sku,name\nX,y\n"),
        ("no-sku", b"quantity,name\n1,y\n"),
        ("not-text", bytes(range(256)) * 40),
    ],
)
def test_a_bad_file_fails_as_a_whole(deployment: Deployment, name: str, content: bytes) -> None:
    """One reject of kind file, the record FAILED, nothing loaded."""
    key = f"bad/{name}.csv"

    record = ingest(deployment, key, content)

    assert record["status"] == "FAILED"
    assert record["error"]
    assert int(record.get("loaded", 0)) == 0
    message = letter(deployment, key)
    assert message["MessageAttributes"]["kind"]["StringValue"] == "file"


def test_the_same_file_again_changes_nothing(deployment: Deployment) -> None:
    """The next snapshot of an unchanged shop costs reads and no writes."""
    content = b"sku,quantity\n" + b"".join(b"SAME-%d,%d\n" % (n, n) for n in range(300))
    ingest(deployment, "same/monday.csv", content)
    before = item(deployment, "SAME-7")

    record = ingest(deployment, "same/tuesday.csv", content)

    assert (int(record["loaded"]), int(record["unchanged"])) == (0, 300)
    assert item(deployment, "SAME-7") == before


def test_an_older_file_that_comes_late_is_stale(deployment: Deployment) -> None:
    """Order is the order of the stock's time, not of arrival."""
    ingest(deployment, "late/new.csv", b"sku,quantity\nLATE,5\n")

    record = ingest(
        deployment, "late/old.csv", b"sku,quantity\nLATE,9\n", as_of="2020-01-01T00:00:00Z"
    )

    assert int(record["stale"]) == 1
    assert int(item(deployment, "LATE")["quantity"]) == 5


def test_an_event_that_keeps_crashing_the_function_is_dead_lettered(
    deployment: Deployment,
) -> None:
    """After Lambda's retries the original event waits in the queue with the error."""
    client = deployment.cloud.client("lambda")
    name = deployment.outputs["processor_function_name"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name,
        Environment={"Variables": {**variables, "ITEMS_TABLE_NAME": "no-such-table"}},
    )
    try:
        observe.upload(deployment, "crash/stock.csv", b"sku,quantity\nCRASH,1\n")
        message = letter(deployment, "crash/stock.csv")
    finally:
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )

    assert json.loads(message["Body"])["detail"]["object"]["key"] == "crash/stock.csv"
    assert "kind" not in message["MessageAttributes"]
    assert {"RequestID", "ErrorCode", "ErrorMessage"} <= set(message["MessageAttributes"])
    assert item(deployment, "CRASH") == {}


def test_the_schedule_invokes_the_summary(deployment: Deployment) -> None:
    """Once due, the schedule's own role invokes the function and its page is stored."""
    scheduler = deployment.cloud.client("scheduler")
    s3 = deployment.cloud.client("s3")
    schedule = scheduler.get_schedule(Name="inventory-summary-daily-dev")
    answered = {"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"}
    own = {name: value for name, value in schedule.items() if name not in answered}
    bucket = deployment.outputs["reports_bucket_name"]
    soon = datetime.now(UTC) + timedelta(seconds=3)

    scheduler.update_schedule(
        **own
        | {
            "ScheduleExpression": f"at({soon:%Y-%m-%dT%H:%M:%S})",
            "ScheduleExpressionTimezone": "UTC",
        }
    )
    try:
        found = observe.wait_for(
            lambda: s3.list_objects_v2(Bucket=bucket, Prefix="summaries/").get("Contents"),
            "the scheduled summary",
            seconds=150,
        )
    finally:
        scheduler.update_schedule(**own)

    assert {entry["Key"].rpartition(".")[2] for entry in found} <= {"json", "csv", "html"}
