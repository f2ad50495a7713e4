"""Profiles of what tills export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CSV = [",", ";", "\t"]
_LOYVERSE: Mapping[str, Any] = {
    "attributes": ["Sold by weight", "Tax - *", "Modifier - *", "* of included item"],
    "negative": ["Receipt*", "Gross sales", "Cashier*"],
    "not_stocked": [""],
    "blank_prices": ["variable"],
    "skip_rows": [
        {"column": "Track stock", "words": ["N"], "reason": "stock is not tracked"},
        {"column": "SKU of included item", "reason": "kit"},
    ],
}
_LIGHTSPEED_R: Mapping[str, Any] = {
    "delimiters": _CSV,
    "sku_fallback": "System ID",
    "required": ["System ID", ["Item", "Description"]],
    "strong": ["UPC", "EAN", "Manufact. SKU"],
    "negative": ["Sale*", "Date*", "Customer*", "Transfer*", "Qty. Sold", "Order*"],
    "not_stocked": [""],
}

TILLS: Mapping[str, Mapping[str, Any]] = {
    "square": {
        "title": "Square item library",
        "delimiters": _CSV,
        "columns": {
            "sku": "SKU",
            "name": "Item Name",
            "category": ["Category", "Categories", "Reporting Category"],
            "unit_price": "Price",
        },
        "sku_fallback": "Token",
        "required": ["Token", "Item Name"],
        "strong": ["Reference Handle", "Variation Name", "Price"],
        "negative": ["Qty", "Price Point Name", "Gross Sales", "Transaction ID", "Event Type"],
        "attributes": [
            "Square Online *",
            "Customer-facing *",
            "Categories",
            "Reporting Category",
            "Default *",
            "Shipping *",
            "Tax*",
            "Modifier*",
            "Option *",
            "Item Type",
            "Sellable",
            "Stockable",
            "Skip Detail Screen in POS",
            "Contains Alcohol",
            "Unit and Precision",
            "Delivery Enabled",
            "Pickup Enabled",
            "Self-serve Ordering *",
            "Last Updated",
            "Archived",
        ],
        "location": {
            "header_prefix": "Current Quantity ",
            "fields": {"reorder_point": "Stock Alert Count ", "unit_price": "Price "},
            "families": ["New Quantity ", "Stock Alert Enabled ", "Enabled "],
        },
        "not_stocked": [""],
        "blank_prices": ["variable"],
    },
    "lightspeed_x": {
        "title": "Lightspeed X-Series products",
        "delimiters": _CSV,
        "columns": {
            "sku": "sku",
            "name": "name",
            "category": ["product_category", "type"],
            "unit_price": "retail_price",
        },
        "required": ["id", "handle", "name", ["supply_price", "retail_price"]],
        # Shopify's API has fields that look like Lightspeed's outlets.
        "negative": [
            "product_id",
            "inventory_item_id",
            "inventory_quantity",
            "inventory_policy",
            "inventory_management",
            "inventory_level",
            "inventory_levels",
            "inventory_tracking",
            "inventory_tracker",
            "inventory_status",
            "inventory_count",
            "inventory_date",
            "inventory_cost",
            "inventory_value",
            "old_inventory_*",
        ],
        "attributes": [
            "variant_option_*",
            "product_type",
            "loyalty_*",
            "account_code*",
            "supplier_*",
            "brand_name",
            "outlet_tax_*",
            "track_inventory",
            "composite_*",
        ],
        "location": {
            "header_prefix": "inventory_",
            "underscores": True,
            "fields": {"reorder_point": "reorder_point_"},
            "families": ["restock_level_", "outlet_tax_"],
        },
        "not_stocked": [""],
        "skip_rows": [
            {"column": ["product_type", "type"], "words": ["composite"], "reason": "kit"},
            {"column": ["composite_sku", "composite_name"], "reason": "kit"},
        ],
    },
    "lightspeed_r": {
        **_LIGHTSPEED_R,
        "title": "Lightspeed R-Series items",
        "columns": {
            "sku": "Custom SKU",
            "quantity": "Qty.",
            "name": "Item",
            "category": "Category",
            "unit_price": "Price",
        },
    },
    "lightspeed_r_shops": {
        **_LIGHTSPEED_R,
        "title": "Lightspeed R-Series items of several shops",
        "columns": {
            "sku": "Custom SKU",
            "name": ["Item", "Description"],
            "category": "Category",
            "unit_price": ["Price", "Default"],
        },
        "attributes": ["* - Unit Cost", "* - Reorder *"],
        "location": {"header_ending": " - Quantity on Hand"},
    },
    "loyverse": {
        **_LOYVERSE,
        "title": "Loyverse items",
        "columns": {
            "sku": "SKU",
            "name": "Name",
            "category": "Category",
            "unit_price": "Default price",
        },
        "required": ["Handle"],
        "location": {
            "header_prefix": "In stock [",
            "header_ending": "]",
            "fields": {"reorder_point": "Low stock [", "unit_price": "Price ["},
            "families": ["Available for sale [", "Optimal stock ["],
        },
    },
    "loyverse_one_store": {
        **_LOYVERSE,
        "title": "Loyverse items of one store",
        "columns": {
            "sku": "SKU",
            "quantity": "In stock",
            "name": "Name",
            "category": "Category",
            "unit_price": ["Default price", "Price"],
            "reorder_point": "Low stock",
        },
        "required": ["Handle", "SKU of included item"],
    },
}
