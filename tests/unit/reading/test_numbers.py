"""Numbers, times and currencies, exact and in each profile's writing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import gathered, opened, read
from inventory.domain.decimals import DecimalRangeError, DecimalTextError, canonical
from inventory.domain.reading import ProfileSet, Share
from inventory.domain.reading.quantities import (
    Converter,
    Decimals,
    currency_converter,
    number_converter,
    time_converter,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("007", "7"),
        ("+5", "5"),
        ("5.5000", "5.5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("100", "100"),
        ("9" * 38, "9" * 38),
        ("0." + "0" * 10 + "9" * 38, "0." + "0" * 10 + "9" * 38),
        ("1" + "0" * 125, "1" + "0" * 125),
        ("0." + "0" * 129 + "1", "0." + "0" * 129 + "1"),
    ],
)
def test_equal_numbers_are_equal_texts(text: str, expected: str) -> None:
    """No sign of zero, no leading zeros, no trailing zeros of a fraction."""
    assert canonical(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "five",
        "1e3",
        "NaN",
        "inf",
        "1_000",
        "1,5",
        "1 000",
        "0x1F",
        "٣",
        "1.2.3",
        "--1",
    ],
)
def test_fails_on_what_is_no_plain_decimal(text: str) -> None:
    """Whatever else Python would take for a number is refused."""
    with pytest.raises(DecimalTextError):
        canonical(text)


@pytest.mark.parametrize(
    "text",
    ["9" * 39, "1." + "1" * 38, "1" + "0" * 126, "0." + "0" * 130 + "1"],
    ids=["39 digits", "39 digits with a point", "too large", "too small"],
)
def test_fails_on_what_dynamodb_cannot_hold(text: str) -> None:
    """Just above 38 digits, 9.9E+125 and 1E-130."""
    with pytest.raises(DecimalRangeError):
        canonical(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20)))
def test_no_value_is_changed(number: Decimal) -> None:
    """The canonical text is the same number."""
    try:
        text = canonical(f"{number:f}")
    except DecimalRangeError:
        return
    assert Decimal(text) == number
    assert canonical(text) == text


AMOUNTS = [
    # cell, point, comma, either
    ("12.50", "12.5", "", "12.5"),
    ("12,50", "", "12.5", "12.5"),
    ("1.234,50", "", "1234.5", "1234.5"),
    ("1,234.50", "", "", "1234.5"),
    ("1,234", "", "1.234", ""),
    ("1.234", "1.234", "1234", "1.234"),
    ("1.234.567", "", "1234567", "1234567"),
    ("1,234,567", "", "", "1234567"),
    ("1.23.456,0", "", "", ""),
    ("12,34,56", "", "", ""),
    ("5.5000", "5.5", "", "5.5"),
    ("-7", "-7", "-7", "-7"),
    ("7-", "-7", "-7", "-7"),
    ("3,00-", "", "-3", "-3"),
    ("1 234", "", "1234", "1234"),
    ("1\u202f234,5", "", "1234.5", "1234.5"),
    ("1'234.5", "", "", "1234.5"),
    ("1 23", "", "", ""),
    ("0,125", "", "0.125", "0.125"),
    ("0.500", "0.5", "", "0.5"),
    ("-0.500", "-0.5", "", "-0.5"),
    ("0,500.25", "", "", ""),
    ("\u200b5", "5", "5", "5"),
    ('="5"', "5", "5", "5"),
    ("", "", "", ""),
]


@pytest.mark.parametrize(("cell", "point", "comma", "either"), AMOUNTS)
def test_separators_are_read_as_the_profile_says(cell, point, comma, either) -> None:
    """A comma that could be both is refused rather than guessed."""
    found = [number_converter(decimals)[cell] for decimals in Decimals]
    assert found == [point, comma, either]


@pytest.mark.parametrize(
    ("decimals", "group", "cell", "expected"),
    [
        (Decimals.POINT, ",", "1,200", "1200"),
        (Decimals.POINT, ",", "1,200.5", "1200.5"),
        (Decimals.POINT, ",", "1,20", ""),
        (Decimals.POINT, ",", "0,500", ""),
        (Decimals.COMMA, ".", "1.200", "1200"),
        (Decimals.COMMA, " ", "1\u00a0200,5", "1200.5"),
        (Decimals.COMMA, " ", "1.200", ""),
        (Decimals.EITHER, ",", "1,200", "1200"),
        (Decimals.EITHER, ",", "1.200", "1.2"),
        (Decimals.EITHER, ".", "1.200", "1200"),
        (Decimals.EITHER, " ", "1,200", "1.2"),
        (Decimals.EITHER, "'", "1\u2019200", "1200"),
    ],
)
def test_groups_are_read_as_the_profile_says(decimals, group, cell, expected) -> None:
    """What it says leaves no doubt."""
    assert number_converter(decimals, group=group, points=False)[cell] == expected


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("sku;quantity\nA;1.200\nB;12.50\nC;0.125\n", {"B": "12.5", "C": "0.125"}),
        ("sku,quantity\nA,1.200\nB,12.50\n", {"A": "1.2", "B": "12.5"}),
        ('sku,quantity,unit_price\nA,1.200,"3,50"\nB,1.200,3.50\n', {"B": "1.2"}),
        ('sku,quantity,unit_price\nA,12,"1.200,50"\nB,1,1.200\n', {"A": "12"}),
        ("sku,quantity\nA,1.200\nB,5\nC,300\n", {"B": "5", "C": "300"}),
        ("sku\tquantity\nA\t1.200\nB\t12.000\n", {}),
        ("sku|quantity\nA|1.200\nB|1500\n", {"A": "1.2", "B": "1500"}),
        ("sku,quantity\nA,1.200\nB,0.250\n", {"A": "1.2", "B": "0.25"}),
        ('sku,quantity,unit_price\nA,1.200,"1,200.50"\n', {"A": "1.2"}),
        ("sku\tquantity\nA\t1,200\nB\t1,2\n", {"B": "1.2"}),
        ("sku;quantity;unit_price\nA;1;1.200\nB;1;1.200,00\n", {"B": "1"}),
        ("sku\tquantity\tunit_price\nA\t1\t0.5\nB\t1,5\t1.200\n", {"A": "1"}),
        ("sku|quantity|unit_price|reorder_point\nA|1|0.5|2\nB|1|1,5|1.200\n", {"A": "1"}),
        ("sku\tquantity\treorder_point\nA\t1.200\t1000\nB\t800\t500\n", {"B": "800"}),
        ("sku,quantity,unit_price\nA,1.200,1000\nB,800,500\n", {"B": "800"}),
        ("sku,quantity,unit_price\nA,1500,1.200\nB,1.200,5\n", {"B": "1.2"}),
        ("sku,quantity,unit_price\nA,1.200,0.5\n", {"A": "1.2"}),
        ('sku\tquantity\nA\t"1,200.000"\nB\t12.000\n', {"A": "1200", "B": "12"}),
        ("sku|quantity\nA|-1500.000\nB|12.000\n", {"A": "-1500", "B": "12"}),
        ("sku|quantity|unit_price\nA|1|0.5\nB|1.\u200b200|1,\u200b5\n", {"A": "1"}),
    ],
)
def test_fails_on_a_number_that_could_be_another_one(text: str, items: dict[str, str]) -> None:
    """A point before three digits, where commas are decimal or no other number tells."""
    outcome = read(text)
    assert {row.sku: row.quantity for row in outcome.rows} == items
    assert all("is ambiguous" in reject.message for reject in outcome.rejects)
    assert len(outcome.rows) + len(outcome.rejects) == text.count("\n") - 1


def test_a_number_is_doubted_whatever_a_converter_remembers() -> None:
    """That it has read it before, or has not, or has forgotten it, says nothing of the row."""
    converter = number_converter(Decimals.EITHER)
    assert converter.doubts(["1.200", "1,5"], 0)
    assert converter["1.200"] == "1.2"
    assert [converter[f"{number}.5"] for number in range(20_000)]
    assert converter.doubts(["1.200", "1,5"], 0)
    assert not converter.doubts(["1.200", "1.5"], 0)


def test_a_number_that_is_added_is_doubted_like_others() -> None:
    """A sum of what could be another number is another one."""
    columns = {"sku": "art", "quantity": "free"}
    data = {"columns": columns, "delimiters": [","], "decimals": "either", "plus": ["held"]}
    profiles = ProfileSet({"own": data}, {"f": {"profile": "own"}})
    outcome = read('art,free,held\nA,0.5,1.200\nB,"1,5",1.200\n', profiles=profiles)
    assert outcome.items == {("A", "default"): "1.7"}
    assert outcome.errors == [(3, "type-error", "held")]


@pytest.mark.parametrize(
    ("cell", "sku"),
    [
        ('="00123"', "00123"),
        ('"=""00123"""', "00123"),
        ("\ufeffA\u200b1\u200d", "A1"),
        ("A\u00a01\u00a0", "A 1"),
        ("1E10", "1E10"),
        ("E+11", "E+11"),
        ("8.85E+11", None),
        ('"8,85E+11"', None),
        ("1e+12", None),
        ("#N/A", None),
        ("#REF!", None),
        ("#SPILL!", None),
        ("#¿NOMBRE?", None),
        ("#DIV/0!", None),
        ("#NV", None),
        ("######", None),
        ("#12", "#12"),
        ("#NVX", "#NVX"),
        ('="1E+12"', None),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_sku_is_what_people_see_and_never_what_a_spreadsheet_made_of_it(
    cell: str, sku: str | None, workers: int
) -> None:
    """Shared among workers or not, in a row among others or not."""
    text = "sku,quantity\n" + "".join(f"S{n},{n}\n" for n in range(70)) + f"{cell},7\n"
    shares = [gathered(opened(text).batches(share=Share(n, workers))) for n in range(workers)]
    skus = [row.sku for outcome in shares for row in outcome.rows if row.quantity == "7"]
    assert sorted(skus) == sorted(["S7", *([sku] if sku else [])])
    rejects = [reject for outcome in shares for reject in outcome.rejects]
    assert ["a spreadsheet has put" in reject.message for reject in rejects] == [True] * (not sku)


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\r", "\t", "\x01", "\v", "\x85", "\u2028"])
@pytest.mark.parametrize("other", ["B", "#N/A"])
def test_a_key_with_a_control_character_is_several_keys(mark: str, other: str) -> None:
    """A cell holds one SKU and one location, in a row among others or not."""
    outcome = read(f'sku,quantity,location\n"A{mark}B",5,X\nA,5,"X{mark}Y"\nD,1,{other}\n')
    assert all(row.sku == "D" for row in outcome.rows)
    lines = [reject for reject in outcome.rejects if "control character" in reject.message]
    assert [reject.column for reject in lines] == ["sku", "location"]


