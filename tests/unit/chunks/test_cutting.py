"""Cuts lie where the parts of a file read exactly as the whole does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from inventory.domain.chunks import cutting
from inventory.domain.chunks.cutting import Cut, cuts
from inventory.domain.reading import BytesSource, ProfileSet, continue_feed, open_feed

if TYPE_CHECKING:
    from inventory.domain.model import Reject, Row, Skip
    from inventory.domain.reading import Feed

HEADER = "sku,quantity,name,note\n"


def damaged_file(seed: int, *, damage: float, ends: str = "\n") -> bytes:
    """A file of some 3,000 records with quoted line breaks and quotes out of place."""
    rng = random.Random(seed)
    lines = [HEADER]
    for number in range(3000):
        name = rng.choice(
            ["plain", '"with ""quotes"""', '"two\nlines"', '"a, comma"', '""', '"four\n\n\nlines"']
        )
        record = f"S{number},{number % 50},{name},note {number}"
        if rng.random() < damage:
            at = rng.randrange(len(record))
            record = record[:at] + rng.choice(['"', '""', '"\n', ",", '",']) + record[at:]
        lines.append(record + "\n")
    return "".join(lines).replace("\n", ends).encode()


def found_in(feed: Feed) -> tuple[list[Row], list[Reject], list[Skip]]:
    """Everything that a feed gives."""
    rows, rejects, skips = [], [], []
    for batch in feed.batches(200):
        rows += batch.rows
        rejects += batch.rejects
        skips += batch.skips
    return rows, rejects, skips


def opened(data: bytes) -> Feed:
    """The feed over these bytes, read a few kilobytes at a time."""
    return open_feed(BytesSource(data), key="a.csv", profiles=ProfileSet(), block_bytes=4096)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("damage", [0.0, 0.002, 0.006])
def test_parts_read_as_the_whole(seed: int, damage: float) -> None:
    """Rows, rejects with lines and offsets, and skips are the same, whatever the damage."""
    data = damaged_file(seed, damage=damage, ends=random.Random(seed).choice(["\n", "\r\n"]))
    whole = opened(data)
    places = [cut for cut in cuts(whole, range(8_000, len(data), 8_000)) if cut]
    bounds = [Cut(whole.start_byte, whole.start_line), *places]
    ends = [*(cut.byte for cut in places), None]

    parts = [
        found_in(
            continue_feed(
                whole.state(),
                BytesSource(data),
                start_byte=start.byte,
                start_line=start.line,
                end_byte=end,
                block_bytes=4096,
            )
        )
        for start, end in zip(bounds, ends, strict=True)
    ]

    assert len(places) >= 2
    for expected, found in zip(found_in(whole), zip(*parts, strict=True), strict=True):
        assert [each for part in found for each in part] == expected


def test_every_target_has_a_cut_at_or_after_it() -> None:
    """Cuts ascend with their targets and lie at beginnings of lines."""
    data = damaged_file(1, damage=0.0)
    targets = list(range(5_000, 60_000, 5_000))

    places = [cut for cut in cuts(opened(data), targets) if cut]

    assert len(places) == len(targets)
    for target, place in zip(targets, places, strict=True):
        assert target <= place.byte < target + 4_000
        assert data[place.byte - 1 : place.byte] == b"\n"
        assert data[: place.byte].count(b"\n") == place.line - 1


def test_no_cut_lies_near_damage() -> None:
    """On neither side is a damaged line as near as what the reader considers."""
    lines = [f"S{number},1,n,x\n" for number in range(2000)]
    lines[1000] = 'S1000,1,n"x,x\n'
    data = (HEADER + "".join(lines)).encode()
    target = data.index(b"S900,")

    (place,) = [cut for cut in cuts(opened(data), [target]) if cut][:1]

    assert place.line == 902
    at_damage = data.index(b"S995,")
    (place,) = [cut for cut in cuts(opened(data), [at_damage]) if cut][:1]
    assert place.line >= 1002 + cutting._LINES_AFTER_DAMAGE


def test_a_file_that_is_damaged_throughout_is_not_cut() -> None:
    """Better one long part, which goes on in segments, than a wrong row."""
    data = damaged_file(1, damage=0.2)

    assert [cut for cut in cuts(opened(data), range(8_000, len(data), 8_000)) if cut] == []


def test_a_scan_goes_on_from_an_earlier_cut() -> None:
    """The cuts after it are those of one scan."""
    data = damaged_file(3, damage=0.001)
    targets = list(range(10_000, len(data), 10_000))
    whole = opened(data)
    places = [cut for cut in cuts(whole, targets) if cut]

    rest = continue_feed(
        whole.state(),
        BytesSource(data),
        start_byte=places[1].byte,
        start_line=places[1].line,
        block_bytes=4096,
    )

    assert [cut for cut in cuts(rest, targets[2:]) if cut] == places[2:]
