"""What damage costs is bounded, and dense damage is read alike wherever reading begins."""

from __future__ import annotations

import random
from itertools import product

import pytest

from bench.damage import CLEAN, HEAD, SHAPES, damaged, read, without_quotes
from calls import calls_of
from feeds import gathered, opened
from inventory.domain.reading import BytesSource, Share, continue_feed

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


@pytest.mark.parametrize("shape", SHAPES)
def test_damage_takes_little_more_work_than_bad_lines_without_quotes(shape: str) -> None:
    """What it takes in CPU time is measured by `python -m bench damage`."""
    file = damaged(shape)
    plain = without_quotes(file)
    assert calls_of(lambda: read(file)) < 12 * calls_of(lambda: read(plain))


@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_with_the_damage(shape: str) -> None:
    """A file twice as long takes twice as much, not four times."""
    file = damaged(shape)
    rest = file[file.index(SHAPES[shape].encode()) :]
    assert calls_of(lambda: read(file + rest)) < 2.5 * calls_of(lambda: read(file))


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
