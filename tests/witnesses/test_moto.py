"""A second implementation of AWS, with real Terraform, and both come to the same table.

Source: https://docs.getmoto.org
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from dynamodb_adapters import KEYS
from local_cloud.server import LocalCloud
from local_cloud.stack import synthesise
from witnesses.moto_cloud import MotoCloud, apply, destroy, names_on, point_at
from witnesses.pipeline import LARGE_BYTES, Pipeline, functions_of, sqs_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HEADER = "sku,location,quantity,name,category,unit_price,currency,reorder_point"
FIRST = [f"sku-{n},store-{n % 3},{n},Thing {n},tools,{n}.50,EUR,2" for n in range(1, 41)]


def file(*rows: str) -> bytes:
    """A file of rows."""
    return "\n".join([HEADER, *rows, ""]).encode()


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoCloud]:
    """A running moto."""
    with MotoCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def stack(moto: MotoCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the stack of prod, applied to moto from nothing.

    It has all that dev has, and a bucket for access logs. Only its protection is off, which would
    forbid to destroy it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DELETION_PROTECTION", "false")
        folder = synthesise(tmp_path_factory.mktemp("stack") / "cdktf.out", environment="prod")
    point_at(folder, moto)
    apply(folder, moto)
    yield folder
    destroy(folder, moto)
    assert [names_on(moto, kind) for kind in ("dynamodb", "lambda", "s3", "sqs")] == [[]] * 4


def test_the_stack_is_there(stack: Path, moto: MotoCloud) -> None:
    """As many of each as were synthesised, of this environment."""
    resources = json.loads((stack / "cdk.tf.json").read_text())["resource"]
    for service, kind in (
        ("dynamodb", "aws_dynamodb_table"),
        ("lambda", "aws_lambda_function"),
        ("s3", "aws_s3_bucket"),
        ("sqs", "aws_sqs_queue"),
    ):
        names = names_on(moto, service)
        assert sum("-prod" in each for each in names) == len(names) == len(resources[kind]), service


@pytest.fixture(scope="module")
def deployed(stack: Path, moto: MotoCloud) -> dict[str, dict[str, str]]:
    """The functions' environment variables as they were deployed, by function name."""
    client = moto.client("lambda")
    return {
        name: client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for name in functions_of(stack)
    }


