"""Reports that have a SKU and a number and are no stock; columns that may not go unread."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from feeds import opened, read
from inventory.domain.errors import BadFileError
from inventory.domain.reading import ProfileSet, matching
from inventory.domain.reading.catalogue import BUILT_IN
from inventory.domain.reading.evidence import looks_like
from inventory.domain.reading.layout import layout_of
from inventory.domain.reading.matching import built_in_profiles
from inventory.domain.reading.not_stock import REPORTS, report_of
from inventory.domain.reading.profiles import normalised
from sample_exports import EXPORTS
from sample_feeds.table import Dialect

DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";"}


class Header(NamedTuple):
    """A report's header, as its vendor documents it."""

    report: str
    delimiter: str
    labels: tuple[str, ...]

    def file(self, delimiter: str) -> str:
        """The header with a row in which every cell is a number."""
        dialect = Dialect(delimiter=delimiter)
        return dialect.record(self.labels) + dialect.record(("1",) * len(self.labels))


def _stock_headers() -> list[tuple[str, Header]]:
    lines = (Path(__file__).parent / "headers" / "stock.txt").read_text().splitlines()
    parted = [line.split(" | ", 2) for line in lines if not line.startswith("#")]
    return [
        (profile, Header(profile, DELIMITERS[delimiter], tuple(labels.split("; "))))
        for profile, delimiter, labels in parted
    ]


def _headers() -> list[Header]:
    lines = (Path(__file__).parent / "headers" / "not_stock.txt").read_text().splitlines()
    parted = [line.split(" | ", 3) for line in lines if not line.startswith("#")]
    return [
        Header(f"{system}: {report}", DELIMITERS[delimiter], tuple(labels.split("; ")))
        for system, report, delimiter, labels in parted
    ]


HEADERS = _headers()
COMPOUNDS = [
    "Bestellnummer",
    "Kundennummer",
    "Rechnungsnummer",
    "Lieferscheinnummer",
    "orderid",
    "customerid",
    "invoiceno",
    "Ordernummer",
    "Klantnummer",
    "Factuurnummer",
    "Cliente",
    "Fattura",
    "Bolla",
    "Bestellter_Bestand",
    "PONumber",
]
HARMLESS = [
    "Colour",
    "Reorder level",
    "Order unit",
    "Minimum order quantity",
    "Bestellpunkt",
    "Bestelleinheit",
    "Bestand",
    "Point de commande",
    "Lieferant",
    "Lieferzeit",
    "Verkaufspreis",
    "Customizable",
    "Porto",
    "Sonderpreis",
    "Backorders allowed?",
    "Purchase price",
]


@pytest.mark.parametrize("header", HEADERS, ids=[header.report for header in HEADERS])
def test_fails_on_a_report_that_is_no_stock(header: Header, monkeypatch) -> None:
    """In every dialect, and also if the table of reports does not know it.

    What is no stock lacks the labels of stock; the table only says it better.
    """
    for delimiter in DELIMITERS.values():
        with pytest.raises(BadFileError, match=r"no stock|inventory profile"):
            opened(header.file(delimiter))
    monkeypatch.setattr(matching, "report_of", lambda _: None)
    for delimiter in DELIMITERS.values():
        with pytest.raises(BadFileError, match="inventory profile"):
            opened(header.file(delimiter))


@pytest.mark.parametrize(("profile", "header"), _stock_headers())
def test_a_whole_export_of_a_system_loads(profile: str, header: Header) -> None:
    """Every column that the system writes is known, or says nothing of the rows."""
    assert opened(header.file(header.delimiter)).profile == profile


def test_a_direction_counts_as_a_whole_label_or_where_two_labels_differ_in_it() -> None:
    """Goods went from one place to another; a word within a label may be anything."""
    header = "SKU,Stock Level,Location,Bin Rack"
    for more in ("From", "Destination", "Moved from,Moved to", "SourceBench,DestinationBench"):
        with pytest.raises(BadFileError, match="looks like an order, a sale or a movement"):
            opened(f"{header},{more}\nA,1,x,b,1{',1' * more.count(',')}\n")
    for more in ("Publish to eCom", "Hide from page,Linked to", "Sale price", "Min sale qty"):
        assert opened(f"{header},{more}\nA,1,x,b,1{',1' * more.count(',')}\n").profile


def test_a_report_of_the_table_is_named_with_what_to_take_instead() -> None:
    """A person reads which report this is and which one to export."""
    with pytest.raises(BadFileError, match=r"Amazon: customer returns .* take FBA Manage Inv"):
        read("return-date\torder-id\tsku\tquantity\n1\t2\tA\t1\n")


def test_no_stock_file_looks_like_such_a_report() -> None:
    """No look-alike of stock holds all labels of a report that is none."""
    for export in EXPORTS:
        labels = set(map(normalised, opened(export.data, export.key).header))
        assert report_of(labels) is None, export.name


def test_every_report_of_the_table_can_be_told() -> None:
    """Labels have letters, and none of them is a column that each file has."""
    for report in REPORTS:
        assert all(map(normalised, report.labels))
        assert not {normalised(label) for label in report.labels} <= {"sku", "quantity"}


