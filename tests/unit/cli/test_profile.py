"""`inventory profile`: an unknown file becomes an entry of the feeds file that loads it."""

from __future__ import annotations

import gzip
import io
import tomllib
from typing import TYPE_CHECKING

import openpyxl
import pytest
from typer.testing import CliRunner

from feeds import read
from inventory.domain.reading import ProfileSet
from inventory.feeds_file import read_feeds_file
from inventory_cli import main, profile
from inventory_cli.exits import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

SAP = """Material;Plant;Material Description;Unrestricted;Blocked
00100;0001;Screw;1.200,5;2
00200;0001;Bolt;7;0
Total;;;1.207,5;2
"""
STOCK_LIST = b"Art.-Nr.;Bezeichnung;Bestand;Lagerort\n1;M\xfctze;7;Nord\n2;Hut;3;S\xfcd\n"
FRENCH = (
    "Code article;Libellé;Dépôt;Stock réel;Stock virtuel;Prix HT;Date dernier mouvement\r\n"
    '00102;"Tasse ""Été""";Dépôt principal;1\xa0250,000;1\xa0200,000;4,90;15/01/2026\r\n'
    "00103;Assiette;Dépôt principal;48,000;48,000;7,50;03/02/2026\r\n"
    "00103;Assiette;Magasin Lyon;0,000;0,000;7,50;\r\n"
    "Total;;;1\xa0298,000;;;\r\n"
).encode("cp1252")
GERMAN = (
    "Artikelnummer;Artikelname;Lagerbestand Gesamt;Verfügbarer Bestand;Mindestlagerbestand;Std. VK;"
    "Lager;Letzte Änderung\r\n"
    '"4711";"Schraube M8";1.250;1.200;100;0,19;Standardlager;13.02.2026 08:15:00\r\n'
    '"4712";"Mutter groß";37,5;30;50;0,12;Süd;12.02.2026 17:40:11\r\n'
).encode("cp1252")
TILL = (
    "Item No,Description,Retail,Downtown QOH,Airport QOH,Mall of Asia QOH,Total QOH\n"
    '10001,Beans,14.95,12,0,30,42\n10003,"Grinder, manual",49.00,3,-1,0,2\n'
)
LIST = "Acme\nStock as of 13/02/2026\n\nWhat,Its name,Left\nX-1,Hammer,7\nX-2,Saw,12\n"
PRINTED = (
    "ACME STOCK\n\nPART NO   DESCRIPTION        QTY\n"
    "10-0001   Hammer claw        120\n10-0002   Screwdriver set     45\n"
)
BINS = "SKU,Name,Quantity,Location_1,Qty_1\nMUG-01,Mug,0,D-2-3,0\nMUG-01,Mug,0,Z,16\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the command over a file, with a feeds file of its own."""
    monkeypatch.setenv("COLUMNS", "200")
    app = main.command_line()
    feeds = tmp_path / "feeds.toml"
    feeds.write_text("")

    def call(
        content: str | bytes, *options: str, answers: str = ""
    ) -> tuple[Result, Path, ProfileSet]:
        path = tmp_path / "stock list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        arguments = ["profile", str(path), "--feeds", str(feeds), *options]
        result = CliRunner().invoke(app, arguments, input=answers)
        return result, path, ProfileSet(**read_feeds_file(feeds))

    return call


