"""The summary as JSON, CSV and page, with feeds that mean harm."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.domain.arrivals import Arrival
from inventory.domain.summary.csv_document import COLUMNS, cell
from inventory.domain.summary.formatting import format_change, format_number
from inventory.domain.summary.json_document import UnreadableSummaryError, read_previous
from inventory.domain.summary.markup import Bar, bar_chart
from summary_samples import (
    AS_OF,
    HOSTILE,
    FakeNotifier,
    FakeStore,
    FakeTables,
    ingestion_record,
    late_feed,
    shop_documents,
    stock_item,
    summary_service,
    text_documents,
)

if TYPE_CHECKING:
    from inventory.domain.summary.model import StockItem

FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


class Tags(HTMLParser):
    """The tags and attributes of a page, and the text outside its style and script."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        self._raw = tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag: str) -> None:
        """Note the end of raw text."""
        del tag
        self._raw = ""

    def handle_data(self, data: str) -> None:
        """Note text."""
        if not self._raw:
            self.text.append(data)


def parsed(page: str) -> Tags:
    """The page as a browser's parser would see it, roughly."""
    tags = Tags()
    tags.feed(page)
    tags.close()
    return tags


def outline(page: str) -> Counter[tuple[str, tuple[str, ...]]]:
    """Tags with their attributes, counted; their order depends on the text."""
    return Counter((tag, tuple(sorted(attributes))) for tag, attributes in parsed(page).tags)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_feed_adds_no_markup_to_the_page(text: str) -> None:
    """A page of hostile text has the tags and attributes of one of harmless text."""
    assert outline(text_documents("harmless")["html"]) == outline(text_documents(text)["html"])


@given(
    st.text(alphabet=st.characters(), min_size=1, max_size=12).filter(lambda text: text != "EUR")
)
@settings(max_examples=40)
def test_no_text_at_all_adds_markup_to_the_page(text: str) -> None:
    """The same for any text, control characters and halves of pairs included."""
    assert outline(text_documents("harmless")["html"]) == outline(text_documents(text)["html"])


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_the_csv_begins_as_a_formula(text: str) -> None:
    """Whatever a feed holds, a spreadsheet shows it and runs nothing."""
    lines = list(csv.DictReader(io.StringIO(text_documents(text)["csv"].removeprefix("\ufeff"))))

    assert len(lines) > 20
    for line in lines:
        assert tuple(line) == COLUMNS
        for column, value in line.items():
            if not re.fullmatch(r"-?\d+(\.\d+)?", value):
                assert not value.startswith(FORMULA_STARTS), (column, value)


def test_negative_figures_stay_numbers_in_the_csv() -> None:
    """Only text is guarded: a spreadsheet must still add the figures up."""
    store = FakeStore()
    summary_service(FakeTables([stock_item(quantity="-3")]), store).make(AS_OF)

    lines = list(csv.DictReader(io.StringIO(store.documents["2026-11-22"]["csv"][1:])))
    total = next(line for line in lines if line["section"] == "total")
    value = next(line for line in lines if line["section"] == "total value")

    assert (total["quantity"], value["value"], value["currency"]) == ("-3", "-31.5", "EUR")