@pytest.mark.parametrize("cell", ["#N/A", "#BEZUG!", "8.85E+11", '="#REF!"'])
def test_a_location_is_none_that_a_spreadsheet_has_made(cell: str) -> None:
    """Else what belongs to many places would be one of that name."""
    outcome = read(f"sku,quantity,location\nA,1,North\nB,2,{cell}\n")
    assert outcome.items == {("A", "North"): "1"}
    assert outcome.errors == [(3, "type-error", "location")]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("$5", "5"),
        ("-$5.50", "-5.5"),
        ("$-5.50", "-5.5"),
        ("5,50 €", "5.5"),
        ("£ 7", "7"),
        ("USD 12.00", "12"),
        ("12.00 EUR", "12"),
        ("$", ""),
        ("-$-5", ""),
        ("$5$", ""),
        ("5 apples", ""),
    ],
)
def test_currency_signs_are_left_out_of_amounts(cell: str, expected: str) -> None:
    """One sign or code before or after the amount, nothing else."""
    assert number_converter(Decimals.EITHER, money=True)[cell] == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500000Z"),
        ("2026-01-02 03:04", "2026-01-02T03:04:00.000000Z"),
        ("2026-01-02", "2026-01-02T00:00:00.000000Z"),
        ("0001-01-01T00:00:00+14:00", ""),
        ("02.01.2026", ""),
        ("now", ""),
    ],
)
def test_times_become_utc(cell: str, expected: str) -> None:
    """With an offset they are converted, without one they are UTC."""
    assert time_converter("")[cell] == expected


@pytest.mark.parametrize(
    ("cell", "expected"), [("eur", "EUR"), (" USD ", "USD"), ("E", ""), ("€", "")]
)
def test_currencies_are_three_letters(cell: str, expected: str) -> None:
    """Upper case, and nothing but a code."""
    assert currency_converter()[cell] == expected


def test_a_converter_forgets_and_stays_small() -> None:
    """A feed of all different numbers does not fill memory."""
    converter = Converter(str)
    for number in range(50_000):
        assert converter[str(number)] == str(number)
    assert len(converter) <= 20_000
    assert converter["x" * 1000] == "x" * 1000
    assert "x" * 1000 not in converter


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("\uff15", "5"),
        ("\uff0d\uff11\uff12", "-12"),
        ("\u22125", "-5"),
        ("\u22121200.5", "-1200.5"),
        ("\uff11.\uff12\uff10\uff10", ""),
        ("\u0663", ""),
        ("\u2460", ""),
        ("1\u00b2", ""),
    ],
)
def test_digits_of_full_width_and_the_minus_sign_are_read(cell: str, number: str) -> None:
    """Other characters that some take for digits are none; nor is a separator among these told."""
    assert number_converter(Decimals.EITHER)[cell] == number
