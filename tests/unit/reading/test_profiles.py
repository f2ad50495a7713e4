"""Which profile a header belongs to, and profiles of a deployment's own."""

from __future__ import annotations

import json

import pytest

from feeds import opened, read
from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading import BytesSource, ProfileSet, continue_feed, validate_profiles
from inventory.domain.reading.catalogue import BUILT_IN

ERP = {
    "name": "erp",
    "title": "ERP stock list",
    "delimiters": [";"],
    "columns": {"sku": ["Artikel", "Art.-Nr."], "quantity": "Bestand", "unit_price": "Preis"},
    "location": {"column": "Lager", "default": "Zentrale"},
    "decimals": "comma",
    "price_decimals": "comma",
    "not_stocked": ["-"],
    "skip_rows": [{"column": "Typ", "words": ["Service"], "reason": "service"}],
}
DATA = "Art.-Nr.;Bestand;Preis;Lager;Typ\n1;1.000,5;9,90 €;;\n2;-;;;\n3;1;;;Service\n4;1.5;;;\n"


def test_a_deployment_adds_a_profile_as_data() -> None:
    """Its own aliases, separators, default location and skips."""
    profiles = ProfileSet.from_settings({"profiles": [ERP]})
    outcome = read(DATA, profiles=profiles)
    assert outcome.items == {("1", "Zentrale"): "1000.5"}
    assert outcome.rows[0].unit_price == "9.9"
    assert outcome.reasons == [(3, "not stocked"), (4, "service")]
    assert outcome.errors == [(5, "type-error", "Bestand")]


def test_a_feed_of_an_own_profile_continues_from_its_state_alone() -> None:
    """The state carries the profile, for a process that has other settings."""
    feed = opened(DATA, profiles=ProfileSet.from_settings({"profiles": [ERP]}))
    state = json.loads(json.dumps(feed.state()))
    rest = continue_feed(
        state, BytesSource(DATA.encode()), start_byte=feed.start_byte, start_line=feed.start_line
    )
    assert list(rest.batches()) == list(feed.batches())


def test_the_longest_pinned_prefix_decides() -> None:
    """A pinned key follows its profile alone, even where another fits as well."""
    pins = {"in/": "magento_msi", "in/acme/": "canonical"}
    profiles = ProfileSet.from_settings({"pins": pins})
    data = "source_code,sku,quantity\nx,A,1\n"
    assert opened(data, "in/acme/a.csv", profiles).profile == "canonical"
    assert opened(data, "in/a.csv", profiles).profile == "magento_msi"
    assert opened(data, "a.csv", profiles).profile == "magento_msi"
    with pytest.raises(BadFileError, match="magento_msi"):
        opened("sku,quantity\nA,1\n", "in/a.csv", profiles)


def test_fails_on_an_unknown_header_and_names_what_is_nearest() -> None:
    """Three profiles, the nearest first, each with what is missing."""
    with pytest.raises(BadFileError) as caught:
        read("sku,qty,location\nA,1,x\n")
    assert caught.value.code is ErrorCode.MISSING_LABEL
    assert caught.value.line == 1
    _, _, nearest = caught.value.message.partition("nearest: ")
    named = nearest.split("; ")
    assert len(named) == 3
    assert named[0] == "Canonical (our own) (canonical) misses quantity"
    assert all("misses" in name for name in named)


def test_a_column_that_speaks_against_a_profile_is_named() -> None:
    """A negative column is said beside the missing ones."""
    with pytest.raises(BadFileError, match="and has location"):
        read("Handle,Title,SKU,COO,Location\nh,t,s,,x\n")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("sku,quantity,SKU", ErrorCode.DUPLICATE_LABEL),
        ("sku,quantity,a,a", ErrorCode.DUPLICATE_LABEL),
        ("sku,,quantity", ErrorCode.MISSING_LABEL),
        ('sku,quantity,"a\nb"', ErrorCode.SOURCE_ERROR),
        ('sku,quantity,a"b', ErrorCode.SOURCE_ERROR),
        ('"sku,quantity', ErrorCode.SOURCE_ERROR),
        ('sku\tprice\tasin\tquantity\tx"y', ErrorCode.SOURCE_ERROR),
        ("token,item name,sku,Current Quantity A,Current Quantity A", ErrorCode.DUPLICATE_LABEL),
        ("sku", ErrorCode.MISSING_LABEL),
        ("quantity", ErrorCode.MISSING_LABEL),
        ("x" * 40_000, ErrorCode.SOURCE_ERROR),
    ],
)
def test_fails_on_a_damaged_header(header: str, code: ErrorCode) -> None:
    """Columns without a name or with another's refuse the file."""
    width = header.count("\t") or header.count(",")
    delimiter = "\t" if "\t" in header else ","
    rows = (delimiter.join(["1"] * (width + 1)) + "\n") * 5
    with pytest.raises(BadFileError) as caught:
        read(f"{header}\n{rows}")
    assert caught.value.code is code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"sku,quantity",
        b"sku,quantity\r\n",
        b"sku,quantity\n\n\n",
        b"PNG\0\r\n\x1a\n\0\0\0",
        b"sku,quantity\0\nA,1\n",
        "sku,quantity\nA,1\n".encode("utf-16-le"),
    ],
)
def test_fails_on_a_file_without_rows_or_text(data: bytes) -> None:
    """Empty, header only and binary files are refused as a whole."""
    with pytest.raises(BadFileError) as caught:
        read(data)
    assert caught.value.code is ErrorCode.SOURCE_ERROR