@pytest.mark.parametrize(
    ("content", "options", "items"),
    [
        (
            STOCK_LIST,
            ("--sku", "Art.-Nr."),
            {("1", "Nord"): "7", ("2", "Süd"): "3"},
        ),
        (
            BINS,
            ("--quantity", "Qty_1", "--location", "Location_1"),
            {("MUG-01", "D-2-3"): "0", ("MUG-01", "Z"): "16"},
        ),
        (
            "Code;Producto;Existencia\nA-1;Taza;7\nA-2;Plato;2\n",
            (),
            {("A-1", "default"): "7", ("A-2", "default"): "2"},
        ),
        (
            (
                "SKU,ProductName,Location,Bin,ExpiryDate,OnHand,Available,OnOrder\n"
                "M-1,Mug,Main,A1,,40,37,0\nM-1,Mug,Main,A2,,10,10,5\n"
            ),
            ("--quantity", "OnHand", "--sum"),
            {("M-1", "Main"): "50"},
        ),
        (
            (
                "Acme Ltd\n\nProduct Code,Description,Qty in Stock,Qty Allocated,Re-order Level\n"
                'C1,Cable,150.00,5.00,20.00\nC2,Cable,"1,200.00",0.00,10.00\nTotal,,"1,350.00",5.00,\n'
            ),
            (),
            {("C1", "default"): "150", ("C2", "default"): "1200"},
        ),
        (
            "item_code\ton hand\tdamaged\nA\t7\t2\n",
            ("--at", "Depot"),
            {("A", "Depot"): "7"},
        ),
        (
            FRENCH,
            ("--quantity", "Stock réel"),
            {
                ("00102", "Dépôt principal"): "1250",
                ("00103", "Dépôt principal"): "48",
                ("00103", "Magasin Lyon"): "0",
            },
        ),
        (
            GERMAN,
            ("--quantity", "Lagerbestand Gesamt"),
            {("4711", "Standardlager"): "1250", ("4712", "Süd"): "37.5"},
        ),
        (
            TILL,
            ("--stores", "* QOH"),
            {
                ("10001", "Downtown"): "12",
                ("10001", "Airport"): "0",
                ("10001", "Mall of Asia"): "30",
                ("10003", "Downtown"): "3",
                ("10003", "Airport"): "-1",
                ("10003", "Mall of Asia"): "0",
            },
        ),
        (
            TILL.replace(" QOH", ""),
            ("--stores-after", "Retail"),
            {
                ("10001", "Downtown"): "12",
                ("10001", "Airport"): "0",
                ("10001", "Mall of Asia"): "30",
                ("10003", "Downtown"): "3",
                ("10003", "Airport"): "-1",
                ("10003", "Mall of Asia"): "0",
            },
        ),
        (
            LIST,
            ("--sku", "What", "--quantity", "Left"),
            {("X-1", "default"): "7", ("X-2", "default"): "12"},
        ),
        (
            'Code,Qty,Price,Stock date\nA,1,2.50,13/02/2026\nB,"1,250",0.75,12/02/2026\n',
            ("--time", "Stock date"),
            {("A", "default"): "1", ("B", "default"): "1250"},
        ),
    ],
    ids=[
        "german",
        "bins beside a total",
        "spanish",
        "lots",
        "titles and totals",
        "one location",
        "a French ERP",
        "a German ERP",
        "a column for each store",
        "stores after a column",
        "labels that nobody knows",
        "a time for each row",
    ],
)
def test_what_is_written_loads_the_file_right(run, content, options, items) -> None:
    """The entry is valid, its feed believes it, and each quantity ends at its place."""
    result, path, feeds = run(content, "--write", "--prefix", "in/", *options)
    assert result.exit_code == 0, result.output
    assert read(path.read_bytes(), "in/today.csv", feeds).items == items
    assert "would load" in result.output


def test_a_workbook_and_an_archive_are_looked_into(run) -> None:
    """As what they hold; where sheets are alike the feed names the one that was looked at."""
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("Old")):
        for row in (["Corner Store Ltd"], [], ["Article", "Shelf", "Qty on hand"]):
            sheet.append(row)
        sheet.append([10023, "A3", 12.5])
        sheet.append([None, "Total", 12.5])
    file = io.BytesIO()
    book.save(file)
    result, *_ = run(gzip.compress(STOCK_LIST))
    assert "would load: 2 at Süd: 3" in result.output
    result, path, feeds = run(file.getvalue(), "--write", "--prefix", "in/")
    assert result.exit_code == 0, result.output
    assert read(path.read_bytes(), "in/a.xlsx", feeds).items == {("10023", "default"): "12.5"}
    assert 'sheet = "Sheet"' in result.output


def test_whoever_is_there_is_asked_with_examples(run, monkeypatch) -> None:
    """A number or a label answers; what is no answer is asked again."""
    monkeypatch.setattr(profile, "can_ask", lambda: True)
    result, path, feeds = run(TILL, "--write", "--prefix", "in/", answers="9\n5\n")
    assert result.exit_code == 0, result.output
    assert "1  Airport QOH: 0, -1" in result.output
    assert "'9' is none of them" in result.output
    assert len(read(path.read_bytes(), "in/today.csv", feeds).rows) == 6


def test_fails_on_columns_that_blanks_part(run) -> None:
    """It says what to do with a list for a printer."""
    result, *_ = run(PRINTED)
    assert result.exit_code == 2
    assert "as columns of fixed width" in result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sku", "Artikel"), "no line of"),
        (("--time", "Std. VK"), "holds no times"),
        (("--stores", "* at hand"), "no column fits it"),
    ],
)
def test_fails_on_an_option_that_fits_no_column(run, options, said: str) -> None:
    """With what is there."""
    result, *_ = run(GERMAN, "--quantity", "Lagerbestand Gesamt", *options)
    assert result.exit_code == Exit.USAGE
    assert said in result.output


def test_a_total_line_and_decimal_commas_are_proposed(run) -> None:
    """What a person would have to think of."""
    result, path, feeds = run(
        SAP, "--write", "--prefix", "in/", "--quantity", "Unrestricted", "--location", "Plant"
    )
    outcome = read(path.read_bytes(), "in/today.csv", feeds)
    assert outcome.items == {("00100", "0001"): "1200.5", ("00200", "0001"): "7"}, result.output
    assert outcome.reasons == [(4, "total line")]


def test_fails_where_it_is_in_doubt_and_nobody_can_answer(run) -> None:
    """Two columns may be the stock: the option and the candidates are named."""
    result, _, feeds = run(BINS)
    assert result.exit_code != 0
    assert "--quantity LABEL, of: Quantity, Qty_1" in result.output
    assert feeds.own_data("stock_list") is None