@pytest.mark.parametrize(
    "header",
    [
        "sku,quantity,colour",
        "sku,quantity,warehouse,location",
        "SKU,Name,Quantity,Location_1,Qty_1",
        "sku,quantity,reserved",
        "sku,quantity,date",
    ],
)
def test_fails_on_a_canonical_file_with_any_other_column(header: str) -> None:
    """Documented labels, and attr_ for the others; the message says so."""
    with pytest.raises(BadFileError, match="call it attr_"):
        read(f"{header}\n{','.join('1' * (header.count(',') + 1))}\n")
    pinned = ProfileSet(feeds={"a/": {"profile": "canonical"}})
    assert read(f"{header}\n{','.join('1' * (header.count(',') + 1))}\n", "a/b.csv", pinned).rows


def test_no_profile_lets_a_column_go_unread_that_must_not() -> None:
    """A state, a time or a movement that a profile does not name is unknown to it."""
    for export in EXPORTS:
        feed = opened(export.data, export.key)
        profile = built_in_profiles()[feed.profile]
        # One report has ninety columns, another takes every column for a location.
        if profile.name not in {"amazon_planning", "shopify_wide"}:
            header = (*feed.header, "Damaged units", "Counted at", "Zone of the warehouse")
            layout = layout_of(profile, header, feed.delimiter)
            unknown = [label for label in layout.unknown if profile.closed or looks_like(label)]
            assert unknown == list(header[-3:]), profile.name


def test_fails_on_a_stock_file_with_a_column_that_must_not_go_unread() -> None:
    """The column and what it looks like are named; a pinned feed takes it as an attribute."""
    data = "SKU,Stock Level,Location,Bin Rack,Damaged\nA,1,x,b,2\n"
    with pytest.raises(BadFileError, match="'Damaged', which it does not know, and looks like"):
        read(data)
    pinned = ProfileSet(feeds={"a/": {"profile": "linnworks"}})
    assert read(data, "a/b.csv", pinned).rows[0].attributes == {"Bin Rack": "b", "Damaged": "2"}


def test_every_profile_needs_a_label_beside_sku_and_quantity() -> None:
    """All but our own, whose columns are all documented, have evidence."""
    for name, profile in built_in_profiles().items():
        if name != "canonical":
            quantity = () if profile.location.in_header else profile.columns["quantity"]
            plain = {*profile.columns["sku"], *profile.sku_fallback, *quantity}
            others = [labels for labels in profile.required if not plain.issuperset(labels)]
            distinct = set(quantity) - {"quantity", "stock", "qty"}
            assert others or distinct or profile.location.in_header, name
    assert BUILT_IN["canonical"]["closed"]


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("FulfillmentCenter", "a location"),
        ("Lagerort", "a location"),
        ("qty in transit", "a state of goods"),
        ("updatedAt", "a time"),
        ("Order #", "an order, a sale or a movement"),
        *((label, "an order, a sale or a movement") for label in COMPOUNDS),
        ("Reservierungen", "a state of goods"),
        *((label, None) for label in HARMLESS),
        ("Reordering", None),
        ("storage", None),
    ],
)
def test_columns_are_judged_by_whole_words(label: str, kind: str | None) -> None:
    """Words within other words say nothing; words joined by capitals do."""
    assert looks_like(label) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Total", "a total"),
        ("Total on hand", "a total"),
        ("All locations", "a total"),
        ("Reserved", "a state of goods"),
        ("In transit", "a state of goods"),
        ("Sold", "an order, a sale or a movement"),
        ("Min stock", "a property of the article"),
        ("Vendor", "a property of the article"),
    ],
)
def test_fails_on_a_column_among_those_of_locations_that_holds_something_else(
    name: str, kind: str
) -> None:
    """Whether the label is the location or holds it; the column is named."""
    wide = f"Handle,Title,SKU,HS Code,COO,Berlin,{name}\nh,t,A,,,1,2\n"
    between = f"Token,Item Name,SKU,Current Quantity Berlin,Current Quantity {name}\nt,n,A,1,2\n"
    for data in (wide, between):
        with pytest.raises(BadFileError, match=f"{name}' for a location, and it looks like {kind}"):
            opened(data)


def test_a_feed_that_names_its_profile_may_call_a_location_like_a_state() -> None:
    """A total is no location whoever says so."""
    pinned = ProfileSet(feeds={"a/": {"profile": "shopify_wide"}})
    header = "Handle,Title,SKU,HS Code,COO,Berlin"
    rows = read(f"{header},Returns\nh,t,A,,,1,2\n", "a/b.csv", pinned).rows
    assert [row.location for row in rows] == ["Berlin", "Returns"]
    with pytest.raises(BadFileError, match="a total"):
        opened(f"{header},Total\nh,t,A,,,1,2\n", "a/b.csv", pinned)


@pytest.mark.parametrize(
    "label",
    [
        "+/- quantity",
        "quantity (+/-)",
        "\u00b1 quantity",
        "quantity %",
        "quantity \uff05",
        "$ quantity",
    ],
)
def test_fails_on_a_quantity_with_a_sign_of_something_else(label: str) -> None:
    """Shares, values and changes are no stock; a price may have its currency."""
    with pytest.raises(BadFileError, match="looks like a share, a value or a change"):
        opened(f"sku,{label}\nA,5\n")
    pinned = ProfileSet(feeds={"a/": {"profile": "canonical"}})
    assert read(f"sku,{label}\nA,5\n", "a/b.csv", pinned).rows
    assert read("sku,quantity,unit_price (\u20ac)\nA,5,1\n").rows[0].unit_price == "1"
    with pytest.raises(BadFileError, match="looks like a share"):
        opened("SKU,Stock Level (\u00a3),Location,Bin Rack\nA,5,x,b\n")
