"""Lines and columns of totals, which would count stock twice."""

from __future__ import annotations

import pytest

from feeds import read
from inventory.domain.reading import ProfileSet
from inventory.domain.reading.totals import has_total, is_total

OWN = ProfileSet({"own": {"columns": {"sku": "Artikel", "quantity": "Bestand"}}})
TOTALS = [
    "Total",
    "TOTAL:",
    "Grand Total",
    "Sub-total",
    "'Total'",
    "Summe",
    "Zwischensumme.",
    "Total g\N{LATIN SMALL LETTER E WITH ACUTE}n\N{LATIN SMALL LETTER E WITH ACUTE}ral",
    "Sous-total",
    "Totaal",
    "\u0418\u0442\u043e\u0433\u043e",
    "*",
    "**",
    "---",
]


@pytest.mark.parametrize("key", TOTALS)
def test_a_key_that_is_a_total_word_or_has_no_letter_and_no_digit_is_a_total(key: str) -> None:
    """However it is written, and also among others."""
    assert is_total(key)
    assert has_total(["MUG-01", key, "MUG"])


@pytest.mark.parametrize("key", ["", "Total-01", "TOTALCARE", "Sum 41", "A*", "Summer", "0", "-5"])
def test_other_keys_are_none(key: str) -> None:
    """A total word within a name says nothing; a blank key is something else."""
    assert not is_total(key)
    assert not has_total(["MUG-01", key or "A", "MUG"])


@pytest.mark.parametrize("key", TOTALS)
@pytest.mark.parametrize("other", ["A", "A#1"])
def test_a_line_of_totals_is_skipped(key: str, other: str) -> None:
    """In vendors' files and those of own profiles, by column and record by record."""
    outcome = read(f"source_code,sku,quantity\nmain,{other},5\nmain,{key},5\n")
    assert outcome.items == {(other, "main"): "5"}
    assert outcome.reasons == [(3, "total line")]
    outcome = read(f"Artikel;Bestand\n{other};5\n{key};5\n", profiles=OWN)
    assert outcome.items == {(other, "default"): "5"}
    assert outcome.reasons == [(3, "total line")]


def test_a_line_with_a_total_as_its_location_is_skipped() -> None:
    """The stock of an article in all places stands beside that in each."""
    outcome = read("source_code,sku,quantity\nmain,A,5\nshop,A,2\nTotal,A,7\n")
    assert outcome.items == {("A", "main"): "5", ("A", "shop"): "2"}
    assert outcome.reasons == [(4, "total line")]


@pytest.mark.parametrize("line", ["Total,here,7", "A,Total,7", "*,here,7"])
def test_a_line_of_totals_is_rejected_in_the_format_that_people_write(line: str) -> None:
    """They are told to leave it out."""
    outcome = read(f"sku,location,quantity\nA,here,5\n{line}\n")
    assert outcome.items == {("A", "here"): "5"}
    assert [reject.line for reject in outcome.rejects] == [3]
    assert "leave the line out" in outcome.rejects[0].message
