"""Where the header is: below titles, comments and `sep=`, and before columns without names."""

from __future__ import annotations

import pytest

from feeds import gathered, opened, read
from inventory.domain.errors import BadFileError
from inventory.domain.reading import BytesSource, ProfileSet, continue_feed


@pytest.mark.parametrize(
    ("above", "delimiter"),
    [
        ("sep=;\r\n", ";"),
        ('"sep=;"\r\n', ";"),
        ("sep=,\n", ","),
        ("Stock list 2026-05-02,,\n,,\n", ","),
        ("Stock list\n\n", ","),
        ("Stock list, as of 2 May, by Ann\n", ";"),
        ("For:,Ann\nDate:,2026-05-02\n", ","),
        ("# a, comment, of, any, width\n", ","),
        ("Bücher\n", ","),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_titles_stand_above_a_header(above: str, delimiter: str, encoding: str) -> None:
    """Lines and byte offsets are those of the file."""
    body = "sku,quantity,name\nA1,5,x\nA2,many,y\n".replace(",", delimiter)
    data = (above + body).encode(encoding)
    feed = opened(data)
    outcome = gathered(feed.batches())
    assert outcome.items == {("A1", "default"): "5"}
    lines = len(above.splitlines())
    assert [row.line for row in outcome.rows] == [lines + 2]
    (reject,) = outcome.rejects
    name = {"utf-16": "utf-16-le"}.get(encoding, "utf-8")
    assert data[reject.byte_offset :].decode(name).startswith("A2")
    (first, *_) = feed.batches(1)
    rest = continue_feed(
        feed.state(), BytesSource(data), start_byte=first.next_byte_offset, start_line=lines + 3
    )
    assert gathered(rest.batches()).rejects == outcome.rejects


@pytest.mark.parametrize(
    "text",
    [
        "Date,Item,Amount\nsku,quantity,name\nA,5,x\n",
        "title\n" * 21 + "sku,quantity\nA,5\n",
        "sep=;\nsku,quantity\nA,5\n",
    ],
)
def test_fails_on_a_header_below_what_is_no_title(text: str) -> None:
    """Another table, too much of it, or a delimiter that the file does not have."""
    with pytest.raises(BadFileError):
        read(text)


def test_a_refusal_is_about_the_line_that_people_would_call_the_header() -> None:
    """Not about the title above it."""
    with pytest.raises(BadFileError) as raised:
        read("Returns of May\n\nArt,Anzahl,Grund\nA,5,x\n")
    assert raised.value.line == 3


def test_columns_without_a_name_are_no_columns_as_long_as_they_are_blank() -> None:
    """Text in them is not dropped in silence."""
    outcome = read("sku,quantity,,\nA1,5,,\nA2,6, ,\nA3,7,x,\nA4,8\n")
    assert outcome.items == {("A1", "default"): "5", ("A2", "default"): "6"}
    assert [(r.line, str(r.error), r.cells) for r in outcome.rejects] == [
        (4, "extra-cell", ("A3", "7", "x", "")),
        (5, "missing-cell", ("A4", "8")),
    ]
    assert opened("sku,quantity,,\nA1,5,,\n").header == ("sku", "quantity")


@pytest.mark.parametrize(
    "title",
    [
        "Reserved",
        "Warehouse Berlin",
        "# Shop: Main",
        "Store,Main",
        "Stock list - Store no. 12",
        "Stock of warehouse: Berlin",
        "Corner Store, damaged goods",
        "Sales of May",
        "Beschädigte Ware",
        "From 1 May",
        "Rechnung 12",
        "Lieferschein 4711",
        "Retourenliste",
        "Bestellliste",
        "Auftragsliste",
        "Reservierungen",
        "Warenausg\N{LATIN SMALL LETTER A WITH DIAERESIS}nge",
        "Zug\N{LATIN SMALL LETTER A WITH DIAERESIS}nge",
        "Facture 12",
        "Bon de livraison",
        "Packing list PL-2291",
        "Pick list 77",
        "Quote 12",
        "Proforma",
        "Price list",
        "Purchases May",
        "Backorders",
        "Minimum stock levels",
        "Safety stock",
        "Reorder report",
        "Stock required",
        "Reservations",
        "Open POs",
        "Write-offs",
        "Deliveries",
        "On loan",
        "Goods in",
    ],
)
def test_fails_on_a_title_that_says_what_the_rows_are_of(title: str) -> None:
    """A place, a state or an event for all of them; not where the feed names its profile."""
    data = f"{title}\n\nsku,quantity,name\nA1,5,x\n"
    with pytest.raises(BadFileError, match="above the header looks like") as error:
        opened(data)
    assert error.value.line == 1
    pinned = ProfileSet(feeds={"b/": {"profile": "canonical"}})
    assert read(data, "b/x.csv", pinned).items == {("A1", "default"): "5"}


@pytest.mark.parametrize(
    "title",
    [
        "Corner Store",
        "Corner Store GmbH,2026-05-02",
        "Store stock list",
        "Warehouse report; all sites",
        "Exported from the ERP",
        "Stock and price list",
        "Safety Supplies Ltd",
        "Goods in stock",
    ],
)
def test_a_title_that_says_no_place_of_the_rows_is_a_title(title: str) -> None:
    """The name of a company, or of the report."""
    assert read(f"{title}\n\nsku,quantity,name\nA1,5,x\n").items == {("A1", "default"): "5"}


def test_a_title_may_name_a_place_where_a_column_says_each() -> None:
    """Nothing is put on the default location then; but a state is a state."""
    body = "sku,quantity,location\nA1,5,x\n"
    assert read("Warehouse report\n" + body).items == {("A1", "x"): "5"}
    with pytest.raises(BadFileError, match="a state of goods"):
        opened("Damaged goods\n" + body)
