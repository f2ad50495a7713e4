"""Workers that share a file read together exactly what one reader reads."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds import Outcome, gathered, opened, read
from inventory.domain.errors import BadFileError
from inventory.domain.reading import BytesSource, Feed, ProfileSet, Share, continue_feed
from sample_exports import EXPORTS
from sample_feeds.corpus import damaged_files

FAST = settings(max_examples=100)


def read_by(workers: int, feed: Feed, max_rows: int = 1000) -> Outcome:
    """Return what the workers that share a feed give together, each of them checked."""
    together = Outcome([], [], [])
    rows_of_others = 0
    for index in range(workers):
        batches = list(feed.batches(max_rows, Share(index, workers)))
        outcome = gathered(batches)
        assert {Share.of(row.sku, workers) for row in outcome.rows} <= {index}
        if index == 0:
            rows_of_others = sum(batch.rows_of_others for batch in batches)
            together.rejects.extend(outcome.rejects)
            together.skips.extend(outcome.skips)
        else:
            assert (outcome.rejects, outcome.skips) == ([], [])
            assert not any(batch.rows_of_others for batch in batches)
            rows_of_others -= len(outcome.rows)
        together.rows.extend(outcome.rows)
    assert rows_of_others == 0
    together.rows.sort(key=lambda row: row.line)
    return together


@pytest.mark.parametrize(
    ("sku", "worker_of_8", "worker_of_5"),
    [
        ("A1", 1, 2),
        ("SKU-0000001", 1, 1),
        ("00 7", 0, 2),
        ("Ä1", 6, 4),
        ("商品", 1, 1),
        ("\ud800", 0, 0),
        ("", 0, 0),
    ],
)
def test_a_share_is_the_same_for_ever(sku: str, worker_of_8: int, worker_of_5: int) -> None:
    """A job that goes on after an update must not hand a row to another worker."""
    assert (Share.of(sku, 8), Share.of(sku, 5)) == (worker_of_8, worker_of_5)


@pytest.mark.parametrize("workers", [2, 8, 100])
def test_shares_are_even(workers: int) -> None:
    """No worker has a tenth more or less than its part of usual SKUs."""
    for pattern in ("SKU-{:07d}", "{}", "{:013d}", "AB-{:x}-XL"):
        of = Counter(Share.of(pattern.format(number), workers) for number in range(100_000))
        assert len(of) == workers
        assert max(of.values()) < 1.1 * 100_000 / workers


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_exports_are_shared_without_loss(export) -> None:
    """Feeds with skip rules, fallback columns, formula guards and a column per location."""
    feed = opened(export.data, export.key)
    for workers in (1, 2, 3, 8):
        for max_rows in (1, 2, 1000):
            assert read_by(workers, feed, max_rows) == gathered(feed.batches())


@pytest.mark.slow
def test_damaged_files_are_shared_without_loss() -> None:
    """Some of every family of the damage corpus give two workers what they give one."""
    seen: Counter[str] = Counter()
    for file in damaged_files():
        family = file.name.partition("/")[0]
        seen[family] += 1
        if seen[family] % 37 != 1:  # of the larger families a dozen, at various places
            continue
        try:
            feed = opened(file.data, file.key)
        except BadFileError:
            continue
        assert read_by(2, feed) == gathered(feed.batches()), file.name


OWN = {
    "columns": {"sku": "SKU", "quantity": "On hand", "name": "Title"},
    "sku_fallback": "Barcode",
    "formula_guard": True,
    "skip_rows": [{"column": "Kind", "words": ["parent"], "reason": "parent"}],
}
WIDE = {
    "columns": {"sku": "SKU", "name": "Title"},
    "location": {"header_prefix": "Stock at "},
}
PROFILES = ProfileSet({"own": OWN, "wide": WIDE})
HEADERS = [
    "sku,quantity,name",
    "Title,SKU,On hand,Barcode,Kind",
    "Title,Stock at A,Stock at B,SKU",
]
cells = st.one_of(
    st.sampled_from(["A1", "B2", " C3 ", "7", "0", "", "'=1", "parent", "é", '"Q"', '"a""b"']),
    st.sampled_from(['"x\ny"', '"x,y"', '"', 'a"', "\r", '"\r\n"', "\x00"]),
    st.text('ab0,"\n', max_size=4),
)
bodies = st.lists(
    st.builds(
        lambda record, end: ",".join(record) + end,
        st.lists(cells, min_size=1, max_size=6),
        st.sampled_from(["\n", "\r\n", "\n", "\r"]),
    ),
    max_size=12,
).map("".join)


@pytest.mark.slow
@FAST
@given(
    header=st.sampled_from(HEADERS),
    body=bodies,
    encoding=st.sampled_from(["utf-8", "utf-16"]),
    max_rows=st.integers(1, 6),
    block_bytes=st.integers(1, 80),
    workers=st.integers(1, 4),
)
def test_any_file_is_shared_without_loss(
    header, body, encoding, max_rows, block_bytes, workers
) -> None:
    """Whatever the records, batches and blocks: together the workers read what one reads."""
    data = f"{header}\n{header}\n{body}".encode(encoding)
    try:
        feed = opened(data, profiles=PROFILES, block_bytes=block_bytes)
    except BadFileError:
        return
    assert read_by(workers, feed, max_rows) == gathered(feed.batches())


@pytest.mark.slow
@FAST
@given(header=st.sampled_from(HEADERS), body=bodies, max_rows=st.integers(1, 4))
def test_a_share_continues_from_the_end_of_any_batch(header, body, max_rows) -> None:
    """Exactly the rest is read, and the last batch ends where the file does."""
    data = f"{header}\n{header}\n{body}".encode()
    try:
        feed = opened(data, profiles=PROFILES)
    except BadFileError:
        return
    state = json.loads(json.dumps(feed.state()))
    for index in range(3):
        share = Share(index, 3)
        batches = list(feed.batches(max_rows, share))
        assert batches[-1].next_byte_offset == len(data)
        for number, batch in enumerate(batches):
            rest = continue_feed(
                state,
                BytesSource(data),
                start_byte=batch.next_byte_offset,
                start_line=batch.next_line,
            )
            read_on = list(rest.batches(max_rows, share))
            assert gathered(read_on) == gathered(batches[number + 1 :])
            assert sum(batch.rows_of_others for batch in read_on) == sum(
                batch.rows_of_others for batch in batches[number + 1 :]
            )


def test_a_share_without_rows_says_from_time_to_time_where_it_is() -> None:
    """Whoever looks at the clock between batches gets to it."""
    feed = opened("sku,quantity,name\n" + f"A1,5,{'x' * 90}\n" * 200_000)
    batches = list(feed.batches(share=Share(1, 3)))
    assert Share.of("A1", 3) != 1
    assert not gathered(batches).rows
    places = [batch.next_byte_offset for batch in batches]
    assert places[-1] == 18 + 200_000 * 96
    assert max(stop - start for start, stop in pairwise([0, *places])) < 6 << 20
    assert batches[-1].next_line == 200_002


def zipped(data: bytes) -> bytes:
    """Return a zip of one file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("feed.csv", data)
    return target.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_a_compressed_file_is_shared_and_continued(pack) -> None:
    """Positions are those of the unpacked file."""
    text = "sku,quantity\n" + "".join(f"S{number},{number % 7}\n" for number in range(20_000))
    source = BytesSource(pack(text.encode()))
    key = "feed.csv"
    whole = read(text)
    feed = opened(pack(text.encode()), key)
    assert read_by(4, feed) == whole
    share = Share(1, 4)
    batches = list(feed.batches(share=share))
    middle = batches[len(batches) // 2]
    rest = continue_feed(
        feed.state(), source, start_byte=middle.next_byte_offset, start_line=middle.next_line
    )
    assert gathered(rest.batches(share=share)) == gathered(batches[len(batches) // 2 + 1 :])
