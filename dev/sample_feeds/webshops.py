"""Look-alikes of what web shops export."""

from __future__ import annotations

import gzip

from sample_feeds.export import Export, written

_SHOPIFY = ("Handle", "Title", "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value")


def _shopify() -> Export:
    return Export(
        name="Shopify, current",
        profile="shopify",
        data=written(
            (
                *_SHOPIFY,
                "SKU",
                "HS Code",
                "COO",
                "Location",
                "Bin name",
                "Incoming (not editable)",
                "Unavailable (not editable)",
                "Committed (not editable)",
                "Available (not editable)",
                "On hand (current)",
                "On hand (new)",
            ),
            (
                "chair",
                "Café chair, oak",
                "Color",
                "Red",
                "",
                "",
                "00-1",
                "",
                "DE",
                "Main, Street",
                "B1",
                "0",
                "0",
                "2",
                "3",
                "5",
                "",
            ),
            (
                "chair",
                "Café chair, oak",
                "Color",
                "Red",
                "",
                "",
                "00-1",
                "",
                "DE",
                "Depot",
                "",
                "",
                "",
                "",
                "",
                "not stocked",
                "",
            ),
            (
                "chair",
                "Café chair, oak",
                "Color",
                "Blue",
                "",
                "",
                "",
                "",
                "DE",
                "Depot",
                "",
                "0",
                "0",
                "0",
                "7",
                "7",
                "",
            ),
            (
                "lamp",
                'Lamp 12"',
                "Title",
                "Default",
                "",
                "",
                "00-2",
                "",
                "",
                "Depot",
                "",
                "0",
                "0",
                "9",
                "-9",
                "-4",
                "10",
            ),
        ),
        items={("00-1", "Main, Street"): "5", ("00-2", "Depot"): "-4"},
        skips=[(3, "not stocked"), (4, "blank sku")],
        details={"00-2": {"name": 'Lamp 12"'}},
    )


def _shopify_barcode() -> Export:
    return Export(
        name="Shopify, current, with a barcode column",
        profile="shopify",
        data=written(
            (*_SHOPIFY, "SKU", "Barcode", "HS Code", "COO", "Location", "On hand (current)"),
            ("h", "T", "", "", "", "", "S", "123", "", "", "Shop", "1"),
            ("h", "T", "", "", "", "", "S", "123", "", "", "Shop", "2"),
        ),
        items={("S", "Shop"): "2"},
    )


def _shopify_2024() -> Export:
    return Export(
        name="Shopify, 2024",
        profile="shopify_2024",
        data=written(
            (
                *_SHOPIFY,
                "SKU",
                "HS Code",
                "COO",
                "Location",
                "Incoming",
                "Unavailable",
                "Committed",
                "Available",
                "On hand",
            ),
            ("h", "T", "", "", "", "", "S1", "", "", "Shop", "0", "0", "1", "2", "3"),
            ("h", "T", "", "", "", "", "S2", "", "", "Shop") + ("Not stocked",) * 5,
            ("h", "T", "", "", "", "", "S3", "", "", "Shop", "0", "0", "1", "2", "three"),
        ),
        items={("S1", "Shop"): "3"},
        skips=[(3, "not stocked")],
        rejects=[(4, "type-error", "On hand")],
    )


def _shopify_wide() -> Export:
    return Export(
        name="Shopify, oldest: a column per location",
        profile="shopify_wide",
        data=written(
            (*_SHOPIFY, "SKU", "HS Code", "COO", "Main, Street", "Joe's"),
            ("h", "T", "", "", "", "", "S1", "", "", "5", "not stocked"),
            ("h", "T", "", "", "", "", "", "", "", "1", "2"),
            ("h", "T", "", "", "", "", "S3", "", "", "?", "8"),
        ),
        items={("S1", "Main, Street"): "5", ("S3", "Joe's"): "8"},
        skips=[(2, "not stocked"), (3, "blank sku"), (3, "blank sku")],
        rejects=[(4, "type-error", "Main, Street")],
    )


def _woocommerce() -> Export:
    header: tuple[str, ...] = (
        "ID",
        "Type",
        "SKU",
        "GTIN, UPC, EAN, or ISBN",
        "Name",
        "Published",
        "Description",
    )
    header += (
        "In stock?",
        "Stock",
        "Low stock amount",
        "Sale price",
        "Regular price",
        "Categories",
    )
    html = '<p class="x">Two lines,\none cell</p>'
    return Export(
        name="WooCommerce, with a byte order mark",
        profile="woocommerce",
        data=b"\xef\xbb\xbf"
        + written(
            header,
            ("1", "simple", "W1", "", "Chair", "1", html, "1", "4", "2", "", "19,99", "Home"),
            ("2", "variable", "W2", "", "Shirt", "1", "", "1", "9", "", "", "", "Shirts"),
            (
                "3",
                "variation, virtual",
                "W2-S",
                "",
                "Shirt S",
                "1",
                "",
                "1",
                "parent",
                "",
                "",
                "5.50",
                "Shirts",
            ),
            ("4", "simple", "'-W4", "", "'=Sum", "1", "", "1", "'-2", "", "", "", ""),
            ("5", "simple", "W5", "", "Card", "1", "", "1", "", "", "", "", ""),
            ("6", "simple", "", "", "No SKU", "1", "", "1", "3", "", "", "", ""),
            ("7", "variable", "W7", "", "Sock", "1", "", "1", "", "", "", "", "Socks"),
        ),
        items={("W1", "default"): "4", ("W2", "default"): "9", ("-W4", "default"): "-2"},
        skips=[
            (5, "stock is kept by the parent"),
            (7, "not stocked"),
            (8, "blank sku"),
            (9, "not stocked"),
        ],
        details={
            "W1": {"unit_price": "19.99", "reorder_point": "2", "category": "Home"},
            "-W4": {"name": "=Sum"},
        },
    )


def _magento() -> Export:
    return Export(
        name="Magento stock sources, gzip",
        profile="magento_msi",
        data=gzip.compress(
            written(
                ("source_code", "sku", "status", "quantity"),
                ("default", "M-1", "1", "5.0000"),
                ("berlin", "M-1", "1", "0.5000"),
                ("berlin", "M-2", "0", "-0.0000"),
            ),
            mtime=0,
        ),
        items={("M-1", "default"): "5", ("M-1", "berlin"): "0.5", ("M-2", "berlin"): "0"},
        key="stock.csv.gz",
    )


def exports() -> list[Export]:
    """The look-alikes, with their traps."""
    return [
        _shopify(),
        _shopify_barcode(),
        _shopify_2024(),
        _shopify_wide(),
        _woocommerce(),
        _magento(),
    ]