@pytest.mark.parametrize("text", ["", "plain", "a=b", "'quoted", "1-2"])
def test_harmless_text_is_left_alone_in_the_csv(text: str) -> None:
    """Only the first character makes a formula."""
    assert text == cell(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_json_gives_back_what_the_feed_held(text: str) -> None:
    """JSON needs no guard, and the next summary reads the very same keys."""
    stored = text_documents(text)["json"]

    assert json.loads(stored)["out_of_stock"]["items"][0]["sku"] == text
    assert read_previous(stored).out_of_stock_keys[0].sku == text


def test_the_page_loads_nothing() -> None:
    """No element points outside; the policy forbids it and names its one script by its hash."""
    documents = shop_documents()
    page, csv_text = documents["html"], documents["csv"]
    tags = parsed(page)
    data = "data:text/csv;charset=utf-8;base64," + base64.b64encode(csv_text.encode()).decode()

    for tag, attributes in tags.tags:
        assert tag not in {"img", "iframe", "object", "embed", "video", "audio", "form", "base"}
        assert not {"src", "srcset", "action", "background", "xlink:href"} & attributes.keys()
        if "href" in attributes:
            assert (tag, attributes["href"]) in {("link", "data:,"), ("a", data)}
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page
    assert "@import" not in page
    policy = next(
        str(attributes["content"])
        for tag, attributes in tags.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_the_page_says_what_unchanged_means() -> None:
    """A feed that repeats what is stored does not move the time of an item's last change."""
    text = " ".join("".join(parsed(shop_documents()["html"]).text).split())

    assert "Unchanged for 30 days" in text
    assert "a feed that repeats what is stored leaves the time of the last change as it is" in text


def page_of(*items: StockItem) -> str:
    """The page of a table of these items."""
    store = FakeStore()
    summary_service(FakeTables(items), store).make(AS_OF)
    return store.documents["2026-11-22"]["html"]


def test_a_page_without_items_says_so() -> None:
    """An empty section would look like a fault of the page."""
    page = page_of()

    assert "There are no items." in page
    assert "<table>" not in page
    assert "<figure" not in page


def test_rows_of_a_page_add_up_when_there_are_more_locations_than_rows() -> None:
    """Locations without a row of their own share the last one, which sorting leaves there."""
    page = page_of(*(stock_item(location=f"L{number:04}") for number in range(2_003)))

    assert "By location (100 of more than 2,000)" in page
    foot = page[page.index("<tfoot>") : page.index("</tfoot>")]
    assert "(all others)" in foot
    assert ">1,903</td>" in foot


def test_many_currencies_have_a_table_in_place_of_tiles_and_columns() -> None:
    """A page of thirty tiles and columns is not read."""
    page = page_of(*(stock_item(str(number), currency=f"C{number:02}") for number in range(30)))

    assert page.count("Stock value in") == 0
    assert "Stock value by currency (30)" in page
    assert ">C29</td>" in page


def test_a_chart_has_a_bar_for_every_figure_above_zero() -> None:
    """Figures are exact, the least bar is seen, and nothing and less than nothing have none."""
    chart = bar_chart(
        "Units & more",
        [
            Bar("<b>Berlin</b>", Decimal("12345678901234567890.5")),
            Bar("A very long name of a place", Decimal("1E-100")),
            Bar("Nothing", Decimal(0)),
            Bar("Less", Decimal(-1)),
        ],
    )

    assert "<figcaption>Units &amp; more</figcaption>" in chart
    assert "<bdi>&lt;b&gt;Berlin&lt;/b&gt;</bdi><b>12,345,678,901,234,567,890.5</b>" in chart
    assert re.findall(r'width="([^"]+)"', chart) == ["100.0%", "0.4%"]
    assert bar_chart("None", [Bar("Nothing", 0)]) == ""


def test_the_same_input_gives_the_same_bytes() -> None:
    """No clock, no random name and no order of arrival shows in any document."""
    assert shop_documents() == shop_documents()


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        "{}",
        "null",
        "not json",
        '{"version": 2}',
        json.dumps({"version": 1, "date": "2026-11-21"}),
    ],
)
def test_fails_to_read_what_is_no_summary_of_ours(damage: str) -> None:
    """A damaged or foreign document is told apart from one of ours."""
    with pytest.raises(UnreadableSummaryError):
        read_previous(damage)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1E+99999", "ten", "", None, [], {}])
def test_fails_to_read_a_figure_that_is_no_finite_number(number: object) -> None:
    """One such figure would make every sum of the next summary wrong or an error."""
    document = json.loads(shop_documents()["json"])
    document["totals"]["quantity"] = number

    with pytest.raises(UnreadableSummaryError):
        read_previous(json.dumps(document))


@pytest.mark.parametrize("path", ["totals", "locations", "out_of_stock_keys", "feeds", "as_of"])
def test_fails_to_read_a_summary_that_lacks_a_part(path: str) -> None:
    """Nothing that a comparison needs may be missing."""
    document = json.loads(shop_documents()["json"])
    del document[path]

    with pytest.raises(UnreadableSummaryError):
        read_previous(json.dumps(document))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (-1234, "-1,234"),
        (Decimal("-0.00"), "0"),
        (Decimal("-1234.5600"), "-1,234.56"),
        (Decimal("9E+37"), f"90{',000' * 12}"),
        (Decimal("1E-130"), f"0.{'0' * 129}1"),
    ],
)
def test_numbers_are_written_exactly_in_groups_of_three(
    value: Decimal | int, expected: str
) -> None:
    """No digit is rounded, none is left over and there is no exponent."""
    assert expected == format_number(value)


