"""Bad days, as an operator lives through them: alarm, reasons, corrections, undo, all clear."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import pytest

from inventory.domain.order import timestamp
from inventory_cli.main import main
from local_cloud import observe
from pipeline import INGEST, configured, final_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local_cloud.stack import Deployment

LIMIT_SECONDS = 300
DLQ_ALARM = "inventory-dlq-not-empty-dev"
WATCHING = ("inventory-processor-dev", "inventory-reconcile-dev", "inventory-summary-dev")
#: Functions that know of feeds.
FEED_READERS = (*WATCHING, INGEST[1])
SUMMARY_ALARM = "inventory-no-summary-written-dev"


class Operator:
    """Runs `inventory` against the deployed stack, as a person would.

    In this process, since starting another one takes longer than most commands; the unit tests run
    the command as it is installed.

    Args:
        deployment: The stack.
        folder: Where its outputs and the settings to reach it are written, and files made.
        monkeypatch: Gives the command its environment.
        capsys: Takes what it prints.
    """

    def __init__(
        self,
        deployment: Deployment,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.folder = folder
        self._monkeypatch, self._capsys = monkeypatch, capsys
        (folder / "outputs.json").write_text(json.dumps(deployment.raw_outputs), encoding="utf-8")
        lines = [f"export {name}={value}" for name, value in deployment.cloud.variables().items()]
        (folder / "env").write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.setenv("INVENTORY_OUTPUTS", str(folder / "outputs.json"))
        monkeypatch.setenv("COLUMNS", "80")

    def __call__(self, *arguments: str, exit_code: int | None = 0) -> str:
        """Run a command, which ends with this code, or None for any; its standard output."""
        self._capsys.readouterr()
        self._monkeypatch.setattr("sys.argv", ["inventory", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert exit_code in {ended.value.code or 0, None}, f"{arguments}: {out}{err}"
        return out

    def json(self, *arguments: str, exit_code: int | None = 0) -> Any:
        """Run a command with --json; its answer."""
        return json.loads(self(*arguments, "--json", exit_code=exit_code))

    def upload(
        self,
        name: str,
        *lines: str,
        exit_code: int = 0,
        as_of: str = "",
        folder: str = "operations/",
    ) -> dict[str, Any]:
        """Upload a file and wait; its record.

        Args:
            name: Its name.
            lines: Its lines, with the line ends and all of a spreadsheet where it was in one.
            exit_code: How the command ends.
            as_of: Time of the stock; "" for now.
            folder: Where to.
        """
        path = self.folder / name
        path.write_bytes("\n".join((*lines, "")).encode())
        options = ("--as-of", as_of) if as_of else ()
        [record] = self.json(
            *("upload", str(path), "--prefix", folder, "--wait", "--timeout", "60"),
            *options,
            exit_code=exit_code,
        )
        return record


@pytest.fixture
def inventory(
    deployment: Deployment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Operator]:
    """The command; whatever waits in the dead-letter queue before or after is cleared away."""
    sqs = deployment.cloud.client("sqs")
    queue_url = deployment.outputs["dead_letter_queue_url"]
    sqs.purge_queue(QueueUrl=queue_url)
    yield Operator(deployment, tmp_path, monkeypatch, capsys)
    sqs.purge_queue(QueueUrl=queue_url)


def quantity(deployment: Deployment, sku: str) -> str:
    """Stored stock of a SKU at the operations' location; "" when there is none."""
    answer = deployment.cloud.client("dynamodb").get_item(
        TableName=deployment.outputs["items_table_name"],
        Key={"sku": {"S": sku}, "location": {"S": "operations"}},
        ConsistentRead=True,
    )
    return answer.get("Item", {}).get("quantity", {}).get("N", "")


