"""Reports of the systems in use that hold a SKU and a number and are no stock.

They are refused whatever profile they fit, with the report to take instead; a feed that names its
profile is believed. `docs/not-stock.md` is made of this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.reading.profiles import normalised

if TYPE_CHECKING:
    from collections.abc import Collection


class Report(NamedTuple):
    """A report that is no stock.

    Attributes:
        system: Whose it is.
        title: What it is.
        labels: Columns that together no stock report of any system has.
        instead: The report that is stock.
    """

    system: str
    title: str
    labels: tuple[str, ...]
    instead: str

    def refusal(self) -> str:
        """Why it does not load, and what to do."""
        return (
            f"this looks like {self.system}: {self.title} ({', '.join(self.labels)}), which is no "
            f"stock; take {self.instead}"
        )


_FBA = "FBA Manage Inventory, or the summary of the Inventory Ledger"
_LISTINGS = "the All Listings or the Open Listings report"
_SHOPIFY = "Products > Inventory > Export"
_ODOO = "Inventory > Reporting > Stock, exported with location and lot"
_ERPNEXT = "Stock Balance"
_BC = "the item list with the field Inventory"
_FISHBOWL = "the Inventory Quantities export"
_PROFILE = "its list of stock, with a profile of your own"
_WOO = "Products > Export, or Analytics > Stock"
_EBAY = "Listings > Active > Download"
_SQUARE = "Items > Item library > Export"

REPORTS = (
    Report("Amazon", "inventory ledger, detail", ("MSKU", "EventType", "Quantity"), _FBA),
    Report("Amazon", "inventory ledger, detail", ("MSKU", "Event Type", "Quantity"), _FBA),
    Report("Amazon", "reserved inventory", ("sku", "reserved_qty"), _FBA),
    Report("Amazon", "customer returns", ("return-date", "order-id", "sku"), _FBA),
    Report("Amazon", "removals", ("request-date", "order-id", "sku"), _FBA),
    Report("Amazon", "recommended removals", ("sellable-removal-quantity", "sku"), _FBA),
    Report("Amazon", "received inventory", ("received-date", "fba-shipment-id", "sku"), _FBA),
    Report("Amazon", "inventory events", ("snapshot-date", "transaction-type", "sku"), _FBA),
    Report("Amazon", "inventory adjustments", ("adjusted-date", "reason", "sku"), _FBA),
    Report("Amazon", "daily inventory history", ("snapshot-date", "fnsku", "quantity"), _FBA),
    Report("Amazon", "monthly inventory history", ("month", "end-quantity", "sku"), _FBA),
    Report("Amazon", "reimbursements", ("reimbursement-id", "sku"), _FBA),
    Report("Amazon", "storage fees", ("fnsku", "estimated_monthly_storage_fee"), _FBA),
    Report(
        "Amazon",
        "long-term storage fees",
        ("snapshot-date", "sku", "12-mo-long-terms-storage-fee"),
        _FBA,
    ),
    Report("Amazon", "restock recommendations", ("Recommended replenishment qty",), _FBA),
    Report("Amazon", "Subscribe and Save forecast", ("scheduled-sns-units-week-1",), _FBA),
    Report("Amazon", "stranded inventory", ("primary-action", "stranded-reason"), _FBA),
    Report("Amazon", "AFN inventory by country", ("quantity-for-local-fulfillment",), _FBA),
    Report("Amazon", "fee preview", ("fnsku", "estimated-fee-total"), _FBA),
    Report("Amazon", "inbound performance", ("fba-shipment-id", "problem-type"), _FBA),
    Report("Amazon", "fulfilled shipments", ("shipment-item-id", "quantity-shipped"), _FBA),
    Report("Amazon", "orders", ("amazon-order-id", "sku"), _FBA),
    Report("Amazon", "orders", ("order-item-id", "sku", "quantity-purchased"), _FBA),
    Report("Amazon", "returns", ("Return request date", "Merchant SKU"), _FBA),
    Report("Amazon", "settlement", ("settlement-id", "amount-type"), _FBA),
    Report("Amazon", "settlement", ("settlement-id", "order-id"), _FBA),
    Report("Shopify", "orders", ("Lineitem sku", "Lineitem quantity"), _SHOPIFY),
    Report("Shopify", "sales", ("Product variant SKU", "Net sales"), _SHOPIFY),
    Report(
        "Shopify",
        "stock adjustments",
        ("Product variant SKU", "Inventory adjustment change"),
        _SHOPIFY,
    ),
    Report("WooCommerce", "Analytics, products", ("Items sold", "Stock"), _WOO),
    Report("eBay", "orders", ("Sales Record Number", "Item Number"), _EBAY),
    Report(
        "eBay",
        "listing template",
        ("Custom label (SKU)", "Relationship details", "Start price"),
        _EBAY,
    ),
    Report(
        "Etsy",
        "sold items",
        ("Sale Date", "Item Name", "Transaction ID"),
        "Settings > Options > Download data",
    ),
    Report("Square", "sales", ("Gross Sales", "Price Point Name", "SKU"), _SQUARE),
    Report("Loyverse", "receipts", ("Receipt number", "SKU"), "Items > Export"),
    Report("TikTok Shop", "orders", ("Seller SKU", "SKU Subtotal Before Discount"), _PROFILE),
    Report(
        "Walmart", "reconciliation", ("Partner Item ID", "Transaction Type"), "the INVENTORY report"
    ),
    Report(
        "Xero",
        "invoices",
        ("*InvoiceNumber", "InventoryItemCode"),
        "Products and services > Export",
    ),
    Report(
        "SAP", "material documents (MB51)", ("Material", "Movement Type", "Posting Date"), "MB52"
    ),
    Report("SAP", "material documents (MB51)", ("Material", "MvT", "Pstng Date"), "MB52"),
    Report("ERPNext", "stock ledger", ("Balance Qty", "Voucher #"), _ERPNEXT),
    Report(
        "ERPNext", "sales history", ("Item Code", "Sales Order", "Delivered Quantity"), _ERPNEXT
    ),
    Report("ERPNext", "purchase orders", ("Item Code", "Purchase Order", "Pending Qty"), _ERPNEXT),
    Report("Odoo", "count sheet", ("Product", "Counted Quantity"), _ODOO),
    Report("Odoo", "stock moves", ("Product", "From", "To", "Reference"), _ODOO),
    Report(
        "Dynamics 365 BC",
        "item ledger entries",
        ("Item No.", "Entry Type", "Remaining Quantity"),
        _BC,
    ),
    Report("Dynamics 365 BC", "document lines", ("Item No.", "Document No.", "Quantity"), _BC),
    Report("Dynamics 365 BC", "job ledger entries", ("Entry No.", "Posting Date", "Quantity"), _BC),
    Report("Fishbowl", "purchase orders", ("PONum", "VendorName"), _FISHBOWL),
    Report("Fishbowl", "sales orders", ("SONum", "CustomerName"), _FISHBOWL),
    Report("Fishbowl", "bills of materials", ("BOM NUMBER",), _FISHBOWL),
    Report("Fishbowl", "cycle counts", ("PartNumber", "QtyCommitted"), _FISHBOWL),
    Report("Sortly", "activity", ("QTY change (Quantity Delta)", "New QTY"), _PROFILE),
    Report(
        "Unleashed",
        "minimum and maximum levels",
        ("*Product Code", "Min Stock Level"),
        "the stock on hand",
    ),
    Report(
        "Unleashed", "stock adjustments", ("Adjustment Number", "New Quantity"), "the stock on hand"
    ),
    Report("Katana", "sales orders", ("Variant code / SKU", "SO #"), _PROFILE),
    Report("Whiplash", "allocations", ("sku", "OrderBatchItem"), _PROFILE),
    Report("Whiplash", "movements", ("SKU", "Quantity Received", "Quantity Shipped"), _PROFILE),
    Report("ShipStation", "order items", ("Item - SKU", "Order - Number"), _PROFILE),
    Report("plentymarkets", "stock movements", ("reasonString", "processRowType"), _PROFILE),
    Report("Ka-ching", "stock adjustments", ("product_id", "adjustment"), _PROFILE),
    Report("Odoo", "inventory import (OCA)", ("code", "quantity", "lot"), _ODOO),
    Report(
        "Snipe-IT",
        "components",
        ("Purchase Cost", "Item Name", "Order Number"),
        "nothing: it has no SKU",
    ),
    Report("Yandex Market", "movements of goods", ("SHOP_SKU", "MOVEMENT_TYPE"), _PROFILE),
    Report("Yandex Market", "movements of goods", ("SHOP_SKU", "SHIPMENTS_INCOME"), _PROFILE),
)
_WANTED = [(frozenset(map(normalised, report.labels)), report) for report in REPORTS]


def report_of(labels: Collection[str]) -> Report | None:
    """The report that a header is of, if it is one of those that are no stock.

    Args:
        labels: The header's labels, normalised.
    """
    found = set(labels)
    return next((report for wanted, report in _WANTED if wanted <= found), None)
