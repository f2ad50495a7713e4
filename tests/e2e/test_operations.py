"""A bad day, as an operator lives through it: alarm, rejects, correction, redrive, all clear."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from local_cloud import observe
from terraform_runner.paths import ROOT, VENV_BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local_cloud.stack import Deployment

LIMIT_SECONDS = 300
DLQ_ALARM = "inventory-dlq-not-empty-dev"
SUMMARY_ALARM = "inventory-no-summary-written-dev"


class Operator:
    """Runs `inventory` against the deployed stack, as a person would.

    Args:
        deployment: The stack.
        folder: Where its outputs and the settings to reach it are written, and files made.
    """

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.folder = folder
        (folder / "outputs.json").write_text(json.dumps(deployment.raw_outputs), encoding="utf-8")
        lines = [f"export {name}={value}" for name, value in deployment.cloud.variables().items()]
        (folder / "env").write_text("\n".join(lines), encoding="utf-8")

    def __call__(self, *arguments: str, exit_code: int = 0) -> str:
        """Run a command; its standard output."""
        done = subprocess.run(
            [VENV_BIN / "inventory", *arguments],
            cwd=ROOT,
            env={
                "PATH": "/usr/bin:/bin",
                "INVENTORY_OUTPUTS": str(self.folder / "outputs.json"),
                "COLUMNS": "80",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS * 2,
        )
        assert done.returncode == exit_code, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        """Run a command with --json; its answer."""
        return json.loads(self(*arguments, "--json", exit_code=exit_code))

    def upload(self, name: str, *lines: str, exit_code: int = 0) -> dict[str, Any]:
        """Upload a file under operations/ and wait; its record."""
        path = self.folder / name
        path.write_text("\n".join((*lines, "")), encoding="utf-8")
        [record] = self.json(
            *("upload", str(path), "--prefix", "operations/", "--wait", "--timeout", "60"),
            exit_code=exit_code,
        )
        return record


@pytest.fixture
def inventory(deployment: Deployment, tmp_path: Path) -> Iterator[Operator]:
    """The command; whatever waits in the dead-letter queue before or after is cleared away."""
    sqs = deployment.cloud.client("sqs")
    queue_url = deployment.outputs["dead_letter_queue_url"]
    sqs.purge_queue(QueueUrl=queue_url)
    yield Operator(deployment, tmp_path)
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


def test_a_bad_row_is_alarmed_listed_corrected_and_cleared(
    deployment: Deployment, inventory: Operator
) -> None:
    """The row comes back as stale, not as stock: the corrected file's value stays."""
    # Given: one row of two is bad
    header = "sku,location,quantity"
    record = inventory.upload(
        "day.csv", header, "op-1,operations,5", "op-2,operations,six", exit_code=1
    )
    assert (record["rows_read"], record["rejected"]) == (2, 1)
    # The data point stands at the beginning of the alarm's period, so that it soon leaves it.
    become(lambda: measure(deployment, timedelta(seconds=290)) == "ALARM", "the alarm")

    # Then: the command shows it, and leaves it where it is
    [listed] = inventory.json("rejects", "operations/day.csv")
    assert (listed["kind"], listed["line"], listed["value"]) == ("row", 3, "six")
    assert "operations/day.csv" in inventory("rejects")
    inventory("rejects", "operations/other.csv", exit_code=4)
    assert waiting(deployment) == 1

    # And: nothing is settled while nothing is corrected
    [left] = inventory.json("redrive", exit_code=1)["messages"]
    assert left["action"] == "refused"
    assert waiting(deployment) == 1

    # When: the corrected file arrives and the queue is redriven
    assert inventory.upload("day.csv", header, "op-1,operations,5", "op-2,operations,6")
    [dry] = inventory.json("redrive", "--dry-run")["messages"]
    assert (dry["action"], waiting(deployment)) == ("stale", 1)
    [settled] = inventory.json("redrive", "--kind", "rows")["messages"]

    # Then: it was stale, the queue is empty and the alarm clears
    assert settled["action"] == "stale"
    assert waiting(deployment) == 0
    assert quantity(deployment, "op-2") == "6"
    become(lambda: measure(deployment) == "OK", "the end of the alarm")


def test_a_correction_counts_as_of_its_file_and_everybody_can_ask_who_says_so(
    deployment: Deployment, inventory: Operator
) -> None:
    """A correction that comes after a newer file changes nothing of it, and settles its row."""
    # Given: a file with a bad row and one that a spreadsheet would run, then a newer file
    header = "sku,location,quantity"
    inventory.upload(
        "old.csv", header, "=op-8,operations,many", "op-9,operations,some", exit_code=1
    )
    inventory.upload("new.csv", header, "op-9,operations,20")

    # When: the reject file is corrected and given back
    path = inventory.folder / "old.rejects.csv"
    inventory("rejects", "get", "operations/old.csv", "--output", str(path))
    text = path.read_text(encoding="utf-8-sig")
    assert "'=op-8,operations,many" in text
    corrected = text.replace("many", "3", 1).replace("some", "10", 1)
    record = inventory.upload("old.rejects.csv", *corrected.splitlines())

    # Then: the newer stock stays, the other row is stock as of its file, and both are settled
    assert (record["loaded"], record["stale"]) == (1, 1)
    [item] = inventory.json("stock", "=op-8", "--raw")
    assert (item["quantity"], item["source"]["line"]) == (3, 2)
    assert item["raw"].startswith("'=op-8,operations,3,2,type-error,")
    settled = inventory.json("redrive", "operations/old.csv")["messages"]
    assert [each["action"] for each in settled] == ["stale"] * 2
    assert quantity(deployment, "op-9") == "20"

    # And: every question has its answer
    told = inventory.json("history", "op-9", "operations", "--prefix", "operations")
    assert [(each["key"], each["fate"]) for each in told] == [
        ("operations/new.csv", "current"),
        ("operations/old.rejects.csv", "older"),
        ("operations/old.csv", "rejected"),
    ]
    changed = inventory.json("changes", "--since", "1h")
    assert {"=op-8", "op-9"} <= {each["sku"] for each in changed}
    assert "=op-8" in {each["sku"] for each in inventory.json("low")}
    assert inventory.json("out", "--location", "operations") == []
    [failed] = inventory.json("files", "operations/old.csv", "--failed")
    assert failed["reason"] == "2 rows rejected"
    assert inventory.json("cost")["dollars"] > 0


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


def test_a_refused_file_is_settled_by_its_replacement(
    deployment: Deployment, inventory: Operator
) -> None:
    """Exit 2 for the file, 1 while it stays, 0 once a readable version has loaded."""
    assert inventory.upload("odd.csv", "colour,mood", "red,good", exit_code=2)["error"]
    assert inventory.json("redrive", exit_code=1)["messages"][0]["action"] == "refused"
    inventory("status", "operations/odd.csv", exit_code=2)
    assert inventory.upload("odd.csv", "sku,location,quantity", "op-4,operations,4")
    assert inventory.json("redrive")["messages"][0]["action"] == "stale"
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


def test_a_summary_is_made_and_its_absence_alarms(
    deployment: Deployment, inventory: Operator
) -> None:
    """Without its schedule no summary is written, and 26 hours without one are an alarm."""
    inventory.upload("sum.csv", "sku,location,quantity", "op-6,operations,4")
    summary = inventory.json("summary", "--run")
    assert "operations" in {each["name"] for each in summary["locations"]["named"]}
    assert "Inventory on" in inventory("summary", "--date", summary["date"])

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
