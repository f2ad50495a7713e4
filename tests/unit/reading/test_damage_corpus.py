"""The damage corpus: nothing intact is lost, nothing wrong is loaded, all damage is refused."""

from __future__ import annotations

from itertools import chain

import pytest

from faults.reader import Figures, measure_ours
from sample_feeds.corpus import damaged_files, damaged_headers, damaged_rows, damaged_wholes
from sample_feeds.table import ROWS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def places() -> Figures:
    """Figures of all files with damage in one record or in the header."""
    return measure_ours(chain(damaged_rows(), damaged_headers()))


def test_the_corpus_is_large() -> None:
    """More than 2,000 damaged files over a table of at least 80 rows."""
    names = [file.name for file in damaged_files()]
    assert ROWS >= 80
    assert len(names) > 2_400


def test_every_intact_row_is_loaded_exactly(places: Figures) -> None:
    """Damage loses only the records it touches."""
    assert places.intact > 180_000
    assert places.intact_exact == places.intact


def test_no_wrong_row_is_loaded(places: Figures) -> None:
    """No row loads that is damaged or that nobody wrote."""
    assert places.wrong == 0


def test_all_damage_is_reported(places: Figures) -> None:
    """Every file with a damaged row has rejects, about as many as damaged rows."""
    assert places.silent == 0
    # Records torn in two or spread over lines may be refused in two parts, merged ones as one.
    assert places.damaged <= places.rejects <= 1.03 * places.damaged


def test_every_damaged_header_is_refused_and_no_other_file(places: Figures) -> None:
    """A damaged header refuses the file, damaged rows never do."""
    assert places.to_refuse == 250
    assert places.refused == places.to_refuse
    assert places.refused_in_vain == 0


@pytest.mark.parametrize("file", list(damaged_wholes()), ids=lambda file: file.family)
def test_traits_of_whole_files_neither_lose_nor_invent_rows(file) -> None:
    """Line ends, encodings, packing and foreign quoting are read or refused, never guessed."""
    figures = measure_ours([file])
    assert figures.flawless, figures