def test_differences_carry_their_sign() -> None:
    """More, less and the same can be told at a glance."""
    assert [format_change(5), format_change(-5), format_change(0)] == ["+5", "-5", "±0"]


def test_every_list_that_is_cut_is_told_in_every_document() -> None:
    """With the command that lists all of it; a list that is whole is not spoken of."""
    notes = shop_documents_of(150)
    assert any("Only 100 of 150 items out of stock are listed; `inventory out`" in n for n in notes)
    assert not any("run low" in note for note in notes)
    assert not shop_documents_of(100)


def shop_documents_of(out_of_stock: int) -> list[str]:
    """Notes of the summary of so many items out of stock, the same in all documents."""
    store = FakeStore()
    items = [stock_item(f"S{number}", quantity="0") for number in range(out_of_stock)]
    summary_service(FakeTables(items), store, FakeNotifier()).make(AS_OF)
    [documents] = store.documents.values()
    notes: list[str] = json.loads(documents["json"])["notes"]
    for note in notes:
        assert note in documents["csv"]
        assert escape(note) in documents["html"]
    return notes


def test_money_has_two_decimals_and_files_their_names() -> None:
    """On the page and in the mail; the CSV and JSON have all digits, and the record's id."""
    item = stock_item(quantity="3", unit_price="1.333", currency="EUR")
    trouble = ingestion_record("stores/north.csv", status="FAILED")
    store, notifier = FakeStore(), FakeNotifier()
    summary_service(FakeTables([item], [trouble]), store, notifier).make(AS_OF)
    [documents] = store.documents.values()
    assert "<b>4.00</b>" in documents["html"]
    assert "Stock value: 4.00 EUR" in notifier.messages[0][1]
    assert "3.999" in documents["csv"]
    assert ">stores/north.csv<" in documents["html"]
    assert "uploads/stores/north.csv#v1" in documents["json"]


def test_late_feeds_are_in_every_document_and_in_the_mail() -> None:
    """With when a file was due; on a day without late feeds nobody reads of any."""
    store, notifier = FakeStore(), FakeNotifier()
    came = Arrival(accepted_at="2026-11-20T06:02:11.000000Z")
    late = [
        replace(late_feed("shops/north/"), arrival=came, paused=True),
        *(late_feed(f"x{number:03}/") for number in range(120)),
    ]
    service = summary_service(FakeTables([stock_item()], []), store, notifier, states=late)
    service.make(AS_OF)
    documents = store.documents["2026-11-22"]
    feeds = json.loads(documents["json"])["feeds"]
    assert (feeds["late_total"], len(feeds["late"])) == (121, 100)
    assert feeds["late"][0] == {
        "feed": "shops/north/",
        "due": "2026-11-22T05:00:00.000000Z",
        "accepted_at": "2026-11-20T06:02:11.000000Z",
        "paused": True,
    }
    lines = list(csv.DictReader(io.StringIO(documents["csv"].lstrip("\ufeff"))))
    named = [line for line in lines if line["section"] == "feeds late"]
    assert (len(named), named[0]["name"], named[0]["as_of"][:10]) == (
        100,
        "shops/north/",
        "2026-11-22",
    )
    assert "Late feeds (100 of 121)" in documents["html"]
    assert "2026-11-20 06:02 UTC" in documents["html"]
    note = "Only 100 of 121 late feeds are listed; `inventory feeds` lists all."
    assert note in json.loads(documents["json"])["notes"]
    [(_, message)] = notifier.messages
    assert "Late feeds: 121 (shops/north/, x000/, x001/, x002/, x003/, 116 more)" in message

    summary_service(FakeTables([stock_item()], []), store, notifier).make(AS_OF)
    assert "Late feeds" not in store.documents["2026-11-22"]["html"] + notifier.messages[1][1]
