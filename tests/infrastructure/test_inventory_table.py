"""Tables are billed per request, restorable, encrypted and protected."""

from __future__ import annotations

import pytest

from constructs_lib import stack_folder
from constructs_lib.inventory_table import InventoryTable, InventoryTableProps, WarmThroughput
from constructs_lib.settings_loading import SettingsError, load_settings
from synthesised import only, resources


def a_table(stack, **props):
    """Make a table."""
    defaults = {"table_name": "stock", "partition_key": "sku"}
    return InventoryTable(stack, "Stock", InventoryTableProps(**{**defaults, **props}))


def test_a_table_is_safe_by_default(synth) -> None:
    """On demand, restorable, under a key that DynamoDB owns, and protected from deletion."""
    table = only(synth(a_table), "aws_dynamodb_table")

    assert table == {
        "name": "stock",
        "billing_mode": "PAY_PER_REQUEST",
        "hash_key": "sku",
        "attribute": [{"name": "sku", "type": "S"}],
        "point_in_time_recovery": {"enabled": True},
        "server_side_encryption": {"enabled": False},
        "deletion_protection_enabled": True,
        "lifecycle": {"prevent_destroy": True},
    }


def test_a_table_may_have_a_sort_key(synth) -> None:
    """Both keys are texts."""
    table = only(synth(lambda stack: a_table(stack, sort_key="location")), "aws_dynamodb_table")

    assert (table["hash_key"], table["range_key"]) == ("sku", "location")
    assert table["attribute"] == [
        {"name": "sku", "type": "S"},
        {"name": "location", "type": "S"},
    ]


def test_items_expire_only_by_the_attribute_named(synth) -> None:
    """DynamoDB deletes by that attribute; without one it deletes nothing."""
    table = only(
        synth(lambda stack: a_table(stack, expiry_attribute="expires_at")), "aws_dynamodb_table"
    )

    assert table["ttl"] == {"attribute_name": "expires_at", "enabled": True}


def test_warm_throughput_is_written_only_when_set(synth) -> None:
    """Providers before 6.13.0 do not know the argument."""
    warm = WarmThroughput(read_units_per_second=20_000, write_units_per_second=8_000)
    table = only(synth(lambda stack: a_table(stack, warm_throughput=warm)), "aws_dynamodb_table")

    assert table["warm_throughput"] == {
        "read_units_per_second": 20_000,
        "write_units_per_second": 8_000,
    }


def test_more_than_was_asked_for_is_no_reason_to_replace_a_table(synth) -> None:
    """DynamoDB raises warm throughput by itself, and providers force a new table then.

    https://github.com/hashicorp/terraform-provider-aws/pull/49032
    """
    warm = only(
        synth(lambda stack: a_table(stack, warm_throughput=WarmThroughput())), "aws_dynamodb_table"
    )

    assert warm["lifecycle"]["ignore_changes"] == ["warm_throughput"]
    assert "ignore_changes" not in only(synth(a_table), "aws_dynamodb_table")["lifecycle"]


def test_keys_are_arguments_that_every_provider_in_the_range_takes(whole_stack) -> None:
    """Those of a table are not deprecated, those within an index are since provider 6.29.0.

    https://github.com/hashicorp/terraform-provider-aws/pull/45357
    """
    for table in resources(whole_stack("prod"), "aws_dynamodb_table"):
        assert table["hash_key"]
        assert not {"global_secondary_index", "local_secondary_index"} & table.keys()


def locked(monkeypatch, tmp_path, version: str) -> None:
    """Lock the provider in a version."""
    lock = tmp_path / "terraform.lock.hcl"
    lock.write_text(f'provider "registry" {{\n  version     = "{version}"\n}}\n')
    monkeypatch.setattr(stack_folder, "LOCK", lock)


def test_the_items_table_alone_is_warmed(whole_stack, monkeypatch, tmp_path) -> None:
    """It is the one that many functions write at once."""
    locked(monkeypatch, tmp_path, "6.13.0")
    document = whole_stack(warm_throughput={"write_units_per_second": 10_000})

    warm = {
        table["name"]: table.get("warm_throughput")
        for table in resources(document, "aws_dynamodb_table")
    }

    assert warm == {
        "inventory-items-dev": {
            "read_units_per_second": 12_000,
            "write_units_per_second": 10_000,
        },
        "inventory-ingestions-dev": None,
        "inventory-lanes-dev": None,
    }


def test_fails_to_warm_a_table_with_a_provider_that_cannot(monkeypatch, tmp_path) -> None:
    """Terraform would call it an extraneous property, halfway through a deployment."""
    locked(monkeypatch, tmp_path, "6.12.9")
    with pytest.raises(SettingsError) as caught:
        load_settings({"warm_throughput": {"write_units_per_second": 10_000}})

    assert str(caught.value) == (
        "warm_throughput needs provider 6.13.0 or later, and the lock has 6.12.9: lock a later one "
        "with `make providers-lock`, or warm the table by hand (docs/scale.md)"
    )


def test_tables_have_the_keys_that_others_rest_on(whole_stack) -> None:
    """Key names are a contract."""
    keys = {
        table["name"]: (table["hash_key"], table.get("range_key"), table.get("ttl"))
        for table in resources(whole_stack(), "aws_dynamodb_table")
    }

    assert keys == {
        "inventory-items-dev": ("sku", "location", None),
        "inventory-ingestions-dev": ("object_id", None, None),
        "inventory-lanes-dev": (
            "lane",
            "position",
            {"attribute_name": "expires_at", "enabled": True},
        ),
    }


def test_tables_use_the_key_of_our_own(whole_stack) -> None:
    """With customer managed keys, every table does."""
    for table in resources(whole_stack(customer_managed_keys=True), "aws_dynamodb_table"):
        encryption = table["server_side_encryption"]
        assert encryption["enabled"] is True
        assert encryption["kms_key_arn"].startswith("${aws_kms_key.Key_")
