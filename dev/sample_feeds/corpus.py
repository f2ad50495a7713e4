"""Files damaged in one place each, after the families of the Pollock benchmark (VLDB 2023).

Families per record, and the same in the header: a missing, an extra and a wrong delimiter, a stray
quote, a wrong delimiter throughout, two records run together, one record torn apart. Families per
file: encodings, line ends, delimiters, packing, truncation, preambles, repeated and missing
headers, foreign quoting.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sample_feeds.table import COLUMNS, Dialect, table_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRONG = ";"
_DIALECT = Dialect()


@dataclass(frozen=True, kw_only=True, slots=True)
class DamagedFile:
    """A file with one place of damage.

    Attributes:
        name: Family and place.
        data: The file.
        key: Object key it would have.
        damaged: Indexes of the rows of the table that its damage touches.
        absent: Indexes of the rows of the table that it does not hold.
        refused: True if the whole file must be refused.
        lines: True if reading by plain lines is possible (False: packed or in another encoding).
    """

    name: str
    data: bytes
    key: str = "damaged.csv"
    damaged: frozenset[int] = frozenset()
    absent: frozenset[int] = frozenset()
    refused: bool = False
    lines: bool = True

    @property
    def family(self) -> str:
        """The kind of damage."""
        return self.name.partition("/")[0]


def damaged_files() -> Iterator[DamagedFile]:
    """The whole corpus, the same every time: more than 2,000 files."""
    return chain(damaged_rows(), damaged_headers(), damaged_wholes())


def damaged_rows() -> Iterator[DamagedFile]:
    """Files with one damaged record."""
    rows = table_rows()
    records = [_DIALECT.record(cells) for cells in rows]
    header = _DIALECT.record(COLUMNS)
    for index, cells in enumerate(rows):
        for name, damaged in _record_damages(tuple(map(_DIALECT.cell, cells)), index):
            text = header + "".join([*records[:index], damaged, *records[index + 1 :]])
            yield DamagedFile(
                name=f"row-{name}/{index}", data=text.encode(), damaged=frozenset({index})
            )
    for index in range(0, len(rows) - 1, 2):
        merged = records[index].removesuffix("\n") + records[index + 1]
        text = header + "".join([*records[:index], merged, *records[index + 2 :]])
        yield DamagedFile(
            name=f"row-merged/{index}",
            data=text.encode(),
            damaged=frozenset({index, index + 1}),
        )


def damaged_headers() -> Iterator[DamagedFile]:
    """Files whose header is damaged: all of them must be refused."""
    body = "".join(map(_DIALECT.record, table_rows()))
    for shift in range(len(COLUMNS)):
        for name, damaged in _record_damages(COLUMNS, shift):
            if name != "torn":
                data = (damaged + body).encode()
                yield DamagedFile(name=f"header-{name}/{shift}", data=data, refused=True)


def _record_damages(cells: tuple[str, ...], shift: int) -> Iterator[tuple[str, str]]:
    """Ways to damage one record; `shift` varies the places from record to record."""
    last = len(cells) - 1

    def joined(delimiters: list[str]) -> str:
        pairs = zip(cells, [*delimiters, "\n"], strict=True)
        return "".join(cell + delimiter for cell, delimiter in pairs)

    for step in range(0, last, 2):
        at = (shift + step) % last
        for name, delimiter in (("missing", ""), ("extra", ",,"), ("wrong", _WRONG)):
            delimiters = [","] * last
            delimiters[at] = delimiter
            yield f"{name}-delimiter", joined(delimiters)
    yield "other-delimiter", joined([_WRONG] * last)
    for step in range(0, last + 1, 4):
        at = (shift + step) % (last + 1)
        cell = cells[at]
        for name, place in (("start", 0), ("middle", len(cell) // 2), ("end", len(cell))):
            quoted = cell[:place] + '"' + cell[place:]
            text = ",".join([*cells[:at], quoted, *cells[at + 1 :]]) + "\n"
            yield f"stray-quote-{name}", text
    # Torn before the last cell a record is whole with a blank one, and no reader can know.
    at = shift % (last - 1)
    yield "torn", joined([",\n" if index == at else "," for index in range(last)])


def damaged_wholes() -> Iterator[DamagedFile]:
    """Files with one trait of the whole file, harmless or not."""
    rows = table_rows()
    every = frozenset(range(len(rows)))
    header = _DIALECT.record(COLUMNS)
    body = "".join(map(_DIALECT.record, rows))
    text = header + body

    def file(name: str, data: bytes | str, **traits: object) -> DamagedFile:
        encoded = data.encode() if isinstance(data, str) else data
        return DamagedFile(name=f"file-{name}/0", data=encoded, **traits)  # type: ignore[arg-type]  # by name

    def written(dialect: Dialect) -> str:
        return "".join(map(dialect.record, [COLUMNS, *rows]))

    yield file("intact", text)
    yield file("utf-8-mark", b"\xef\xbb\xbf" + text.encode())
    yield file("utf-16-le", text.encode("utf-16-le").join([b"\xff\xfe", b""]), lines=False)
    yield file("utf-16-be", text.encode("utf-16-be").join([b"\xfe\xff", b""]), lines=False)
    foreign = frozenset(index for index in every if not "".join(rows[index]).isascii())
    yield file("cp1252", text.encode("cp1252"), damaged=foreign)
    for line_end in ("\r\n", "\r"):
        yield file(f"line-end-{line_end!r}", written(Dialect(line_end=line_end)))
    for delimiter in ("\t", ";", "|"):
        yield file(f"delimiter-{delimiter!r}", written(Dialect(delimiter=delimiter)))
    yield file("all-quoted", written(Dialect(quote_all=True)))
    yield file("no-final-newline", text.removesuffix("\n"))
    yield file("blank-lines-at-end", text + "\n\n")
    yield file("blank-lines-between", header + "\n" + body)
    yield file("one-row", header + _DIALECT.record(rows[0]), absent=every - {0})
    yield file("repeated-header", header + header + body)
    yield file("two-tables", text + "\n" + "name;count\nfoo;1\nbar;2\n")
    yield file("footer", text + "Total,84\n")
    yield file("gzip", gzip.compress(text.encode(), mtime=0), key="a.csv.gz", lines=False)
    packed = gzip.compress(text.encode(), mtime=0)
    refused = {"absent": every, "refused": True, "key": "a.csv.gz", "lines": False}
    yield file("truncated-gzip", packed[:-20], **refused)
    yield file("damaged-gzip", packed[:100] + bytes([packed[100] ^ 4]) + packed[101:], **refused)
    yield file("bytes-after-gzip", packed + b"tail", **refused)
    yield file("empty", "", refused=True, absent=every)
    yield file("header-only", header, refused=True, absent=every)
    yield file("no-header", body, refused=True, absent=every)
    yield file("preamble", "Stock of 2026-01-01\n\n" + text)
    yield file("binary", bytes(range(256)) * 20, refused=True, absent=every)
    yield file("utf-16-without-mark", text.encode("utf-16-le"), refused=True, absent=every)
    twice = _DIALECT.record((*COLUMNS[:-1], "sku"))
    yield file("duplicate-label", twice + body, refused=True, absent=every)
    escaped = [_DIALECT.record(cells).replace('""', '\\"') for cells in rows]
    touched = frozenset(index for index, record in enumerate(escaped) if '\\"' in record)
    yield file("escaped-quotes", header + "".join(escaped), damaged=touched)
    yield file("apostrophes", text.replace('"', "'"), refused=True, damaged=every)
