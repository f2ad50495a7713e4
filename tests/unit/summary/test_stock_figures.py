"""The figures over the items table."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.order import timestamp
from inventory.domain.summary.exact import decimal_text
from inventory.domain.summary.model import KEPT_CURRENCIES, Page, StockItem
from inventory.domain.summary.stock import StockAccumulator
from summary_samples import AS_OF, stock_item

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from inventory.domain.summary.model import Stock

names = st.sampled_from(["Berlin", "Paris", "Lyon", "Oslo", "", "ä", "=1+1"])
numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
amounts = st.one_of(
    st.integers(min_value=-5, max_value=40).map(str), numbers.map(lambda value: format(value, "f"))
)
items = st.lists(
    st.builds(
        stock_item,
        sku=st.sampled_from([f"S{number}" for number in range(30)]),
        location=names,
        quantity=amounts,
        category=names,
        unit_price=st.none() | amounts,
        currency=st.sampled_from(["EUR", "USD", ""]),
        reorder_point=st.none() | amounts,
        as_of=st.integers(min_value=0, max_value=200).map(
            lambda days: timestamp(AS_OF - timedelta(days=days))
        ),
    ),
    max_size=60,
    unique_by=lambda item: (item.sku, item.location),
)


def figures(pages: Sequence[Sequence[StockItem]], **options: int) -> Stock:
    """The figures of these pages, with a threshold of 10."""
    accumulator = StockAccumulator(low_stock_threshold=10, as_of=AS_OF, **options)
    for page in pages:
        accumulator.add(Page(list(page), 0, Decimal(0)))
    return accumulator.stock()


@pytest.mark.slow
@given(items)
def test_figures_equal_a_naive_count_in_fractions(stored: list[StockItem]) -> None:
    """An independent computation in exact fractions gives the same figures."""
    quantity: dict[str, Fraction] = defaultdict(Fraction)
    value: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    count: Counter[str] = Counter()
    low: set[tuple[str, str]] = set()
    out: set[tuple[str, str]] = set()
    for item in stored:
        units = Fraction(item.quantity)
        limit = Fraction(10) if item.reorder_point is None else Fraction(item.reorder_point)
        for group in ("total", f"at {item.location}", f"in {item.category}"):
            count[group] += 1
            quantity[group] += units
            if item.unit_price is not None:
                value[group][item.currency] += units * Fraction(item.unit_price)
        if units <= 0:
            out.add((item.sku, item.location))
        elif units <= limit:
            low.add((item.sku, item.location))

    stock = figures([stored])

    groups = {
        "total": stock.totals,
        **{f"at {name}": group for name, group in stock.locations.named.items()},
        **{f"in {name}": group for name, group in stock.categories.named.items()},
    }
    assert {name: group.items for name, group in groups.items() if group.items} == count
    assert {name: Fraction(group.quantity) for name, group in groups.items() if group.items} == {
        name: quantity[name] for name in count
    }
    assert {
        name: {currency: Fraction(amount) for currency, amount in group.value.items()}
        for name, group in groups.items()
        if group.value
    } == value
    assert (stock.totals.low, stock.totals.out_of_stock) == (len(low), len(out))
    assert {(item.sku, item.location) for item in stock.low.items} == low
    assert {(item.sku, item.location) for item in stock.out_of_stock.items} == out
    assert {(key.sku, key.location) for key in stock.out_of_stock_keys} == out
    month_ago = timestamp(AS_OF - timedelta(days=30))
    assert [(item.as_of, item.sku, item.location) for item in stock.unchanged.items] == sorted(
        (item.as_of, item.sku, item.location) for item in stored if item.as_of < month_ago
    )
    assert stock.unchanged.total == len(stock.unchanged.items)
    assert stock.unchanged_by_days == {
        days: sum(item.as_of < timestamp(AS_OF - timedelta(days=days)) for item in stored)
        for days in (7, 30, 90)
    }
    assert stock.unpriced == sum(item.unit_price is None for item in stored)
    assert stock.negative == sum(Fraction(item.quantity) < 0 for item in stored)


@pytest.mark.slow
@given(items, st.randoms(use_true_random=False), st.integers(min_value=1, max_value=7))
def test_figures_do_not_depend_on_the_order_of_pages(
    stored: list[StockItem], shuffler: Random, size: int
) -> None:
    """Parallel segments arrive in any order; with tight limits every list and group is the same."""
    limits = {"kept_groups": 2, "listed_items": 3, "kept_out_of_stock": 2}
    mixed = list(stored)
    shuffler.shuffle(mixed)

    expected = figures([stored], **limits)
    actual = figures([mixed[n : n + size] for n in range(0, len(mixed), size)], **limits)

    assert expected == actual


@pytest.mark.parametrize(
    ("quantity", "reorder_point", "expected"),
    [
        ("-0.001", None, "out"),
        ("0", None, "out"),
        ("0.001", None, "low"),
        ("9.999", None, "low"),
        ("10", None, "low"),
        ("10.001", None, "fine"),
        ("11", "12", "low"),
        ("12", "12", "low"),
        ("12.5", "12", "fine"),
        ("1", "0", "fine"),
        ("0", "0", "out"),
        ("0", "-5", "out"),
    ],
)
def test_an_item_is_out_at_zero_and_low_up_to_its_limit(
    quantity: str, reorder_point: str | None, expected: str
) -> None:
    """The reorder point decides, else the threshold; both belong to "low"."""
    stock = figures([[stock_item(quantity=quantity, reorder_point=reorder_point)]])

    actual = {(0, 1): "out", (1, 0): "low", (0, 0): "fine"}[
        stock.totals.low, stock.totals.out_of_stock
    ]
    assert expected == actual
    assert (stock.low.total, stock.out_of_stock.total) == (
        stock.totals.low,
        stock.totals.out_of_stock,
    )


def test_no_digit_is_lost_between_the_largest_and_the_smallest_number() -> None:
    """DynamoDB's widest numbers multiply and add up exactly."""
    widest = "9" * 38
    smallest = f"0.{'0' * 100}1"
    stock = figures(
        [
            [
                stock_item("A", quantity=widest, unit_price=widest),
                stock_item("B", quantity=smallest, unit_price="1"),
            ]
        ]
    )

    assert decimal_text(stock.totals.quantity) == f"{widest}.{'0' * 100}1"
    assert decimal_text(stock.totals.value["EUR"]) == f"{int(widest) ** 2}.{'0' * 100}1"


