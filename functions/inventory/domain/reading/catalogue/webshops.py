"""Profiles of what web shops export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CSV = [",", ";", "\t"]
_SHOPIFY: Mapping[str, Any] = {
    "delimiters": _CSV,
    "not_stocked": ["", "not stocked"],
    "attributes": [
        "Option* Name",
        "Option* Value",
        "HS Code",
        "COO",
        "Barcode",
        "Bin name",
        "Incoming*",
        "Unavailable*",
        "Committed*",
        "Available*",
        "On hand (new)",
    ],
}

WEBSHOPS: Mapping[str, Mapping[str, Any]] = {
    "shopify": {
        **_SHOPIFY,
        "title": "Shopify inventory, current",
        "columns": {"sku": "SKU", "name": "Title", "quantity": "On hand (current)"},
        "required": ["Location", "Handle"],
        "strong": ["On hand (new)", "Available (not editable)", "Bin name"],
        "location": {"column": "Location"},
    },
    "shopify_2024": {
        **_SHOPIFY,
        "title": "Shopify inventory, 2024",
        "columns": {"sku": "SKU", "name": "Title", "quantity": "On hand"},
        "required": ["Location", "Handle", "Committed"],
        "strong": ["Incoming", "Unavailable", "Available"],
        "negative": ["On hand (current)"],
        "location": {"column": "Location"},
    },
    "shopify_wide": {
        **_SHOPIFY,
        "title": "Shopify inventory, oldest (a column per location)",
        "columns": {"sku": "SKU", "name": "Title"},
        "required": ["Handle", "Title", "COO"],
        "strong": ["Option1 Name", "HS Code"],
        "negative": ["Location", "On hand*", "Available*", "*Price*", "*Cost*", "*Status*"],
        "location": {"after_column": "COO"},
    },
    "shopify_products": {
        "title": "Shopify products",
        "delimiters": _CSV,
        "columns": {
            "sku": ["Variant SKU", "SKU"],
            "quantity": ["Variant Inventory Qty", "Inventory quantity"],
            "name": "Title",
            "category": ["Product category", "Type"],
            "unit_price": ["Variant Price", "Price"],
        },
        "required": [["Handle", "URL handle"], "Vendor", "Tags"],
        "negative": ["Location", "On hand*", "inventory_item_id", "Lineitem*"],
        "attributes": [
            "Published*",
            "Google Shopping*",
            "Image *",
            "Variant *",
            "Included / *",
            "*(product.metafields.*",
            "*(variant.metafields.*",
        ],
        "not_stocked": [""],
        "skip_rows": [
            {
                "column": ["Variant Inventory Tracker", "Inventory tracker"],
                "words": [""],
                "reason": "stock is not tracked",
            }
        ],
    },
    "woocommerce": {
        "title": "WooCommerce products",
        "delimiters": _CSV,
        "columns": {
            "sku": "SKU",
            "quantity": "Stock",
            "name": "Name",
            "category": "Categories",
            "unit_price": "Regular price",
            "reorder_point": "Low stock amount",
        },
        "required": ["Type", "Name", "In stock?"],
        "strong": ["ID", "Published", "Regular price", "Categories"],
        "negative": ["Items sold", "Orders", "Date", "Order*", "Quantity"],
        "attributes": [
            "Date sale price *",
            "Allow customer reviews?",
            "Shipping class",
            "Sold individually*",
            "Download*",
            "Attribute *",
            "Meta: *",
            "Cross-sells",
            "Upsells",
            "Tax *",
        ],
        "not_stocked": [""],
        "skip_rows": [
            {"column": "Stock", "words": ["parent"], "reason": "stock is kept by the parent"}
        ],
        "formula_guard": True,
    },
    "woocommerce_stock_report": {
        "title": "WooCommerce Analytics, stock",
        "closed": True,
        "columns": {"sku": "SKU", "quantity": "Stock", "name": "Product / Variation"},
        "required": ["Product / Variation", "Status"],
        "attributes": ["Status"],
        "not_stocked": ["", "n/a"],
        "skip_rows": [
            {"column": "Stock", "words": ["parent"], "reason": "stock is kept by the parent"}
        ],
    },
    "woocommerce_stock_manager": {
        "title": "WooCommerce Stock Manager",
        "delimiters": _CSV,
        "closed": True,
        "columns": {"sku": "sku", "quantity": "Stock"},
        "required": ["Manage stock", "Backorders", "Stock status"],
        "attributes": ["id", "Manage stock", "Stock status", "Backorders", "Type", "Parent ID"],
        "not_stocked": [""],
        "skip_rows": [
            {"column": "Manage stock", "words": ["no"], "reason": "stock is not tracked"}
        ],
    },
    "bigcommerce": {
        "title": "BigCommerce products, bulk edit",
        "columns": {
            "sku": "Product Code/SKU",
            "quantity": ["Current Stock Level", "Stock Level"],
            "name": "Product Name",
            "category": ["Category", "Category String"],
            "unit_price": "Price",
            "reorder_point": "Low Stock Level",
        },
        "required": ["Item Type", "Track Inventory"],
        "negative": ["Order ID", "Order Status"],
        "attributes": ["Sort Order", "Bin Picking Number", "Event Date*", "Date *"],
        "not_stocked": [""],
        "skip_rows": [
            {"column": "Item Type", "other_than": ["Product", "SKU"], "reason": "no product"},
            {"column": "Track Inventory", "words": ["none"], "reason": "stock is not tracked"},
            {"column": "Track Inventory", "words": ["by option"], "reason": "parent product"},
        ],
    },
    "prestashop_stock": {
        "title": "PrestaShop stock",
        "delimiters": _CSV,
        "columns": {
            "sku": "Combination reference",
            "quantity": "Physical quantity",
            "name": "Product name",
            "reorder_point": "Low stock level",
        },
        "sku_fallback": "Product reference",
        "required": ["Product ID", "Combination ID"],
        "negative": ["Movement*", "Date*", "Employee"],
        "attributes": ["Reserved quantity", "Available quantity"],
        "not_stocked": [""],
        "on_duplicate": "reject",
    },
    "prestashop_products": {
        "title": "PrestaShop products",
        "delimiters": _CSV,
        "columns": {
            "sku": "Reference #",
            "quantity": "Quantity",
            "name": "Name",
            "unit_price": "Price tax excl.",
        },
        "required": ["Active (0/1)", ["Minimal quantity", "Tax rule ID", "Tax rules ID"]],
        "negative": ["Order*", "Combination ID"],
        "attributes": ["On sale*", "Discount *", "Available *", "*date*", "*time*", "*shop*"],
        "location": {"column": "Warehouse"},
        "not_stocked": [""],
    },
    "wix": {
        "title": "Wix products",
        "columns": {
            "sku": "sku",
            "quantity": "inventory",
            "name": "name",
            "category": "collection",
            "unit_price": "price",
        },
        "required": ["fieldType", ["handleId", "strikethroughPrice"]],
        "attributes": ["preOrder*", "additionalInfo*", "customTextField*"],
        "not_stocked": ["", "instock", "in_stock", "outofstock", "out_of_stock"],
    },
    "squarespace": {
        "title": "Squarespace products",
        "columns": {
            "sku": "SKU",
            "quantity": "Stock",
            "name": "Title",
            "category": "Categories",
            "unit_price": "Price",
        },
        "required": ["Product ID [Non Editable]", "Variant ID [Non Editable]"],
        "attributes": ["On Sale"],
        "not_stocked": ["", "unlimited"],
    },
    "magento_msi": {
        "title": "Magento / Adobe Commerce stock sources",
        "delimiters": _CSV,
        "closed": True,
        "columns": {"sku": "sku", "quantity": "quantity"},
        "required": ["source_code"],
        "strong": ["status"],
        "location": {"column": "source_code"},
        "not_stocked": [""],
    },
    "magento_products": {
        "title": "Magento / Adobe Commerce products",
        "delimiters": _CSV,
        "columns": {
            "sku": "sku",
            "quantity": "qty",
            "name": "name",
            "category": "categories",
            "unit_price": "price",
        },
        "required": ["attribute_set_code", "product_type", "store_view_code"],
        "negative": ["order_id", "increment_id", "source_code"],
        "attributes": [
            "created_at",
            "updated_at",
            "new_from_date",
            "new_to_date",
            "special_price_*",
            "custom_design_*",
            "bundle_*",
        ],
        "not_stocked": [""],
        "skip_rows": [
            {
                "column": "product_type",
                "words": ["configurable", "bundle", "grouped"],
                "reason": "parent product",
            }
        ],
    },
    "opencart": {
        "title": "OpenCart products",
        "columns": {
            "sku": "sku",
            "quantity": "quantity",
            "name": "name",
            "category": "categories",
            "unit_price": "price",
        },
        "sku_fallback": "model",
        "required": ["product_id", "date_available", ["stock_status", "stock_status_id"]],
        "negative": ["order_id"],
        "attributes": ["location", "date_*", "store_ids", "sort_order"],
        "not_stocked": [""],
    },
    "lightspeed_c": {
        "title": "Lightspeed C-Series (eCom) products",
        "delimiters": _CSV,
        "columns": {
            "sku": "SKU",
            "quantity": "Stock_Level",
            "name": [
                f"{language}_Title_Short" for language in ("US", "EN", "NL", "DE", "FR", "ES")
            ],
            "unit_price": "Price",
            "reorder_point": "Stock_Alert",
        },
        "sku_fallback": "Article_Code",
        "required": ["Internal_Variant_ID", "Internal_ID"],
        "attributes": ["Stock_Disable_Sold_Out"],
        "not_stocked": [""],
        "skip_rows": [
            {
                "column": "Stock_Track",
                "words": ["0", "n", "no", "false"],
                "reason": "stock is not tracked",
            }
        ],
    },
    "storeden": {
        "title": "Storeden products",
        "delimiters": [";"],
        "columns": {"sku": "SKU", "quantity": "STOCKCOUNT", "name": "NAME", "unit_price": "PRICE"},
        "required": ["UNLIMITED", "USEVARIANTS"],
        "not_stocked": [""],
        "skip_rows": [
            {"column": "UNLIMITED", "words": ["1"], "reason": "stock is not tracked"},
            {"column": "USEVARIANTS", "words": ["1"], "reason": "variants in one cell"},
        ],
    },
    "commercetools": {
        "title": "commercetools inventory",
        "delimiters": _CSV,
        "closed": True,
        "columns": {"sku": "sku", "quantity": "quantityOnStock"},
        "attributes": ["key", "availableQuantity", "restockableInDays", "expectedDelivery"],
        "location": {"column": "supplyChannel.key"},
        "not_stocked": [""],
    },
    "lana": {
        "title": "Lana inventory",
        "closed": True,
        "columns": {
            "sku": "sku",
            "quantity": "on_hand",
            "name": "product_variant",
            "reorder_point": "low_stock_level",
        },
        "required": ["inventory_location", "committed"],
        "attributes": ["bin_location", "incoming", "committed", "available"],
        "location": {"column": "inventory_location"},
        "not_stocked": [""],
        "on_duplicate": "reject",
    },
}
