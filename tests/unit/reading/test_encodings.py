"""A file is in one encoding; lines that contradict it are refused, never guessed."""

from __future__ import annotations

import pytest

from feeds import opened, read
from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading import ProfileSet
from inventory.domain.reading.encodings import FeedEncoding, printable

HEADER = b"sku\tprice\tasin\titem-name\tquantity\n"


def listing(*names: bytes) -> bytes:
    """An Amazon listing, whose profile allows three encodings, with these names."""
    rows = [b"A%d\t1\tB\t%s\t5\n" % (index, name) for index, name in enumerate(names)]
    return HEADER + b"".join(rows)


def names(data: bytes) -> list[str | None]:
    """Names of the rows that load."""
    return [row.name for row in read(data).rows]


UTF, WESTERN, JAPAN = "Café".encode(), "Café ".encode("cp1252"), "テスト".encode("cp932")


def test_the_majority_of_lines_decides_and_the_others_are_refused() -> None:
    """One damaged line does not turn a file into mojibake."""
    assert names(listing(UTF, UTF, WESTERN, b"x")) == ["Café", "Café", "x"]
    assert names(listing(WESTERN, UTF, WESTERN, b"x")) == ["Café ", "Café ", "x"]
    assert names(listing(JAPAN, b"x")) == ["テスト", "x"]


def test_a_tie_is_utf_8() -> None:
    """Nothing is decoded otherwise on less than a majority."""
    outcome = read(listing(UTF, WESTERN))
    assert [row.name for row in outcome.rows] == ["Café"]
    assert outcome.errors == [(3, "encoding-error", "item-name")]


def test_text_that_reads_in_both_legacy_encodings_needs_evidence() -> None:
    """Kana speak for cp932; kanji alone that cp1252 hardly uses are refused; accents are cp1252."""
    both = "période".encode("cp1252")
    assert both.decode("cp932")
    assert names(listing(both)) == ["période"]
    assert names(listing(JAPAN, "帽子".encode("cp932"))) == ["テスト", "帽子"]
    with pytest.raises(BadFileError) as caught:
        read(listing("帽子".encode("cp932")))
    assert caught.value.code is ErrorCode.ENCODING_ERROR


def test_fails_line_by_line_where_the_profile_allows_utf_8_alone() -> None:
    """In our own format a windows-1252 apostrophe refuses its row and no other."""
    outcome = read(b"sku,quantity,name\nA,1,it\x92s\nB,2,fine\nC,3,\xc3\n")
    assert [row.sku for row in outcome.rows] == ["B"]
    assert outcome.errors == [(2, "encoding-error", "name"), (4, "encoding-error", "name")]
    assert outcome.rejects[0].message == (
        "the row holds bytes that are no text: it\\x92s; save the file as CSV UTF-8, or name its "
        "encoding in the profile (encodings)"
    )


def test_fails_on_a_row_with_nul() -> None:
    """NUL is no text, and csv would take it."""
    outcome = read(b"sku,quantity\nA,1\nB\x00,2\nC,3\n")
    assert [row.sku for row in outcome.rows] == ["A", "C"]
    assert outcome.errors == [(3, "encoding-error", "sku")]


def test_fails_on_half_a_character_of_utf_16() -> None:
    """An odd byte at the end refuses the last row."""
    data = "sku,quantity\nA,1\nB,2".encode("utf-16") + b"\x00"
    outcome = read(data)
    assert [row.sku for row in outcome.rows] == ["A"]
    assert [(line, code) for line, code, _ in outcome.errors] == [(3, "encoding-error")]


def test_a_header_may_be_in_an_encoding_of_its_profile() -> None:
    """A deployment's profile with umlauts in cp1252."""
    own = {"encodings": ["cp1252"], "columns": {"sku": "Art", "quantity": "Stück"}}
    profiles = ProfileSet({"erp": own})
    data = "Art;Stück\nÄ1;5\n".encode("cp1252")
    assert read(data, profiles=profiles).items == {("Ä1", "default"): "5"}
    assert opened(data, profiles=profiles).state()["encoding"] == "cp1252"


@pytest.mark.parametrize("name", ["utf-8", "cp1252", "cp932", "utf-16-le", "utf-16-be"])
def test_bytes_are_counted_exactly_and_line_ends_survive(name: str) -> None:
    """Any pair of bytes before a line end: as many bytes as there are, and the line still ends."""
    encoding = FeedEncoding(name)
    end = "\n".encode(name)
    for first in range(0, 256, 3):
        for second in range(256):
            data = bytes((first, second)) + end
            text, _ = encoding.decode(data)
            assert encoding.byte_length(text) == len(data)
            assert text.endswith("\n")


def test_undecodable_bytes_are_shown_as_escapes() -> None:
    """Messages hold no lone surrogates."""
    assert printable("a\udc92\x00\ud800b") == "a\\x92\\u0000\\ud800b"