@pytest.mark.parametrize(
    ("days", "expected"),
    [(6, {7: 0, 30: 0, 90: 0}), (7, {7: 0, 30: 0, 90: 0}), (31, {7: 1, 30: 1, 90: 0})],
)
def test_days_without_a_change_are_counted_back_from_the_scheduled_time(
    days: int, expected: dict[int, int]
) -> None:
    """An item counts once it has been unchanged for longer than the number of days."""
    item = stock_item(as_of=timestamp(AS_OF - timedelta(days=days)))

    assert expected == figures([[item]]).unchanged_by_days


def test_lists_begin_with_the_largest_shortfall_and_tell_how_many_there_are() -> None:
    """Of many items the ones that need most come first; the rest is counted."""
    stored = [stock_item(f"S{n:03}", quantity="1", reorder_point=str(n)) for n in range(1, 300)]

    low = figures([stored], listed_items=3).low

    assert low.total == 299
    assert [item.sku for item in low.items] == ["S299", "S298", "S297"]
    assert [item.limit for item in low.items] == [Decimal(299), Decimal(298), Decimal(297)]


@pytest.mark.parametrize("upwards", [True, False])
def test_lists_are_the_same_whatever_came_first_when_many_items_are_equal(*, upwards: bool) -> None:
    """Far more equally old, equally empty items than are kept: the first by SKU are listed."""
    stored = [
        stock_item(f"S{n:03}", quantity="0", as_of="2026-01-01T00:00:00.000000Z")
        for n in range(400)
    ]

    stock = figures([stored if upwards else stored[::-1]], listed_items=3, kept_out_of_stock=3)

    for listed in (stock.out_of_stock, stock.unchanged):
        assert (listed.total, [item.sku for item in listed.items]) == (
            400,
            ["S000", "S001", "S002"],
        )
    assert [key.sku for key in stock.out_of_stock_keys] == ["S000", "S001", "S002"]


def test_names_beyond_the_limit_share_one_group() -> None:
    """Memory stays bounded when a feed invents a location per row, and no unit is lost."""
    stored = [stock_item("A", f"L{n:02}", quantity=str(n)) for n in range(20)]

    stock = figures([stored], kept_groups=5)

    assert sorted(stock.locations.named) == ["L00", "L01", "L02", "L03", "L04"]
    assert stock.locations.other is not None
    assert stock.locations.other.items == 15
    assert stock.totals.quantity == sum(range(20))


@pytest.mark.parametrize("upwards", [True, False])
def test_amounts_of_more_currencies_than_are_kept_stay_exact(*, upwards: bool) -> None:
    """The first by code are kept whatever came first; memory does not grow with the others."""
    names = sorted(f"{letter}{number:02}" for letter in "ABC" for number in range(100))
    stored = [
        stock_item(f"S{n}", f"L{n % 3}", quantity="1", unit_price="2", currency=name)
        for n, name in enumerate(names * 2)
    ]

    stock = figures([[item] for item in (stored if upwards else stored[::-1])])

    assert list(stock.totals.value) == names[:KEPT_CURRENCIES]
    assert set(stock.totals.value.values()) == {Decimal(4)}
    assert sum(len(group.value) for group in stock.locations.named.values()) == len(names)


def test_sums_are_flushed_before_they_grow_with_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums by location, category and currency are bounded and lose nothing when flushed."""
    monkeypatch.setattr("inventory.domain.summary.stock._SUBTOTALS", 3)
    stored = [stock_item(f"S{n}", f"L{n % 7}", quantity="1") for n in range(70)]

    stock = figures([[item] for item in stored])

    assert stock.totals.items == 70
    assert {group.items for group in stock.locations.named.values()} == {10}


def test_stored_items_that_cannot_be_read_are_told() -> None:
    """They are in no figure but not forgotten."""
    accumulator = StockAccumulator(low_stock_threshold=10, as_of=AS_OF)
    accumulator.add(Page([stock_item()], 2, Decimal(0)))
    accumulator.add(Page([], 1, Decimal(0)))

    stock = accumulator.stock()

    assert (stock.totals.items, stock.unreadable) == (1, 3)
