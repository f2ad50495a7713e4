"""Profiles of what business software and warehouses export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ODOO: Mapping[str, Any] = {
    "required": [
        "Location",
        ["Lot/Serial Number", "Reserved Quantity"],
        ["Available Quantity", "Reserved Quantity"],
    ],
    "negative": ["Counted Quantity", "Difference", "Scheduled Date", "From", "To", "Reference"],
    "attributes": [
        "Lot/Serial Number",
        "Package",
        "Owner",
        "Reserved Quantity",
        "Available Quantity",
        "Inventoried Quantity",
        "Incoming Date",
        "Storage Category",
    ],
    "location": {"column": "Location"},
    "not_stocked": [""],
    # Lots and packages of one product are rows of their own.
    "on_duplicate": "sum",
    "skip_rows": [
        {
            "column": "Location",
            "words": ["Partners/*", "Partner Locations*", "Virtual Locations*", "Physical Loc*"],
            "reason": "location outside of the warehouse",
        }
    ],
}

BUSINESS: Mapping[str, Mapping[str, Any]] = {
    "odoo_quants": {
        **_ODOO,
        "title": "Odoo stock by location",
        "columns": {"sku": "Product", "quantity": "Quantity", "name": "Product"},
        "sku_form": "brackets",
    },
    "odoo_quants_reference": {
        **_ODOO,
        "title": "Odoo stock by location, with the internal reference",
        "columns": {
            "sku": ["Product/Internal Reference", "Internal Reference"],
            "quantity": "Quantity",
            "name": ["Product/Name", "Product"],
        },
        "sku_form": "either",
        "strong": ["Product/Name", "Lot/Serial Number"],
    },
    "zoho": {
        "title": "Zoho Inventory items",
        "columns": {
            "sku": "SKU",
            "quantity": "Stock On Hand",
            "name": "Item Name",
            "unit_price": ["Rate", "Selling Price"],
            "reorder_point": "Reorder Point",
        },
        "sku_fallback": "Item ID",
        "required": ["Item Name", "Usage unit", "Item ID"],
        "negative": ["PriceList Rate", "Invoice*", "Sales Order*", "Purchase Order*"],
        "attributes": [
            "Exemption Reason",
            "Source",
            "Last Sync Time",
            "Sales *",
            "Purchase *",
            "CF.*",
            "Bin Tracking",
            "Created Time",
            "Last Modified Time",
        ],
        "location": {"column": ["Location Name", "Warehouse Name"]},
        "not_stocked": [""],
        "skip_rows": [
            {"column": "Product Type", "words": ["service*"], "reason": "no goods"},
        ],
    },
    "unleashed": {
        "title": "Unleashed stock on hand",
        "closed": True,
        "columns": {"sku": "*Product Code", "quantity": "*SOH"},
        "required": ["*Warehouse Code"],
        "negative": ["Min Stock Level", "Max Stock Level"],
        "attributes": ["*AverageLandCost", "Serial Number", "Batch Number", "Expiry date"],
        "location": {"column": "*Warehouse Code"},
        "not_stocked": [""],
    },
    "quickbooks_desktop": {
        "title": "QuickBooks Desktop item list",
        "delimiters": [","],
        "encodings": ["cp1252"],
        "group": ",",
        "columns": {
            "sku": "Item",
            "quantity": "Quantity On Hand",
            "name": "Description",
            "reorder_point": ["Reorder Pt (Min)", "Reorder Pt"],
        },
        "required": ["COGS Account", "Asset Account", "Type"],
        "attributes": [
            "Sales Tax Code",
            "Quantity On Sales Order",
            "Quantity On Purchase Order",
            "Lot Number",
        ],
        "not_stocked": [""],
        "skip_rows": [
            {"column": "Active Status", "words": ["Not-active"], "reason": "not active"},
            {"column": "Type", "other_than": ["Inventory*"], "reason": "no goods in stock"},
        ],
    },
    "quickbooks_stock_status": {
        "title": "QuickBooks Desktop inventory stock status by item",
        "delimiters": [","],
        "encodings": ["cp1252"],
        "group": ",",
        "columns": {
            "sku": "Item",
            "quantity": "On Hand",
            "name": ["Description", "Item Description"],
            "reorder_point": ["Reorder Pt", "Reorder Pt (Min)"],
        },
        "required": ["Pref Vendor", ["Avail", "Available"]],
        "attributes": [
            "On Sales Order",
            "On PO",
            "Order",
            "Next Deliv",
            "Sales/Week",
            "Reorder Qty",
            "For Assemblies",
        ],
        "not_stocked": [""],
        "skip_rows": [{"column": "Item", "words": ["Total *"], "reason": "total line"}],
    },
    "quickbooks_online": {
        "title": "QuickBooks Online products and services",
        "columns": {
            "sku": "SKU",
            "quantity": "Quantity On Hand",
            "name": "Product/Service Name",
            "unit_price": "Sales Price / Rate",
            "reorder_point": "Reorder Point",
        },
        "sku_fallback": "Product/Service Name",
        "required": ["Product/Service Name", "Sales Price / Rate", "Type"],
        "negative": ["Transaction*", "Date", "Customer*", "Invoice*"],
        "attributes": ["Sales *", "Purchase *", "Quantity as-of Date"],
        "not_stocked": [""],
        "skip_rows": [
            {"column": "Type", "other_than": ["Inventory*"], "reason": "no goods in stock"}
        ],
    },
    "linnworks": {
        "title": "Linnworks stock level",
        "columns": {
            "sku": "SKU",
            "quantity": "Stock Level",
            "reorder_point": "Minimum Level",
        },
        "required": ["Location", ["Bin Rack", "Bin/Rack", "Stock Value"]],
        "attributes": ["Bin Rack", "Bin/Rack", "Stock Value", "Unit Cost"],
        "location": {"column": "Location"},
        "not_stocked": [""],
    },
    "xero": {
        "title": "Xero inventory items",
        "closed": True,
        "columns": {
            "sku": "*ItemCode",
            "quantity": "Quantity",
            "name": "ItemName",
            "unit_price": "SalesUnitPrice",
        },
        "required": ["PurchasesUnitPrice", "SalesUnitPrice"],
        "attributes": ["Purchases*", "Sales*", "InventoryAssetAccount", "CostOfGoodsSoldAccount"],
        "not_stocked": [""],
    },
    "fishbowl": {
        "title": "Fishbowl inventory",
        "columns": {"sku": "PartNumber", "quantity": "Qty", "name": "PartDescription"},
        "required": ["Location", "UOM", ["QbClass", "Cost"]],
        "negative": ["QtyCommitted", "PONum", "SONum", "BOM*", "Customer*"],
        "attributes": ["QbClass", "Cost", "Date", "Note", "Tracking-*"],
        "location": {"column": "Location"},
        "not_stocked": [""],
        "on_duplicate": "sum",
        "skip_rows": [
            {"column": "PartNumber", "words": ["Serial Number"], "reason": "serial numbers"}
        ],
    },
    "erpnext_stock_balance": {
        "title": "ERPNext stock balance",
        "columns": {"sku": "Item", "quantity": "Balance Qty", "name": "Item Name"},
        "required": ["Warehouse", "Opening Qty", "Stock UOM"],
        "negative": ["Voucher*", "Date", "Posting*"],
        "attributes": [
            "Opening *",
            "Balance *",
            "In *",
            "Out *",
            "Reserved Stock",
            "Valuation Rate",
            "Company",
        ],
        "location": {"column": "Warehouse"},
        "not_stocked": [""],
    },
    "erpnext_projected": {
        "title": "ERPNext stock projected quantity",
        "columns": {
            "sku": "Item Code",
            "quantity": "Actual Qty",
            "name": "Item Name",
            "reorder_point": "Reorder Level",
        },
        "required": ["Warehouse", "Projected Qty"],
        "negative": ["Voucher*", "Date", "Sales Order", "Purchase Order"],
        "attributes": ["* Qty", "Reserved *"],
        "location": {"column": "Warehouse"},
        "not_stocked": [""],
    },
    "elliott_846": {
        "title": "Elliott inventory advice (EDI 846)",
        "closed": True,
        "columns": {
            "sku": "Item Number",
            "quantity": "Qty on Hand",
            "name": "Item Description 1",
            "category": "Product Category",
        },
        "required": ["Qty Allocated", "Activity Code"],
        "attributes": [
            "Item Description 2",
            "UPC",
            "Qty Allocated",
            "Qty on Order",
            "Date Qty Available",
            "Customer Item Number",
        ],
        "location": {"column": "Location"},
        "not_stocked": [""],
    },
    "sap_mb52": {
        "title": "SAP list of warehouse stocks (MB52)",
        "delimiters": ["\t", "|", ";", ","],
        "columns": {
            "sku": ["Material", "Article"],
            "quantity": "Unrestricted",
            "name": ["Material Description", "Article Description"],
        },
        "required": [["Plant", "Site"], "Blocked"],
        "negative": ["Movement Type", "MvT", "Posting Date", "Pstng Date", "Material Document"],
        "attributes": [
            "Special stock number",
            "DF stor. loc. level",
            "Descr. of Storage Loc.",
            "Spec* st*",
            "Value *",
            "Val. in *",
            "Stock in Transit",
            "In transfer (plant)",
            "Batch",
        ],
        "location": {
            "column": ["Plant", "Site"],
            "suffix_columns": [["Storage Location", "SLoc"]],
            "states": {
                "Quality Inspection": "quality",
                "In Quality Insp.": "quality",
                "Restricted-Use Stock": "restricted",
                "Blocked": "blocked",
                "Returns": "returns",
                "Transit and Transfer": "transfer",
                "Transit/Transf.": "transfer",
            },
        },
        "not_stocked": [""],
        # Batches and special stocks of one material are rows of their own.
        "on_duplicate": "sum",
    },
    "openvpms": {
        "title": "OpenVPMS stock",
        "closed": True,
        "columns": {"sku": "Product Id", "quantity": "Quantity", "name": "Product Name"},
        "required": ["Stock Location Id", "New Quantity"],
        "attributes": ["Stock Location Id", "Selling Units"],
        "location": {"column": ["Stock Location Name", "Stock Location Id"]},
        "not_stocked": [""],
    },
}