def waiting(deployment: Deployment) -> int:
    """Messages that anybody may read from the dead-letter queue."""
    attributes = deployment.cloud.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs["dead_letter_queue_url"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def measure(deployment: Deployment, age: timedelta = timedelta(0)) -> str:
    """Report the queue's length as SQS would, and give the alarm's state.

    The local cloud reports no metrics of SQS, but evaluates alarms on those it is given.
    """
    cloudwatch = deployment.cloud.client("cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Dimensions": [{"Name": "QueueName", "Value": "inventory-dlq-dev"}],
                "Timestamp": datetime.now(UTC) - age,
                "Value": waiting(deployment),
            }
        ],
    )
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[DLQ_ALARM])["MetricAlarms"]
    return str(alarm["StateValue"])


def become(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so, up to the limit."""
    observe.wait_for(lambda: condition() or None, what, seconds=LIMIT_SECONDS)


def subscribe(deployment: Deployment) -> str:
    """Have a queue take what is announced; its address."""
    sqs = deployment.cloud.client("sqs")
    url: str = sqs.create_queue(QueueName="mail-of-a-bad-day")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = found["Attributes"]["QueueArn"]
    service = {"Service": "sns.amazonaws.com"}
    may = {"Effect": "Allow", "Principal": service, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    deployment.cloud.client("sns").subscribe(
        TopicArn=deployment.outputs["alarm_topic_arn"], Protocol="sqs", Endpoint=arn
    )
    return url


def mails(deployment: Deployment, url: str) -> Iterator[tuple[str, str]]:
    """Subject and text of what has come so far."""
    sqs = deployment.cloud.client("sqs")
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            body = json.loads(message["Body"])
            yield body.get("Subject", ""), body["Message"]


def loaded_two_hours_ago(deployment: Deployment, object_id: str) -> None:
    """Put back a record's clock: a file that was just loaded is withdrawn half an hour later."""
    dynamodb = deployment.cloud.client("dynamodb")
    where: Any = {
        "TableName": deployment.outputs["ingestions_table_name"],
        "Key": {"object_id": {"S": object_id}},
    }
    began, _, who = dynamodb.get_item(**where)["Item"]["last_run"]["S"].partition("#")
    earlier = timestamp(datetime.fromisoformat(began) - timedelta(hours=2))
    dynamodb.update_item(
        **where,
        UpdateExpression="SET last_run = :run",
        ExpressionAttributeValues={":run": {"S": f"{earlier}#{who}"}},
    )


def stock(deployment: Deployment, location: str) -> dict[str, str]:
    """All stock at a location, as whoever reads the table for himself finds it."""
    pages = (
        deployment.cloud.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=deployment.outputs["items_table_name"], ConsistentRead=True)
    )
    return {
        item["sku"]["S"]: item["quantity"]["N"]
        for page in pages
        for item in page["Items"]
        if item["location"]["S"] == location
        and "inventory:removed" not in item.get("attributes", {}).get("M", {})
    }


def oracle(*said: dict[str, str | None]) -> dict[str, str]:
    """What counts in the end, of statements from the oldest to the newest; None is a removal."""
    stands: dict[str, str | None] = {}
    for each in said:
        stands |= each
    return {sku: quantity for sku, quantity in stands.items() if quantity is not None}


HEADER = "sku,location,quantity"
NORTH = "operations/north.csv"


