"""Look-alikes of what tills export, and of our own format."""

from __future__ import annotations

from sample_feeds.export import Export, written
from sample_feeds.table import Dialect


def _canonical() -> Export:
    return Export(
        name="canonical with every column",
        profile="canonical",
        data=written(
            (
                "SKU",
                "Quantity",
                "Location",
                "Name",
                "Category",
                "Unit_Price",
                "Currency",
                "Reorder_Point",
                "Updated_At",
                "attr_shelf",
            ),
            ("007", "+05.50", "Shop", "Lamp", "Home", "9.90", "eur", "2", "2026-01-02", "A1"),
            (" 7 ", "-3", "default", "", "", "", "", "", "2026-01-02T03:04:05+02:00", ""),
            ("7", "4", "default", "", "", "", "", "", "", ""),
            ("", "1", "Shop", "", "", "", "", "", "", ""),
            ("8", "many", "Shop", "", "", "", "", "", "", ""),
            ("9", "1e3", "Shop", "", "", "", "", "", "", ""),
            ("10", "1", "Shop", "", "", "1,500", "", "", "", ""),
            ("11", "1", "Shop", "", "", "", "Euro", "", "", ""),
            ("12", "1", "Shop", "", "", "", "", "", "yesterday", ""),
            ("", "", "", "", "", "", "", "", "", ""),
        ),
        items={("007", "Shop"): "5.5", ("7", "default"): "4"},
        rejects=[
            (5, "constraint-error", "SKU"),
            (6, "type-error", "Quantity"),
            (7, "type-error", "Quantity"),
            (8, "type-error", "Unit_Price"),
            (9, "type-error", "Currency"),
            (10, "type-error", "Updated_At"),
            (11, "blank-row", None),
        ],
        details={
            "007": {
                "name": "Lamp",
                "category": "Home",
                "unit_price": "9.9",
                "currency": "EUR",
                "reorder_point": "2",
                "updated_at": "2026-01-02T00:00:00.000000Z",
            }
        },
    )


def _canonical_semicolon() -> Export:
    return Export(
        name="canonical from a spreadsheet: semicolons, UTF-16, CRLF, blank lines",
        profile="canonical",
        data='sku;quantity;name\r\nA/1 & #2;10;Größe 27""\r\n'.replace(
            'Größe 27""', '"Größe 27"""'
        ).encode("utf-16")
        + "\r\nB;2;x".encode("utf-16-le"),
        items={("A/1 & #2", "default"): "10", ("B", "default"): "2"},
        skips=[(3, "blank row")],
        details={"A/1 & #2": {"name": 'Größe 27"'}},
    )


def _square() -> Export:
    header: tuple[str, ...] = (
        "Reference Handle",
        "Token",
        "Item Name",
        "Variation Name",
        "SKU",
        "Category",
        "Price",
    )
    for location in ("Joe's", 'Pier 39, Hall "B"'):
        header += (
            f"Enabled {location}",
            f"Current Quantity {location}",
            f"New Quantity {location}",
        )
        header += (f"Stock Alert Enabled {location}", f"Stock Alert Count {location}")
    joe, pier = "Joe's", 'Pier 39, Hall "B"'
    return Export(
        name="Square item library, two locations",
        profile="square",
        data=written(
            header,
            (
                "#chair",
                "T1",
                "Chair",
                "Regular",
                "Q1",
                "Home",
                "12.50",
                "Y",
                "5",
                "",
                "Y",
                "2",
                "Y",
                "0",
                "",
                "N",
                "",
            ),
            (
                "#tip",
                "T2",
                "Tip",
                "Regular",
                "Q2",
                "",
                "variable",
                "Y",
                "",
                "",
                "N",
                "",
                "Y",
                "3",
                "",
                "N",
                "",
            ),
            (
                "#misc",
                "T3",
                "Misc",
                "Regular",
                "",
                "",
                "1",
                "Y",
                "1",
                "",
                "N",
                "",
                "Y",
                "3",
                "",
                "N",
                "",
            ),
        ),
        items={
            ("Q1", joe): "5",
            ("Q1", pier): "0",
            ("Q2", pier): "3",
            ("T3", joe): "1",
            ("T3", pier): "3",
        },
        skips=[(3, "not stocked")],
        details={"Q1": {"unit_price": "12.5"}, "Q2": {"unit_price": None}},
    )


def _lightspeed_x() -> Export:
    header: tuple[str, ...] = (
        "id",
        "handle",
        "sku",
        "composite_name",
        "composite_sku",
        "composite_quantity",
    )
    header += ("name", "product_category", "supply_price", "retail_price")
    for outlet in ("Main_Outlet", "Depot"):
        header += (f"inventory_{outlet}", f"reorder_point_{outlet}", f"restock_level_{outlet}")
    return Export(
        name="Lightspeed X-Series, two outlets, a kit",
        profile="lightspeed_x",
        data=written(
            header,
            (
                "1",
                "chair",
                "X1",
                "",
                "",
                "",
                "Chair",
                "Home",
                "5",
                "9.95",
                "5.5000",
                "2",
                "10",
                "-1",
                "",
                "",
            ),
            (
                "2",
                "kit",
                "X2",
                "Chair",
                "X1",
                "2",
                "Kit",
                "Home",
                "9",
                "19.95",
                "0",
                "",
                "",
                "0",
                "",
                "",
            ),
        ),
        items={("X1", "Main Outlet"): "5.5", ("X1", "Depot"): "-1"},
        skips=[(3, "kit"), (3, "kit")],
        details={"X1": {"unit_price": "9.95", "category": "Home"}},
    )


def _lightspeed_r() -> Export:
    return Export(
        name="Lightspeed R-Series, all quoted",
        profile="lightspeed_r",
        data=written(
            ("System ID", "UPC", "EAN", "Custom SKU", "Manufact. SKU", "Item", "Qty.", "Price"),
            ("21000000001", "", "", "R1", "", "Chair", "4", "$1,299.00"),
            ("21000000002", "", "", "", "", "Lamp", "-2", "€9,90"),
            ("21000000003", "", "", "R3", "", "Desk", "1", "$1,299"),
            dialect=Dialect(quote_all=True),
        ),
        items={("R1", "default"): "4", ("21000000002", "default"): "-2"},
        rejects=[(4, "type-error", "Price")],
        details={"R1": {"unit_price": "1299"}, "21000000002": {"unit_price": "9.9"}},
    )


def exports() -> list[Export]:
    """The look-alikes, with their traps."""
    return [
        _canonical(),
        _canonical_semicolon(),
        _square(),
        _lightspeed_x(),
        _lightspeed_r(),
    ]
