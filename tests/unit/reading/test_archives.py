"""Archives are verified before the first row is given."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from feeds import read
from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading import BytesSource, ProfileSet
from inventory.domain.reading.archives import Archive, ArchiveLimits, verify

FEED = b"sku,quantity\n" + b"".join(b"S%05d,%d\n" % (i, i * 7919 % 1000) for i in range(30_000))
GZIP = gzip.compress(FEED, mtime=0)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


class Pipe(io.RawIOBase):
    """What a zip is written to when it cannot go back: sizes then follow the data."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data) -> int:
        """Take bytes."""
        self.data += bytes(data)
        return len(data)


def streamed_zip(data: bytes, *, zip64: bool) -> bytes:
    """A zip as tools write it into a pipe."""
    pipe = Pipe()
    with (
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("feed.csv", "w", force_zip64=zip64) as member,
    ):
        member.write(data)
    return pipe.data


GOOD = {
    "gzip": (GZIP, "a.csv.gz"),
    "gzip by content, not name": (GZIP, "a.csv"),
    "concatenated gzip": (gzip.compress(FEED[:5000]) + gzip.compress(FEED[5000:]), "a.gz"),
    "zip": (zipped(("feed.csv", FEED)), "a.zip"),
    "stored zip": (zipped(("feed.csv", FEED), method=zipfile.ZIP_STORED), "a.zip"),
    "streamed zip": (streamed_zip(FEED, zip64=False), "a.zip"),
    "streamed zip64": (streamed_zip(FEED, zip64=True), "a.zip"),
    "zip of a folder": (zipped(("lists/", b""), ("lists/feed.csv", FEED)), "a.zip"),
    "zip of a Mac": (
        zipped(("feed.csv", FEED), ("__MACOSX/", b""), ("__MACOSX/._feed.csv", b"\0\5\x16\7")),
        "a.zip",
    ),
    "zip with hidden files before": (
        zipped((".DS_Store", b"\0"), ("._feed.csv", b"\0"), ("feed.csv", FEED)),
        "a.zip",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_whole_archives_are_read(name: str) -> None:
    """Every way to pack one file gives its rows."""
    data, key = GOOD[name]
    assert len(read(data, key).rows) == 30_000


def encrypted() -> bytes:
    """A zip whose header says that it is encrypted."""
    data = bytearray(GOOD["zip"][0])
    data[6] |= 1
    return bytes(data)


def without_directory() -> bytes:
    """A zip whose directory was cut out."""
    data = GOOD["zip"][0]
    return data[: data.index(b"PK\x01\x02")] + data[data.index(b"PK\x05\x06") :]


BAD = {
    "truncated gzip": (GZIP[:-100], "a.gz"),
    "gzip without trailer": (GZIP[:-8], "a.gz"),
    "wrong CRC": (GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:], "a.gz"),
    "bytes after gzip": (GZIP + b"x", "a.gz"),
    "not a gzip": (FEED, "a.gz"),
    "not a zip": (FEED, "a.zip"),
    "truncated zip": (GOOD["zip"][0][:-10], "a.zip"),
    "bytes after zip": (GOOD["zip"][0] + b"x", "a.zip"),
    "two members": (zipped(("a.csv", FEED), ("b.csv", FEED)), "a.zip"),
    "zip without a file": (zipped(("lists/", b"")), "a.zip"),
    "large file beside": (zipped(("._a.csv", bytes(2 << 20)), ("a.csv", FEED)), "a.zip"),
    "wrong zip CRC": (GOOD["zip"][0].replace(GOOD["zip"][0][14:18], b"abcd"), "a.zip"),
    "zip without directory": (without_directory(), "a.zip"),
    "encrypted zip": (encrypted(), "a.zip"),
    "other packing": (zipped(("a.csv", FEED), method=zipfile.ZIP_BZIP2), "a.zip"),
}


@pytest.mark.parametrize("name", BAD)
def test_fails_before_the_first_row_on_a_bad_archive(name: str) -> None:
    """Nothing of a damaged archive loads."""
    data, key = BAD[name]
    with pytest.raises(BadFileError) as caught:
        read(data, key)
    assert caught.value.code is ErrorCode.SOURCE_ERROR


def test_fails_on_a_zip_of_several_files_and_says_what_to_do() -> None:
    """One file is one feed."""
    with pytest.raises(BadFileError, match="put one file into it"):
        read(zipped(("a.csv", FEED), ("b.csv", FEED)), "a.zip")


@pytest.mark.parametrize("name", ["returns.csv", "may/Open orders.csv", "ReservedStock.csv"])
def test_fails_on_a_zip_whose_file_is_called_like_no_stock(name: str) -> None:
    """Unless its feed names the profile; places and times say nothing against stock."""
    data = zipped((name, FEED))
    with pytest.raises(BadFileError, match="name of the file in the archive"):
        read(data, "a.zip")
    pinned = ProfileSet(feeds={"a": {"profile": "canonical"}})
    assert read(data, "a.zip", pinned).rows
    assert read(zipped(("orders/Warehouse 2026-05-01 to 2026-05-31.csv", FEED)), "a.zip").rows


LIMITS = ArchiveLimits(size_bytes=1_000_000, ratio=100, free_bytes=200_000)


@pytest.mark.parametrize(
    ("size", "refused"), [(199_999, False), (200_000, False), (200_001, True), (900_000, True)]
)
def test_fails_on_an_archive_that_unpacks_to_too_much_for_its_size(size, refused) -> None:
    """Zeros shrink a thousandfold: allowed while small, refused from a size on."""
    source = BytesSource(gzip.compress(bytes(size), mtime=0))
    if not refused:
        verify(source, Archive.GZIP, LIMITS)
        return
    with pytest.raises(BadFileError, match="100 times its size"):
        verify(source, Archive.GZIP, LIMITS)


@pytest.mark.parametrize(("size", "refused"), [(1_000_000, False), (1_000_001, True)])
def test_fails_on_an_archive_that_unpacks_to_too_much(size, refused) -> None:
    """There is a bound however well it is packed."""
    limits = ArchiveLimits(size_bytes=1_000_000, ratio=10_000)
    source = BytesSource(gzip.compress(bytes(size), mtime=0))
    if not refused:
        verify(source, Archive.GZIP, limits)
        return
    with pytest.raises(BadFileError, match="more than 1000000 bytes"):
        verify(source, Archive.GZIP, limits)
