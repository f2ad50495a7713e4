"""A construct gives its function the variables it needs."""

from __future__ import annotations

import importlib

import pytest

from inventory.config import Config, IngestConfig, ReconcileConfig, SummaryConfig
from synthesised import resources

COMMON = {
    "ENVIRONMENT_SUFFIX",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
}
CONFIGS: dict[str, type[Config]] = {
    "inventory-processor-dev": IngestConfig,
    "inventory-chunk-processor-dev": IngestConfig,
    "inventory-summary-dev": SummaryConfig,
    "inventory-reconcile-dev": ReconcileConfig,
}


@pytest.fixture(params=CONFIGS)
def function(stack, request):
    """Give one function after the other."""
    by_name = {each["function_name"]: each for each in resources(stack, "aws_lambda_function")}
    return by_name[request.param]


def test_every_function_is_held_to_its_contract(stack) -> None:
    """A function without a line in the table would go unchecked."""
    names = {each["function_name"] for each in resources(stack, "aws_lambda_function")}

    assert names == CONFIGS.keys()


def test_a_function_gets_the_variables_it_needs_and_no_others(function) -> None:
    """One too few fails in production, one too many is one that nobody dares to remove."""
    given = set(function["environment"]["variables"])

    assert given == COMMON | CONFIGS[function["function_name"]].variables()


def test_a_function_can_read_the_variables_it_gets(function) -> None:
    """Numbers are numbers and JSON is JSON."""
    variables = function["environment"]["variables"]

    assert CONFIGS[function["function_name"]].from_env(variables)


def test_a_handler_is_where_the_function_says(function) -> None:
    """Module and name exist in what is zipped."""
    module, _, name = function["handler"].rpartition(".")

    assert callable(getattr(importlib.import_module(module), name))