def correct_bad_rows(deployment: Deployment, inventory: Operator) -> None:
    """A file has bad rows; their correction comes late, out of a spreadsheet of another country."""
    # One of them is text that a spreadsheet would run.
    record = inventory.upload(
        *("north.csv", HEADER, "A,day,5", "=B,day,six", "C,day,10", "D,day,7", "E,day,many"),
        exit_code=1,
    )
    assert (record["rows_read"], record["rejected"]) == (5, 2)
    # The data point stands at the beginning of the alarm's period, so that it soon leaves it.
    become(lambda: measure(deployment, timedelta(seconds=290)) == "ALARM", "the alarm")

    # The command says why, leaves all where it is, and settles nothing that nobody has corrected.
    listed = inventory.json("rejects", NORTH)
    assert [(each["line"], each["value"]) for each in listed] == [(3, "six"), (6, "many")]
    inventory("rejects", "operations/other.csv", exit_code=4)
    left = inventory.json("redrive", exit_code=1)["messages"]
    assert [each["action"] for each in left] == ["refused", "refused"]
    assert waiting(deployment) == 2

    # A newer file comes, and only then the correction.
    inventory.upload("north.csv", HEADER, "A,day,4", "C,day,12", "E,day,20")
    path = inventory.folder / "north.rejects.csv"
    inventory("rejects", "get", f"{NORTH}#{record['object_id'].partition('#')[2]}", "-o", str(path))
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[1][0] == "'=B"
    rows[1][2], rows[2][2] = "6,5", "1,5"
    lines = [";".join(f'"{cell}"' if ";" in cell else cell for cell in row) for row in rows]
    lines = [f"{line}\r" for line in lines]
    record = inventory.upload("north.rejects.csv", f"\ufeff{lines[0]}", *lines[1:])
    assert (record["loaded"], record["stale"]) == (1, 1)
    # With their columns deleted they would count as of now.
    stripped = [";".join(row[:3]) for row in rows]
    refused = inventory.upload("north.rejects.csv", *stripped, exit_code=2)
    assert "counts as of" in refused["error"]


def take_back(deployment: Deployment, inventory: Operator) -> None:
    """A file is none at all, another one is wrong, an item is gone, an old file comes late."""
    assert inventory.upload("odd.csv", "colour,mood", "red,good", exit_code=2)["error"]
    inventory("status", "operations/odd.csv", exit_code=2)
    assert inventory.upload("odd.csv", HEADER, "H,day,4")

    # The wrong one loads, and is withdrawn.
    wrong = inventory.upload("south.csv", HEADER, "A,day,999", "F,day,50", "H,day,4")
    dry = inventory.json("undo", "operations/south.csv", "--dry-run")["items"]
    assert {each["sku"]: each["becomes"] for each in dry} == {"A": "4", "F": None}
    loaded_two_hours_ago(deployment, wrong["object_id"])
    inventory("undo", "operations/south.csv", "--reason", "counted twice")
    become(lambda: stock(deployment, "day").get("A") == "4", "what was there before")
    assert "counted twice" in inventory("status", "operations/south.csv")

    # One SKU is gone for good; an old file that names it comes late.
    inventory("remove", "D", "day", "--reason", "closed", "--yes")
    yesterday = timestamp(datetime.now(UTC) - timedelta(days=1))
    record = inventory.upload("west.csv", HEADER, "A,day,1", "D,day,3", "I,day,8", as_of=yesterday)
    assert (record["loaded"], record["stale"]) == (1, 2)


def clear_up(deployment: Deployment, inventory: Operator) -> None:
    """All is settled, and the alarm clears."""
    settled = inventory.json("redrive", NORTH)["messages"]
    assert [each["action"] for each in settled] == ["stale", "stale"]
    inventory("redrive", "--discard", "--yes")
    assert waiting(deployment) == 0
    become(lambda: measure(deployment) == "OK", "the end of the alarm")


@contextmanager
def feeds_with(deployment: Deployment, feed: str, settings: dict[str, Any]) -> Iterator[None]:
    """Functions that know one more feed, as long as this lasts."""
    found = deployment.cloud.client("lambda").get_function_configuration(FunctionName=WATCHING[0])
    key = found["Environment"]["Variables"]["FEEDS_KEY"]
    s3, bucket = deployment.cloud.client("s3"), deployment.outputs["reports_bucket_name"]
    document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    document["feeds"][feed] = settings
    stored = s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())
    version = stored["VersionId"]
    try:
        with configured(deployment, functions=FEED_READERS, FEEDS_VERSION_ID=version):
            yield
    finally:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)


