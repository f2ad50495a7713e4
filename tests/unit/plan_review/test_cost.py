"""Costs follow from prices and load."""

from __future__ import annotations

import pytest

from plan_review.cost import CUSTOM_METRICS, FREE, PRICES, Load, costs
from plan_review.plan import read_plan


@pytest.fixture
def cost_of(plan_of, change):
    """Give a function that gives what a new resource costs a month."""

    def run(address: str, after: dict, **load) -> float:
        plan = read_plan(plan_of(change(address, ["create"], None, after)))
        return round(costs(plan, Load(**load)).difference, 4)

    return run


def test_an_alarm_costs_by_its_metrics(cost_of) -> None:
    """Ten cents each; an expression over three metrics is three."""
    queries = [{"metric": [{}]}, {"metric": [{}]}, {"metric": [{}]}, {"expression": "a+b"}]

    assert cost_of("aws_cloudwatch_metric_alarm.A", {}) == 0.1
    assert cost_of("aws_cloudwatch_metric_alarm.A", {"metric_query": queries}) == 0.3


def test_a_table_costs_by_its_rows(cost_of) -> None:
    """A million writes and a million reads a day, and nothing stored."""
    items = {"name": "inventory-items-dev"}
    load = {"rows_per_day": 1_000_000, "changed_share": 1.0, "items": 0}

    assert cost_of("aws_dynamodb_table.T", items, **load) == round(30 * (0.625 + 0.125), 4)
    assert cost_of("aws_dynamodb_table.T", items, **{**load, "rows_per_day": 0}) == 0


def test_a_function_costs_by_its_memory(plan_of, change) -> None:
    """Twice the memory is twice the price."""
    sides = [
        {"function_name": "inventory-summary-dev", "architectures": ["arm64"], "memory_size": size}
        for size in (1024, 10240)
    ]
    plan = read_plan(plan_of(change("aws_lambda_function.F", ["update"], *sides)))
    (found,) = costs(plan, Load(items=100_000_000)).changes

    metrics = CUSTOM_METRICS["inventory-summary"] * 0.3
    assert (found.after - metrics) / (found.before - metrics) == pytest.approx(10, rel=0.01)


def test_a_function_costs_by_the_metrics_it_publishes_and_its_traces(cost_of) -> None:
    """Thirty cents a metric, whatever it says; five dollars a million traces."""
    function = {"function_name": "inventory-summary-dev", "memory_size": 128}
    idle = {"items": 0, "files_per_day": 0, "rows_per_day": 0}
    traced = {**function, "tracing_config": [{"mode": "Active"}]}

    assert cost_of("aws_lambda_function.F", function, **idle) == pytest.approx(6 * 0.3, abs=0.001)
    chunk = {**traced, "function_name": "inventory-chunk-processor-dev"}
    many = {**idle, "files_per_day": 1_000_000 / 30}
    without = cost_of("aws_lambda_function.F", {**chunk, "tracing_config": []}, **many)
    assert cost_of("aws_lambda_function.F", chunk, **many) - without == pytest.approx(5)


@pytest.mark.parametrize(
    ("address", "own_key", "without"),
    [
        (
            "aws_dynamodb_table.T",
            {"server_side_encryption": [{"enabled": True}]},
            {"server_side_encryption": [{"enabled": False}]},
        ),
        (
            "aws_s3_bucket_server_side_encryption_configuration.B",
            {"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]},
            {"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]},
        ),
        ("aws_sqs_queue.Q", {"sqs_managed_sse_enabled": None}, {"sqs_managed_sse_enabled": True}),
    ],
)
def test_a_key_of_our_own_costs_by_its_requests(cost_of, address, own_key, without) -> None:
    """Three cents for ten thousand; whoever uses the key asks every five minutes."""
    requests = 30 * 24 * 12 * 2

    difference = cost_of(address, own_key) - cost_of(address, without)
    assert difference == pytest.approx(requests * 0.03 / 10_000, abs=0.005)


def test_what_is_forgotten_is_still_paid_for(plan_of, change) -> None:
    """Terraform lets go of it, the account does not."""
    plan = read_plan(plan_of(change("aws_kms_key.K", ["forget"], {"description": "k"})))

    assert costs(plan, Load()).difference == 0


def test_a_type_without_a_price_is_named(plan_of, change) -> None:
    """Its cost is unknown, not nothing."""
    plan = read_plan(plan_of(change("aws_nat_gateway.N", ["create"], None, {})))

    assert costs(plan, Load()).unpriced == ("aws_nat_gateway",)


def test_every_type_of_the_stack_has_a_price_or_is_free(recorded) -> None:
    """Whoever adds a type says what it costs."""
    types = {
        each["type"]
        for each in recorded("create")["resource_changes"]
        if each["change"]["actions"] == ["create"]
    }

    assert types <= FREE | PRICES.keys()
    assert not FREE & PRICES.keys()