@pytest.fixture(scope="module")
def on_moto(
    stack: Path, moto: MotoCloud, deployed: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """The functions over moto, which knows no conditional statements."""
    work = tmp_path_factory.mktemp("moto")
    with Pipeline(stack, moto, deployed, work, without_partiql=True) as pipeline:
        tell(pipeline)
        yield pipeline


@pytest.fixture(scope="module")
def on_ministack(
    stack: Path, moto: MotoCloud, deployed: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """The functions over MiniStack with the resources they need, under the same names."""
    work = tmp_path_factory.mktemp("ministack")
    with LocalCloud(auth=False) as cloud:
        everything = {name: each for one in deployed.values() for name, each in one.items()}
        make_resources(cloud, everything)
        place = {"Bucket": everything["REPORTS_BUCKET_NAME"], "Key": everything["FEEDS_KEY"]}
        feeds = moto.client("s3").get_object(**place)["Body"].read()
        version = cloud.client("s3").put_object(**place, Body=feeds)["VersionId"]
        moved = {
            name: {
                key: text.replace(moto.endpoint, cloud.endpoint)
                for key, text in {**one, "FEEDS_VERSION_ID": version}.items()
            }
            for name, one in deployed.items()
        }
        with Pipeline(stack, cloud, moved, work) as pipeline:
            tell(pipeline)
            yield pipeline


def make_resources(cloud: LocalCloud, variables: Mapping[str, str]) -> None:
    """Tables, buckets, queues and the topic that the functions' variables name."""
    for kind, keys in KEYS.items():
        cloud.create_table(variables[f"{kind.upper()}_TABLE_NAME"], keys)
    s3 = cloud.client("s3")
    for kind in ("UPLOADS", "REPORTS"):
        bucket = variables[f"{kind}_BUCKET_NAME"]
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for kind in ("WORK", "DEAD_LETTER"):
        name = variables[f"{kind}_QUEUE_URL"].rpartition("/")[2]
        cloud.client("sqs").create_queue(QueueName=name)
    cloud.client("sns").create_topic(Name=variables["ALARM_TOPIC_ARN"].rpartition(":")[2])


def tell(pipeline: Pipeline) -> None:
    """Have the pipeline go through everything that happens to files."""
    first = pipeline.put(
        "shop/first.csv",
        file(*FIRST, "sku-1,store-9,none,,,,,", "two\tcells"),
        "2024-05-02T00:00:00Z",
    )
    assert pipeline.process(first).body["mode"] == "process"
    assert pipeline.process(first).body["mode"] == "nothing"  # repeated
    for key, rows, as_of in (
        ("shop/first.csv", FIRST, "2024-05-03T00:00:00Z"),  # unchanged
        (
            "shop/late.csv",
            [FIRST[0].replace(",1,", ",9,", 1), "new,s,1,,,,,"],
            "2024-05-01T00:00:00Z",
        ),
        ("shop/later.csv", [FIRST[2].replace(",3,", ",33,", 1)], "2024-05-04T00:00:00Z"),
    ):
        assert pipeline.process(pipeline.put(key, file(*rows), as_of)).kind == "response"
    pipeline.process(pipeline.put("shop/bad.csv", b"no,feed\n1,2\n", "2024-05-04T00:00:00Z"))
    packed = gzip.compress(file("packed,store-1,4,Packed,,,,"), mtime=0)
    pipeline.process(pipeline.put("shop/packed.csv.gz", packed, "2024-05-04T00:00:00Z"))
    large = file(*(f"large-{n},store-1,{n},Large thing {n},tools,1.5,EUR,2" for n in range(90)))
    assert len(large) > LARGE_BYTES
    pipeline.process(pipeline.put("shop/large.csv", large, "2024-05-05T00:00:00Z"))
    # Nobody hears of this file but the reconcile.
    pipeline.put("shop/unheard.csv", file("unheard,store-2,6,,,,,"), "2024-05-05T00:00:00Z")
    reconciled = pipeline.functions["reconcile"].invoke({})
    assert (reconciled.kind, reconciled.body.get("missing")) == ("response", 1), reconciled
    pipeline.drain()
    summary = pipeline.functions["summary"].invoke({"scheduled_time": "2024-05-06T05:00:00Z"})
    assert summary.body["date"] == "2024-05-06", summary
    # Events that none of the services sends.
    assert pipeline.functions["processor"].invoke({"detail": {}}).kind == "error"
    assert pipeline.functions["summary"].invoke([]).kind == "error"
    sent = {"SentTimestamp": "1795377600123"}
    broken = sqs_event({"ReceiptHandle": "none", "Body": "{}", "Attributes": sent})
    failures = pipeline.functions["chunk_processor"].invoke(broken)
    assert failures.body == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert pipeline.functions["chunk_processor"].invoke(sqs_event()).kind == "error"


@pytest.mark.parametrize("what", ["items", "records", "letters", "files"])
def test_two_implementations_come_to_the_same(results: Any, what: str) -> None:
    """Byte for byte: every item, record, letter and reject file."""
    assert results[0][what].splitlines() == results[1][what].splitlines()
    assert results[0][what]


@pytest.fixture(scope="module")
def results(on_moto: Pipeline, on_ministack: Pipeline) -> tuple[dict[str, str], dict[str, str]]:
    """Give what the functions left on each."""
    return on_moto.results(), on_ministack.results()


def test_the_table_is_what_the_files_say(results: Any) -> None:
    """Both could be wrong alike: quantities of rows that met each of the cases."""
    items = {
        item["sku"]["S"]: item["quantity"]["N"]
        for item in map(json.loads, results[0]["items"].splitlines())
    }
    some = ("sku-1", "sku-3", "sku-40", "new", "packed", "large-89", "unheard")
    assert [items.get(sku) for sku in some] == ["1", "33", "40", "1", "4", "89", "6"]
    assert len(items) == 40 + 3 + 90


def test_two_implementations_give_the_same_summary(
    on_moto: Pipeline, on_ministack: Pipeline
) -> None:
    """Every figure of it but what reading cost, which each counts in its own way."""
    ours, theirs = (each.summary("2024-05-06") for each in (on_moto, on_ministack))
    assert ours == theirs
    assert ours["totals"]["items"] == 40 + 3 + 90


def test_every_request_is_as_aws_documents_it(on_moto: Pipeline, on_ministack: Pipeline) -> None:
    """Of all four functions, and all operations that they know."""
    for pipeline in (on_moto, on_ministack):
        assert pipeline.wire.problems == []
        assert {target.rpartition(".")[2] for target in pipeline.wire.targets} >= {
            *("BatchExecuteStatement", "BatchGetItem", "GetItem", "PutItem", "Query", "Scan"),
            *("SendMessageBatch", "TransactWriteItems", "UpdateItem"),
        }