def wait_for_a_late_shop(deployment: Deployment, inventory: Operator, mailbox: str) -> None:
    """A shop has fallen silent: people are told, once, until its file has come."""
    shop = "operations/east/"
    with feeds_with(deployment, shop, {"expected_every": {"hours": 24}}):
        # Nothing is late that was not watched for a day.
        assert shop not in observe.invoke(deployment, WATCHING[1], {})["late_feeds"]
        inventory("feeds", "--late")
        deployment.cloud.client("dynamodb").update_item(
            TableName=deployment.outputs["lanes_table_name"],
            Key={"lane": {"S": "feeds"}, "position": {"S": shop}},
            UpdateExpression="SET watched_since = :then",
            ConditionExpression="attribute_exists(watched_since)",
            ExpressionAttributeValues={
                ":then": {"S": timestamp(datetime.now(UTC) - timedelta(hours=25))}
            },
        )
        list(mails(deployment, mailbox))
        for _ in range(2):
            assert observe.invoke(deployment, WATCHING[1], {})["late_feeds"] == [shop]
        assert [subject for subject, text in mails(deployment, mailbox) if shop in text] == [
            "Inventory: 1 feed is late"
        ]
        [late] = inventory.json("feeds", "--late", exit_code=1)
        assert (late["feed"], late["accepted_at"]) == (shop, None)

        record = inventory.upload("east.csv", HEADER, "K,day,2", folder=shop)
        final_record(deployment, record["object_id"])
        assert {each["feed"]: each["state"] for each in inventory.json("feeds")}[shop] == "on time"
        assert observe.invoke(deployment, WATCHING[1], {})["late_feeds"] == []


def ask(inventory: Operator) -> None:
    """Every question has its answer."""
    [item] = inventory.json("stock", "=B", "--raw")
    assert item["source"]["line"] == 2
    assert item["raw"].startswith("'=B;day;6,5;3;type-error;")
    told = inventory.json("history", "E", "day", "--prefix", "operations")
    assert [(each["key"], each["fate"]) for each in told] == [
        (NORTH, "current"),
        ("operations/north.rejects.csv", "older"),
        (NORTH, "rejected"),
    ]
    assert inventory.json("history", "D", "day")[0]["quantity"] == "removed"
    inventory("stock", "D", exit_code=4)
    assert "=B" in {each["sku"] for each in inventory.json("low", "--location", "day")}
    assert inventory.json("out", "--location", "day") == []
    failed = inventory.json("files", NORTH, "--failed")
    assert [each["reason"] for each in failed] == ["2 rows rejected"]
    assert inventory.json("cost")["dollars"] > 0


def see_changes(
    deployment: Deployment, inventory: Operator, since: datetime, then: dict[str, str]
) -> None:
    """What is listed as changed is what a copy of the table says, read before."""
    now = stock(deployment, "day")
    # Files of other tests may be at work, or may have crashed for ever.
    changes = inventory.json("changes", "--since", timestamp(since), exit_code=None)
    listed = {
        each["sku"]: (each["before"], None if each["removed_by"] else each["quantity"])
        for each in changes
        if each["location"] == "day"
    }
    assert listed == {
        sku: (then.get(sku), now.get(sku)) for sku in then | now if then.get(sku) != now.get(sku)
    }
    assert {sku for sku, change in listed.items() if None in change} == {"D", "H", "I", "K"}


def summary_mails(deployment: Deployment, url: str) -> list[str]:
    """Texts of the summary's mails so far; alarms may be of the summary as well."""
    found = mails(deployment, url)
    return [text for subject, text in found if subject.startswith("Inventory summary")]


def read_mail(deployment: Deployment, inventory: Operator, mailbox: str) -> None:
    """The summary's mail comes when it is asked for; its link opens without signing in."""
    inventory("summary", "--run")
    assert summary_mails(deployment, mailbox) == []
    summary = inventory.json("summary", "--run", "--mail")
    assert "day" in {each["name"] for each in summary["locations"]["named"]}
    assert "Inventory on" in inventory("summary", "--date", summary["date"])
    [mail] = summary_mails(deployment, mailbox)
    [link] = [line for line in mail.splitlines() if line.startswith("http")]
    page = build_opener(ProxyHandler({})).open(link, timeout=30).read().decode()
    assert f"<h1>Inventory on {summary['date']}</h1>" in page


