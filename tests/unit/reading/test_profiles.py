"""Which profile a header belongs to, and profiles of a deployment's own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from feeds import gathered, opened, read
from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading import BytesSource, ProfileSet, continue_feed
from inventory.domain.reading.catalogue import BUILT_IN
from inventory.domain.reading.matching import built_in_profiles
from inventory.domain.reading.profiles import OnDuplicate
from inventory.domain.reading.repeated import repeated_keys
from inventory.domain.reading.rows import RecordMapper
from inventory.domain.reading.sharing import Share
from inventory.feeds_file import FeedsFileError, feeds_from

ERP = {
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
    profiles = ProfileSet({"erp": ERP})
    outcome = read(DATA, profiles=profiles)
    assert outcome.items == {("1", "Zentrale"): "1000.5"}
    assert outcome.rows[0].unit_price == "9.9"
    assert outcome.reasons == [(3, "not stocked"), (4, "service")]
    assert outcome.errors == [(5, "type-error", "Bestand")]


def test_a_feed_of_an_own_profile_continues_from_its_state_alone() -> None:
    """The state carries the profile, for a process that has other settings."""
    feed = opened(DATA, profiles=ProfileSet({"erp": ERP}))
    state = json.loads(json.dumps(feed.state()))
    rest = continue_feed(
        state, BytesSource(DATA.encode()), start_byte=feed.start_byte, start_line=feed.start_line
    )
    assert list(rest.batches()) == list(feed.batches())


@pytest.mark.parametrize(("points", "quantity"), [(["quantity"], "1.2"), ([], None)])
def test_a_feed_continues_with_the_points_that_it_has_found(points, quantity) -> None:
    """What told them may lie before the place where it goes on."""
    data = "sku,quantity\nA,1.200\nB,1500\n"
    feed = opened(data)
    state = feed.state() | {"points": points}
    rest = continue_feed(
        state, BytesSource(data.encode()), start_byte=feed.start_byte, start_line=feed.start_line
    )
    assert gathered(rest.batches()).items.get(("A", "default")) == quantity


def test_a_feed_continues_with_its_own_profile_under_the_name_of_a_new_built_in() -> None:
    """What a release brings changes nothing that was read before it."""
    feed = opened(DATA, profiles=ProfileSet({"erp": ERP}))
    state = json.loads(json.dumps(feed.state()))
    state["profile"] = "linnworks"
    rest = continue_feed(
        state, BytesSource(DATA.encode()), start_byte=feed.start_byte, start_line=feed.start_line
    )
    assert gathered(rest.batches()).items == {("1", "Zentrale"): "1000.5"}


def test_the_longest_pinned_prefix_decides() -> None:
    """A pinned key follows its profile alone, even where another fits as well."""
    profiles = ProfileSet(
        feeds={"in/": {"profile": "magento_msi"}, "in/acme/": {"profile": "canonical"}}
    )
    data = "source_code,sku,quantity\nx,A,1\n"
    assert opened(data, "in/acme/a.csv", profiles).profile == "canonical"
    assert opened(data, "in/a.csv", profiles).profile == "magento_msi"
    assert opened(data, "a.csv", profiles).profile == "magento_msi"
    with pytest.raises(BadFileError, match="magento_msi"):
        opened("sku,quantity\nA,1\n", "in/a.csv", profiles)


def test_fails_on_an_unknown_header_and_names_what_is_nearest() -> None:
    """What was found, three profiles, each with what is missing, and the command that helps."""
    with pytest.raises(BadFileError) as caught:
        read("sku,qty,location\nA,1,x\n")
    assert caught.value.code is ErrorCode.MISSING_LABEL
    assert caught.value.line == 1
    found, _, nearest = caught.value.message.partition("nearest: ")
    assert "found: sku, qty, location" in found
    named, _, advice = nearest.partition(". ")
    assert len(named.split("; ")) == 3
    assert "Canonical (our own) (canonical) misses quantity" in named
    assert "`inventory profile FILE`" in advice


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
        read("sku,quantity,attr_namecategory\n" + "A,1,x,y\n" * 3)
    # Two rows may be wrong themselves.
    assert len(read("sku,quantity,attr_namecategory\n" + "A,1,x,y\n" * 2).rejects) == 2


def test_what_a_feeds_file_holds_makes_profiles_and_feeds() -> None:
    """The built-in profiles are written in the language of the file."""
    assert feeds_from({}) == {"feeds": {}, "profiles": {}}
    renamed = {f"own_{name}": data for name, data in BUILT_IN.items()}
    given = feeds_from({"profiles": renamed, "feeds": {"x/": {"profile": "own_square"}}})
    profiles = {profile.name: profile for profile in ProfileSet(**given)}
    for name, profile in built_in_profiles().items():
        own = replace(profiles[f"own_{name}"], name=name)
        assert repr(own) == repr(profile)


def test_fails_on_a_feeds_file_with_every_problem_at_once() -> None:
    """Each problem with the entry, the value got and the values allowed."""
    bad = {
        "colums": {},
        "delimiters": [":"],
        "quoted": "maybe",
        "encodings": ["latin-1"],
        "columns": {"sku": "", "qty": "x", "quantity": "q"},
        "location": {"column": "a", "constant": "b"},
        "decimals": "dot",
        "skip_rows": [{"column": "x", "words": [1]}],
        "time_zone": "Berlin",
        "time_formats": ["%Q"],
    }
    feed = {
        "on_duplicate": "add",
        "max_stock_drop_share": 1.5,
        "expected_every": {"days": ["monday"], "time": "25:00", "zone": "UTC"},
    }
    with pytest.raises(FeedsFileError) as caught:
        feeds_from({"profiles": {"bad": bad, "Bad Name": ERP}, "feeds": {"a/": feed}, "extra": 1})
    text = str(caught.value)
    for part in (
        "extra: Extra inputs are not permitted, got 1",
        "profiles.bad.colums: Extra inputs",
        "profiles.bad.delimiters.0: allowed: ',', '\\t', ';', '|', got ':'",
        "profiles.bad.quoted: Input should be a valid boolean",
        "profiles.bad.encodings.0: allowed: 'cp1252', 'cp932', got 'latin-1'",
        "profiles.bad.columns.sku",
        "a label has letters or digits, got ''",
        "profiles.bad.columns.qty.[key]: allowed: 'sku', 'quantity'",
        "profiles.bad.location: needs one of column, constant, header_prefix and after_column",
        "profiles.bad.decimals: Input should be 'point', 'comma' or 'either', got 'dot'",
        "profiles.bad.skip_rows.0.reason: Field required",
        "profiles.bad.time_zone: not an IANA time zone",
        "profiles.bad.time_formats.0: not a format of strptime, got '%Q'",
        "profiles.Bad Name.[key]: String should match pattern",
        "feeds.a/.on_duplicate: Input should be 'last', 'sum' or 'reject', got 'add'",
        "feeds.a/.max_stock_drop_share: Input should be less than or equal to 1, got 1.5",
        "feeds.a/.expected_every.OnDays.days.0",
        "feeds.a/.expected_every.OnDays.time: String should match pattern",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"feeds": {"a/": {"profile": "nobody"}}}, "there is no profile 'nobody'"),
        ({"profiles": {"square": ERP}}, "profiles.square: a built-in profile has this name"),
        ({"profiles": {"a": {"columns": {"sku": "a"}}}}, "columns must name quantity"),
        ({"feeds": {"": {}}}, "at least 1 character"),
        ({"feeds": []}, "feeds"),
        ([], "dictionary"),
        (None, "dictionary"),
    ],
)
def test_fails_on_a_feeds_file_whose_parts_do_not_fit(data, problem: str) -> None:
    """Names that nobody has or that are taken, and shapes of any kind."""
    with pytest.raises(FeedsFileError, match=problem):
        feeds_from(data)


@pytest.mark.parametrize("entry", sorted({key for profile in BUILT_IN.values() for key in profile}))
@pytest.mark.parametrize("value", [None, 3, "x", [3], [[]], {"x": 3}, {"column": 3}, True])
def test_profiles_of_any_shape_are_valid_or_refused(entry, value) -> None:
    """What is said to be valid makes a profile; nothing else gets that far."""
    try:
        given = feeds_from({"profiles": {"own": {**ERP, entry: value}}})
    except FeedsFileError:
        return
    ProfileSet(**given)


@pytest.mark.parametrize(
    ("extra", "header", "row", "expected"),
    [
        (
            {"location": {"column": "Plant", "suffix_columns": ["Sloc", "Bin"]}},
            "Art;Bestand;Plant;Sloc;Bin",
            "A;7;01;W1;",
            {("A", "01-W1"): "7"},
        ),
        (
            {"location": {"constant": "x", "states": {"Blocked": "blocked", "QI": "qi"}}},
            "Art;Bestand;Blocked;QI",
            "A;7;2;1",
            {("A", "x"): "7", ("A", "x-blocked"): "2", ("A", "x-qi"): "1"},
        ),
        (
            {"plus": ["Transit"], "minus": ["Reserved", "Held"]},
            "Art;Bestand;Transit;Reserved;Held",
            "A;7;2;0,5;",
            {("A", "default"): "8.5"},
        ),
        (
            {"location": {"header_prefix": "In stock [", "header_ending": "]"}},
            "Art;In stock [Main, store];In stock [Depot]",
            "A;7;2",
            {("A", "Main, store"): "7", ("A", "Depot"): "2"},
        ),
        (
            {"location": {"header_ending": " - on hand"}},
            "Art;Main - on hand;Other",
            "A;7;2",
            {("A", "Main"): "7"},
        ),
        (
            {"location": {"header_ending": " QOH"}, "attributes": ["Total QOH"]},
            "Art;Main QOH;Total QOH",
            "A;7;9",
            {("A", "Main"): "7"},
        ),
        ({"sku_form": "brackets"}, "Art;Bestand", "[A-1] Red mug;7", {("A-1", "default"): "7"}),
        ({"sku_form": "brackets"}, "Art;Bestand", "Red mug;7", {}),
        ({"sku_form": "either"}, "Art;Bestand", "A-1;7", {("A-1", "default"): "7"}),
        ({"sku_form": "single"}, "Art;Bestand", "A,B;7", {}),
        (
            {"skip_rows": [{"column": "Art", "words": ["Total *"], "reason": "total"}]},
            "Art;Bestand",
            "Total stock;7",
            {},
        ),
        (
            {"skip_rows": [{"column": "Typ", "other_than": ["Item"], "reason": "no item"}]},
            "Art;Bestand;Typ",
            "A;7;Folder",
            {},
        ),
    ],
)
def test_what_a_profile_can_say(extra, header: str, row: str, expected) -> None:
    """Text around a location, joined columns, states, sums, SKUs in brackets, rows by pattern."""
    columns = {"sku": "Art", "quantity": "Bestand"}
    data = {"columns": columns, "delimiters": [";"], "decimals": "comma", **extra}
    given = feeds_from({"profiles": {"own": data}, "feeds": {"f": {"profile": "own"}}})
    assert read(f"{header}\n{row}\n", profiles=ProfileSet(**given)).items == expected


def test_a_date_column_with_its_format_and_zone_is_the_time_of_the_row() -> None:
    """The newest date wins, whatever the order of the rows."""
    data = {
        "columns": {"sku": "Art", "quantity": "Bestand", "updated_at": "Datum"},
        "time_formats": ["%d.%m.%Y", "%d.%m.%Y %H:%M"],
        "time_zone": "Europe/Berlin",
    }
    profiles = ProfileSet({"own": data}, {"f": {"profile": "own"}})
    outcome = read(
        "Art,Bestand,Datum\nA,7,02.05.2026\nB,1,02.01.2026 12:30\nC,1,May 2\n", "f", profiles
    )
    assert [row.updated_at for row in outcome.rows] == [
        "2026-05-01T22:00:00.000000Z",
        "2026-01-02T11:30:00.000000Z",
    ]
    assert outcome.errors == [(4, "type-error", "Datum")]


def test_a_feed_sets_its_own_locations_alone() -> None:
    """A row for another shop is rejected, in a process that continues the file too."""
    profiles = ProfileSet(feeds={"shop-b/": {"locations": ["Shop B", "Shop C"]}})
    data = "sku,quantity,location\nA,1,Shop B\nB,2,Shop A\nC,3,\n"
    outcome = read(data, "shop-b/today.csv", profiles)
    assert outcome.items == {("A", "Shop B"): "1"}
    assert outcome.errors == [
        (3, "constraint-error", "location"),
        (4, "constraint-error", "location"),
    ]
    feed = opened(data, "shop-b/today.csv", profiles)
    rest = continue_feed(
        json.loads(json.dumps(feed.state())),
        BytesSource(data.encode()),
        start_byte=feed.start_byte,
        start_line=feed.start_line,
    )
    assert gathered(rest.batches()) == outcome


def test_a_thousand_feeds_are_found_by_their_longest_prefix() -> None:
    """As many as a chain has shops, with prefixes within prefixes."""
    feeds = {f"shop-{number}/": {"locations": [f"Shop {number}"]} for number in range(1000)}
    given = feeds_from({"feeds": {**feeds, "shop-7/depot/": {"locations": ["Depot"]}}})
    profiles = ProfileSet(**given)
    assert profiles.feed_of("shop-999/a.csv").locations == {"Shop 999"}
    assert profiles.feed_of("shop-7/depot/a.csv").locations == {"Depot"}
    assert profiles.feed_of("shop-7/a.csv").prefix == "shop-7/"
    assert profiles.feed_of("elsewhere/a.csv").prefix == "elsewhere/a.csv"


LOTS = "sku,quantity,location\nA,40,x\nB,1,x\nA,2.5,x\nA,-1,y\nB,1,x\n"


def duplicates(on_duplicate: str) -> ProfileSet:
    """A feed that says what the same key twice means."""
    return ProfileSet(feeds={"lots/": {"on_duplicate": on_duplicate}})


def test_rows_of_a_key_are_added_where_the_feed_says_so() -> None:
    """Each of them states the sum, wherever reading begins: no order and no crash can part them."""
    profiles = duplicates("sum")
    outcome = read(LOTS, "lots/a.csv", profiles)
    assert outcome.items == {("A", "x"): "42.5", ("B", "x"): "2", ("A", "y"): "-1"}
    assert [row.quantity for row in outcome.rows] == ["42.5", "2", "42.5", "-1", "2"]
    feed = opened(LOTS, "lots/a.csv", profiles)
    second = next(iter(feed.batches(max_rows=1)))
    rest = continue_feed(
        json.loads(json.dumps(feed.state())),
        BytesSource(LOTS.encode()),
        start_byte=second.next_byte_offset,
        start_line=second.next_line,
    )
    assert gathered(rest.batches()).rows == outcome.rows[1:]


def test_rows_of_a_key_are_refused_where_they_contradict_each_other() -> None:
    """With `reject`, the same quantity twice is no contradiction."""
    outcome = read(LOTS, "lots/a.csv", duplicates("reject"))
    assert outcome.items == {("B", "x"): "1", ("A", "y"): "-1"}
    assert [(line, code) for line, code, _ in outcome.errors] == [
        (2, "constraint-error"),
        (4, "constraint-error"),
    ]
    assert len(read(LOTS, "a.csv", duplicates("reject")).rows) == 5


def test_fails_on_more_keys_than_can_be_remembered() -> None:
    """Memory is bounded; the file is refused rather than added up in part."""
    feed = opened(LOTS)
    with pytest.raises(BadFileError, match="more than 2 different"):
        repeated_keys(feed.batches(), RecordMapper(feed._layout), OnDuplicate.SUM, most_keys=2)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("A,many,x", id="no number"),
        pytest.param("A,1,x,", id="a cell too many"),
        pytest.param("1,A,x,x", id="shifted"),
        pytest.param('"A,1,x', id="an opening quote"),
        pytest.param('A,1"5,x', id="an inch mark"),
        pytest.param("A,1", id="cut off"),
        pytest.param("A,1,\N{REPLACEMENT CHARACTER}x\x00", id="no text"),
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_sum_without_one_of_its_rows_does_not_load(bad: str, workers: int) -> None:
    """The whole key is rejected, in every share, with the line that has to be corrected."""
    data = f"sku,quantity,location\nA,40,x\nB,1,x\nA,2,x\n{bad}\nB,2,x\n"
    feed = opened(data, "lots/a.csv", duplicates("sum"))
    found = [gathered(feed.batches(share=Share(i, workers))) for i in range(workers)]
    assert {(r.sku, r.quantity) for each in found for r in each.rows} == {("B", "3")}
    rejects = {reject.line: reject.message for reject in found[0].rejects}
    assert set(rejects) == {2, 4, 5}
    assert "A at x stands on line 5, too, which is rejected" in rejects[2]


def test_a_refused_row_takes_no_other_location_with_it() -> None:
    """What can be told apart is told apart."""
    data = "sku,quantity,location\nA,1,x\nA,many,x\nA,5,y\nA,6,y\n"
    outcome = read(data, "lots/a.csv", duplicates("sum"))
    assert outcome.items == {("A", "y"): "11"}
    assert [line for line, *_ in outcome.errors] == [2, 3]


def test_fails_on_a_reject_file_whose_rows_are_parts_of_a_sum() -> None:
    """One lot alone would take the place of all."""
    data = "sku,quantity,line,error,message,counts as of\nA,1,2,type-error,x,\n"
    with pytest.raises(BadFileError, match="correct the whole file and upload that"):
        read(data, "lots/a.csv", duplicates("sum"))
    assert opened(data, "a.csv").corrected


def test_a_blank_location_is_not_the_default_in_silence() -> None:
    """Joined cells of a spreadsheet hold it once; a profile may say what a blank one means."""
    data = "sku,quantity,location\nA,1,x\nB,2,\nC,3, \n"
    outcome = read(data)
    assert outcome.items == {("A", "x"): "1"}
    assert outcome.errors == [
        (3, "constraint-error", "location"),
        (4, "constraint-error", "location"),
    ]
    own = {
        "columns": {"sku": "sku", "quantity": "quantity"},
        "location": {"column": "location", "default": "yard"},
    }
    feeds = {"a/": {"profile": "own"}}
    assert read(data, "a/b.csv", ProfileSet({"own": own}, feeds)).items == {
        ("A", "x"): "1",
        ("B", "yard"): "2",
        ("C", "yard"): "3",
    }