def test_a_file_that_loads_needs_nothing(run) -> None:
    """It says by which profile."""
    result, _, _ = run("sku,quantity\nA,1\n")
    assert result.exit_code == 0
    assert "needs no profile of your own" in result.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("order_id,sku,qty\n1,A,2\n2,B,3\n", "'order_id', like an order"),
        ("date,sku,stock\n2024-01-01,A,4\n", "'date', like a time"),
        ("sku,qty\nA,1\nA,2\n", "conflicting"),
        ("sku,quantity\nA,x\n", "type-error"),
    ],
    ids=["orders", "a history", "conflicts", "a file that loads"],
)
def test_what_may_be_wrong_is_not_well(run, content: str, said: str) -> None:
    """A feed that names its profile is believed, so the doubt is told before."""
    result, _, _ = run(content)
    assert result.exit_code == 1
    assert said in result.output


def test_fails_on_a_file_without_anything_like_a_sku(run) -> None:
    """Nothing is written, and the reason is the refusal itself."""
    result, _, _ = run("colour,size\nred,L\n", "--write")
    assert result.exit_code == 2
    assert "no line of it looks like a header" in result.output


def test_without_write_the_entry_is_printed_alone(run) -> None:
    """It can be copied: what is printed is TOML of a feeds file."""
    result, _, feeds = run(STOCK_LIST, "--sku", "Art.-Nr.")
    assert feeds.own_data("stock_list") is None
    start = result.output.index('[feeds."stock_list/"]')
    entry = result.output[start:].partition("\nAdd it to")[0]
    assert tomllib.loads(entry)["profiles"]["stock_list"]["encodings"] == ["cp1252"]


def test_words_that_may_be_a_quantity_are_not_left_out(run) -> None:
    """Sold out is 0, many is not: somebody has to say so."""
    result, *_ = run("SKU\tStock\nA\tmany\nB\t5\nC\tn/a\nD\tsold out\n")
    assert result.exit_code == 1
    assert 'not_stocked = ["n/a"]' in result.output
    assert "'many' is not a plain decimal number" in result.output


def test_a_price_does_not_make_a_fraction_of_the_stock(run) -> None:
    """A thousand and more is in doubt as long as no cell of stock says what a point is."""
    result, *_ = run("SKU;Bestand;Preis\nA1;1.200;9.99\nA2;800;12.50\n")
    assert "'1.200' is ambiguous" in result.output
    assert '\nprice_decimals = "point"' in result.output
    assert "\ndecimals" not in result.output


@pytest.mark.parametrize("label", ["Stock %", "Stock (\N{EURO SIGN})", "+/- Stock"])
def test_a_column_with_a_sign_of_something_else_is_not_proposed(run, label: str) -> None:
    """A share, a value or a change is not taken for the stock because of its words."""
    result, *_ = run(f"SKU,{label},On hand\nA,80,5\n")
    assert 'quantity = "On hand"' in result.output


@pytest.mark.parametrize(
    ("header", "sku"),
    [
        ("Item,Product SKU", "Product SKU"),
        ("Code,Custom label (SKU)", "Custom label (SKU)"),
        ("Item,Supplier SKU", "Item"),
        ("Article,SKU of included item", "Article"),
    ],
)
def test_a_label_that_says_sku_comes_before_one_that_says_item(run, header: str, sku: str) -> None:
    """Unless it is the SKU of something else."""
    result, *_ = run(f"{header},Stock\nMug,M-1,5\nPot,P-1,6\n")
    assert f'sku = "{sku}"' in result.output


def test_a_column_of_answers_is_no_location(run) -> None:
    """An article is in the online store, or it is not."""
    result, *_ = run("Ref,SKU,Published in online store,Stock\n1,A,TRUE,5\n2,B,FALSE,6\n")
    assert 'constant = "default"' in result.output


def test_the_group_of_prices_is_said_as_that_of_stock(run) -> None:
    """The proposal reads the rows that it was made of."""
    data = "Artikel;Bestand;Preis\nA1;5;\N{EURO SIGN}1,250.00\nA2;6;\N{EURO SIGN}19.90\n"
    result, path, feeds = run(data, "--write", "--prefix", "in/")
    assert result.exit_code == 0, result.output
    prices = [row.unit_price for row in read(path.read_bytes(), "in/a.csv", feeds).rows]
    assert prices == ["1250", "19.9"]


def test_a_total_far_below_is_skipped(run) -> None:
    """The proposal is made of the first rows and holds for all."""
    data = "Artikelnummer;Bestand\n" + "".join(f"A{n};{n}\n" for n in range(300)) + "Summe;9\n"
    result, path, feeds = run(data, "--write", "--prefix", "in/")
    assert result.exit_code == 0, result.output
    assert read(path.read_bytes(), "in/a.csv", feeds).reasons == [(302, "total line")]