def test_one_bad_day_ends_with_the_table_that_the_files_say(
    deployment: Deployment, inventory: Operator
) -> None:
    """Bad rows, alarm, correction, a refused file, undo, remove, a late shop, mail."""
    mailbox = subscribe(deployment)
    correct_bad_rows(deployment, inventory)
    since, then = datetime.now(UTC), stock(deployment, "day")
    take_back(deployment, inventory)
    wait_for_a_late_shop(deployment, inventory, mailbox)
    clear_up(deployment, inventory)

    # Of the files that count, in the order of their times.
    assert stock(deployment, "day") == oracle(
        {"A": "1", "D": "3", "I": "8"},  # the late one
        {"A": "5", "C": "10", "D": "7"},
        {"=B": "6.5", "E": "1.5"},  # the correction, as of the file it corrects
        {"A": "4", "C": "12", "E": "20"},
        {"H": "4"},
        {"D": None},
        {"K": "2"},  # the late shop
    )

    ask(inventory)
    see_changes(deployment, inventory, since, then)
    read_mail(deployment, inventory, mailbox)


def test_a_file_that_could_not_be_delivered_comes_back_as_stale(
    deployment: Deployment, inventory: Operator
) -> None:
    """Its event is redriven after a newer file has loaded: nothing old becomes stock."""
    # Given: the processor may not run, so the upload's event ends in the dead-letter queue
    functions = deployment.cloud.client("lambda")
    name = deployment.outputs["processor_function_name"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        path = inventory.folder / "late.csv"
        path.write_text("sku,location,quantity\nop-3,operations,1\n", encoding="utf-8")
        [uploaded] = inventory.json("upload", str(path), "--prefix", "operations/")
        become(lambda: waiting(deployment) == 1, "the undelivered event")
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    [listed] = inventory.json("rejects", "operations/late.csv")
    assert listed["kind"] == "event"

    # When: a newer version loads, and only then the event is redriven
    assert inventory.upload("late.csv", "sku,location,quantity", "op-3,operations,2")
    [settled] = inventory.json("redrive", "--kind", "events")["messages"]
    record = observe.wait_for(
        lambda: observe.ingestion(deployment, uploaded["object_id"]),
        "the late file",
        seconds=LIMIT_SECONDS,
    )

    # Then
    assert settled["action"] == "again"
    assert (record["loaded"], record["stale"]) == (0, 1)
    assert quantity(deployment, "op-3") == "2"
    assert waiting(deployment) == 0


def test_a_replay_changes_nothing_that_is_newer(
    deployment: Deployment, inventory: Operator
) -> None:
    """All versions under a prefix are decided again, and the newest stays stock."""
    inventory.upload("again.csv", "sku,location,quantity", "op-5,operations,1")
    inventory.upload("again.csv", "sku,location,quantity", "op-5,operations,2")
    dry = inventory.json("replay", "operations/again.csv", "--since", "1h", "--dry-run")
    sent = inventory.json("replay", "operations/again.csv", "--since", "1h")
    assert [len(each["versions"]) for each in (dry, sent)] == [2, 2]

    def attempts() -> list[int]:
        latest = inventory.json("status", "--limit", "1000")
        return [int(each["attempts"]) for each in latest if "again.csv" in each["object_id"]]

    become(lambda: attempts() == [2, 2], "the second attempts")
    assert quantity(deployment, "op-5") == "2"


def test_a_complete_file_takes_away_what_it_lacks(
    deployment: Deployment, inventory: Operator
) -> None:
    """By the permissions of the functions; one that lacks too much is held, until it is let in."""
    shop = "operations/complete/"
    with feeds_with(deployment, shop, {"complete": True, "max_stock_drop_share": "0.5"}):
        lines = [HEADER, "whole-1,operations,3", "whole-2,operations,2"]
        inventory.upload("monday.csv", *lines, folder=shop)
        record = inventory.upload("tuesday.csv", *lines[:2], folder=shop)
        assert (record["absent"], record["rows_read"]) == (1, 1)
        lines = [HEADER, "whole-3,operations,1"]
        held = inventory.upload("wednesday.csv", *lines, folder=shop, exit_code=2)
        assert held["status"] == "HELD"
        inventory("release", held["object_id"])
        become(lambda: quantity(deployment, "whole-1") == "0", "what the held file lacks")
        final_record(deployment, held["object_id"])
        changes = inventory.json("changes", "--since", "1h", exit_code=None)
    assert {
        each["sku"]: (each["quantity"], each["key"].removeprefix(shop), each["line"])
        for each in changes
        if each["feed"] == shop
    } == {
        "whole-1": ("0", "wednesday.csv", None),
        "whole-2": ("0", "tuesday.csv", None),
        "whole-3": ("1", "wednesday.csv", 2),
    }


def test_the_absence_of_a_summary_alarms(deployment: Deployment, inventory: Operator) -> None:
    """Without its schedule no summary is written, and 26 hours without one are an alarm."""
    # The alarm's arithmetic: as on AWS, hours without a summary count while the stack is there.
    cloudwatch = deployment.cloud.client("cloudwatch")
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[SUMMARY_ALARM])["MetricAlarms"]
    scheduler = deployment.cloud.client("scheduler")
    schedule = scheduler.get_schedule(Name="inventory-summary-daily-dev")
    hours = alarm["EvaluationPeriods"]
    for hour in range(hours):
        assert not breaches(alarm, [1.0 if each == hour else None for each in range(hours)])
    for age in range(hours):
        assert not breaches(alarm, [None] * hours, age=age)

    # Killing the schedule is what makes every hour one without a summary.
    scheduler.delete_schedule(Name=schedule["Name"])
    try:
        found = {each["check"]: each["level"] for each in inventory.json("doctor", exit_code=1)}
        assert found["schedule"] == "fail"
        assert breaches(alarm, [None] * hours)
    finally:
        kept = {
            name: value
            for name, value in schedule.items()
            if name
            in {
                "Name",
                "Description",
                "FlexibleTimeWindow",
                "GroupName",
                "ScheduleExpression",
                "ScheduleExpressionTimezone",
                "State",
                "Target",
            }
        }
        scheduler.create_schedule(**kept)


