"""What damage costs is bounded, and dense damage is read alike wherever reading begins."""

from __future__ import annotations

import random
import time
from functools import cache
from itertools import product

import pytest

from feeds import gathered, opened
from inventory.domain.reading import BytesSource, Share, continue_feed

HEAD = "sku,quantity,name,attr_place\n"
CLEAN = "".join(f"SKU-{n:05d},{n % 97},Product name {n % 50},store-{n % 7}\n" for n in range(9000))
LINES = [
    '"x',
    'x"y',
    '"",' * 5 + '"x',
    'A,1,"x',
    'y",b',
    '""',
    '",x,"',
    '"',
    "A,1,a,b",
    'A,1,"a""b",',
    'A,1,5",b',
    '"A",1,"x"y",',
    "\x00",
    "",
]


@cache  # the clean file is the same each time
def seconds(data: bytes) -> float:
    """Return the CPU time of reading a file, at best of two times."""
    best = 1e9
    for _ in range(2):
        began = time.process_time()
        for _ in opened(data).batches():
            pass
        best = min(best, time.process_time() - began)
    return best


SHAPES = {
    "quotes in every line": ('"",' * 50 + '"x\n') * 1500,
    "a stray quote in every line": '"x\n' * 20_000,
    "one line in seven": ((CLEAN[:264] + '"",' * 50 + '"x\n') * 600),
    "an open cell in every tenth line": "".join(
        f"S{n},{n},{'steel' if n % 10 else chr(34)},x\n" for n in range(15_000)
    ),
    "open inside and outside": ('",x,"\n' * 40 + '"z\n') * 600,
    "runs of quotes": ('"' * 1001 + "x\n") * 250,
    "long lines": ("A,1," + "x" * 60_000 + '"' + "y" * 5_000 + ",\n") * 4,
    "long clean lines": ("A,1," + "x" * 500_000 + ",\n") * 12,
    "lone CR": '"x\r' * 20_000,
}


@pytest.mark.parametrize("name", SHAPES)
def test_no_file_takes_long(name: str) -> None:
    """A megabyte costs some 20 times what a clean one does at most; a busy machine gets more."""
    data = (HEAD + CLEAN[:500] + SHAPES[name]).encode()
    clean = (HEAD + CLEAN).encode()
    assert seconds(data) / len(data) < 60 * seconds(clean) / len(clean)


def dense(seed: int) -> bytes:
    """Return a file with dense damage of a few kinds, and clean rows between."""
    chance = random.Random(seed)
    kinds = chance.choices(LINES, k=chance.randint(1, 5))
    ends = chance.choice([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]])
    damage = [chance.choice(kinds) + chance.choice(ends) for _ in range(chance.choice([90, 400]))]
    text = HEAD + CLEAN[:200] + "".join(damage) + CLEAN[:2000] + "".join(damage[:50])
    return text.encode(chance.choice(["utf-8", "utf-16"]))


@pytest.mark.parametrize(("seed", "block_bytes"), [*product(range(6), [100, 3000])])
def test_dense_damage_does_not_depend_on_how_it_is_cut(seed: int, block_bytes: int) -> None:
    """Blocks of any size give the same rows, rejects and skips."""
    data = dense(seed)
    whole = gathered(opened(data).batches())
    assert len(whole.rejects) + len(whole.skips) > 20
    assert gathered(opened(data, block_bytes=block_bytes).batches()) == whole


@pytest.mark.parametrize(("seed", "share"), [*product(range(6), [None, Share(0, 2), Share(1, 2)])])
def test_reading_continues_inside_of_dense_damage(seed: int, share: Share | None) -> None:
    """From the end of any batch on, the rest is read as if there had been no break."""
    data = dense(seed)
    feed = opened(data)
    batches = list(feed.batches(7, share))
    for index in range(0, len(batches), 1 + len(batches) // 6):
        place = batches[index]
        rest = continue_feed(
            feed.state(),
            BytesSource(data),
            start_byte=place.next_byte_offset,
            start_line=place.next_line,
        )
        assert gathered(rest.batches(share=share)) == gathered(batches[index + 1 :])


def test_rows_between_dense_damage_load() -> None:
    """Each damaged line is refused alone."""
    text = HEAD + "".join(f'S{n},{n},5" pipe,x\nT{n},{n},"two\nlines",x\n' for n in range(500))
    outcome = gathered(opened(text).batches())
    assert [row.sku for row in outcome.rows] == [f"T{n}" for n in range(500)]
    assert [reject.line for reject in outcome.rejects] == [2 + 3 * n for n in range(500)]


def test_batches_of_large_records_are_small() -> None:
    """Rejects hold their text, so a thousand of them would be a gigabyte."""
    feed = opened("sku,quantity,name\n" + f"A1,five,{'x' * 500_000}\n" * 40)
    assert max(len(batch.rejects) for batch in feed.batches()) <= 12