def test_fails_on_a_header_that_fits_none_of_the_first_rows() -> None:
    """A header that lost a delimiter names fewer columns than all rows have cells."""
    with pytest.raises(BadFileError, match="names 3 columns, but the first rows have 4 cells"):
        read("sku,quantity,namecategory\n" + "A,1,x,y\n" * 3)
    # Two rows may be wrong themselves.
    assert len(read("sku,quantity,namecategory\n" + "A,1,x,y\n" * 2).rejects) == 2


def test_valid_settings_have_no_problems() -> None:
    """The built-in profiles are written in the language of settings."""
    assert validate_profiles({"profiles": [ERP], "pins": {"x/": "erp", "y/": "square"}}) == []
    assert validate_profiles({}) == []
    renamed = [{**profile, "name": f"own_{profile['name']}"} for profile in BUILT_IN]
    assert validate_profiles({"profiles": renamed}) == []


def test_fails_on_settings_with_every_problem_at_once() -> None:
    """Each problem with the entry, the value got and the values allowed."""
    bad = {
        "name": "Bad Name",
        "colums": {},
        "delimiters": [":"],
        "quoted": "yes",
        "encodings": ["latin-1"],
        "columns": {"sku": "", "qty": "x"},
        "location": {"column": "a", "constant": "b"},
        "decimals": "dot",
        "skip_rows": [{"column": "x", "words": [1]}],
        "strong": "x",
    }
    problems = validate_profiles(
        {
            "profiles": [bad, {"name": "canonical", "columns": {"sku": "a", "quantity": "b"}}, 7],
            "pins": {"a/": "nobody"},
            "extra": 1,
        }
    )
    text = "\n".join(problems)
    for part in (
        "extra is neither",
        "profiles[0]: name must be lower case letters, digits, _ and -, got 'Bad Name'",
        "profiles[0]: colums is no entry",
        "delimiters got ':', allowed are",
        "quoted must be true or false, got 'yes'",
        "encodings got 'latin-1', allowed are 'cp1252', 'cp932'",
        "columns must name quantity",
        "columns got the field 'qty'",
        "columns.sku must name labels",
        "location must have exactly one of",
        "decimals got 'dot', allowed are 'point', 'comma', 'either'",
        "skip_rows.reason must be text",
        "skip_rows.words must hold text alone",
        "strong must be a list",
        "profiles[1]: the name 'canonical' is taken",
        "profiles[2]: a profile must be an object, got 7",
        "pins: 'a/' names 'nobody'",
    ):
        assert part in text
    with pytest.raises(ValueError, match="colums"):
        ProfileSet.from_settings({"profiles": [bad]})


@pytest.mark.parametrize(
    "data", [None, 3, [], {"profiles": {}}, {"pins": []}, {"profiles": [None]}]
)
def test_fails_on_settings_of_any_other_shape(data) -> None:
    """Whatever JSON holds is judged, not stumbled over."""
    assert validate_profiles(data)


@pytest.mark.parametrize("entry", sorted({key for profile in BUILT_IN for key in profile}))
@pytest.mark.parametrize("value", [None, 3, "x", [3], [[]], {"x": 3}, {"column": 3}, True])
def test_settings_of_any_shape_are_valid_or_refused(entry, value) -> None:
    """What is said to be valid makes a profile; nothing else gets that far."""
    data = {"profiles": [{**ERP, entry: value}]}
    if not validate_profiles(data):
        ProfileSet.from_settings(data)