def breaches(alarm: dict[str, Any], events: list[float | None], age: int | None = None) -> bool:
    """Whether an alarm on what must happen goes off in a stack of so many hours.

    `IF(m2,m1)` has a data point in the hours in which the stack was there: what happened, else 0.
    Treated as missing, hours without one let it go off only when the oldest data point is as old
    as the evaluation periods and all of them are low.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    and https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["TreatMissingData"] == "missing"
    assert [each["Expression"] for each in alarm["Metrics"] if "Expression" in each] == [
        "IF(m2,m1)"
    ]
    there = len(events) if age is None else age
    points = [value or 0.0 for value in events[len(events) - there :]]
    wanted = alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
    return len(points) >= wanted and all(value < alarm["Threshold"] for value in points)


def test_the_doctor_finds_a_healthy_stack_well(inventory: Operator) -> None:
    """Every check is ok or warns; an outputs file that lacks names is told at once."""
    inventory.upload("well.csv", "sku,location,quantity", "op-7,operations,4")
    levels = {each["check"]: each["level"] for each in inventory.json("doctor")}
    assert "fail" not in levels.values()
    assert levels["feeds"] == "ok"
    outputs = inventory.folder / "outputs.json"
    outputs.write_text("{}", encoding="utf-8")
    inventory("doctor", exit_code=4)
