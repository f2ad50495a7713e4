"""Sample stock files as shops, channels and warehouses would drop them; made here, not collected.

Everything is a function of the seed, so two runs feed the same bytes.
"""

# A seed is wanted here, not a secret; headers read best as the exporters write them.
# ruff: noqa: S311, SIM905  as above

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CATEGORIES = ("Bikes", "Helmets", "Lights", "Parts", "Wear")
BAD_CELLS = ("a dozen", "", "12,5,0", "1e999", "NaN")
BAD_EVERY = 20
AMAZON_HEADER = (
    "sku\tfnsku\tasin\tproduct-name\tcondition\tyour-price\tmfn-listing-exists\t"
    "mfn-fulfillable-quantity\tafn-listing-exists\tafn-warehouse-quantity\t"
    "afn-fulfillable-quantity\tafn-unsellable-quantity\tafn-reserved-quantity\t"
    "afn-total-quantity\tper-unit-volume\tafn-inbound-working-quantity\t"
    "afn-inbound-shipped-quantity\tafn-inbound-receiving-quantity"
)
SHOPIFY_HEADER = (
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,"
    "Option3 Value,SKU,HS Code,COO,Location,Bin name,Incoming (not editable),"
    "Unavailable (not editable),Committed (not editable),Available (not editable),"
    "On hand (current),On hand (new)"
).split(",")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One file to upload.

    Attributes:
        key: Object key.
        content: The bytes.
        rows: Data rows that were written into it, good and bad.
        note: What it is for, in a few words.
    """

    key: str
    content: bytes
    rows: int
    note: str


_SEED = 7


def sample_files() -> list[Sample]:
    """The demo's files: five feed formats, one with bad rows, one that cannot be read.

    The order matters to the story only: the last one is the first one a day later.
    """
    berlin = _canonical(random.Random(_SEED), "berlin", 4_000)
    return [
        Sample(
            key="shops/berlin/stock.csv",
            content=_text(berlin),
            rows=len(berlin) - 1,
            note="a shop's own export",
        ),
        _shopify(random.Random(_SEED + 1), 3_000),
        _amazon(random.Random(_SEED + 2), 2_000),
        _magento(random.Random(_SEED + 3), 1_500),
        _with_bad_rows(random.Random(_SEED + 4), 500),
        Sample(
            key="shops/lisbon/stock.csv",
            content=b"\x89PNG\r\n\x1a\n" + random.Random(_SEED + 5).randbytes(4_096),
            rows=0,
            note="a picture by mistake",
        ),
    ]


def next_day(first: Sample) -> Sample:
    """The same shop a day later: two rows in a hundred changed."""
    chosen = random.Random(_SEED)
    rows = list(csv.reader(io.StringIO(first.content.decode())))
    for row in rows[1:]:
        if chosen.random() < 0.02:  # noqa: PLR2004  as the note says
            row[2] = str(int(row[2]) + 1)
    return Sample(
        key=first.key, content=_text(rows), rows=len(rows) - 1, note="the next day, 2% changed"
    )


def _canonical(chosen: random.Random, shop: str, rows: int) -> list[list[str]]:
    header = "sku,location,quantity,name,category,unit_price,currency,reorder_point".split(",")
    table = [header]
    for number in range(rows):
        category = chosen.choice(CATEGORIES)
        table.append(
            [
                f"{category[:2].upper()}-{number:05d}",
                shop,
                str(chosen.choice((0, 1, 2, 5, 12, 40, 250))),
                f"{category} {number}",
                category,
                f"{chosen.randint(199, 49_999) / 100:.2f}",
                "EUR",
                "3",
            ]
        )
    return table


def _with_bad_rows(chosen: random.Random, rows: int) -> Sample:
    table = _canonical(chosen, "hamburg", rows)
    for number in range(BAD_EVERY, rows + 1, BAD_EVERY):
        kind = number // BAD_EVERY % 3
        if kind == 0:
            table[number][2] = BAD_CELLS[number // BAD_EVERY % len(BAD_CELLS)]
        elif kind == 1:
            table[number] = table[number][:4]
        else:
            table[number].append("one cell too many")
    return Sample(
        key="shops/hamburg/stock.csv", content=_text(table), rows=rows, note="with bad rows"
    )


def _shopify(chosen: random.Random, rows: int) -> Sample:
    table = [SHOPIFY_HEADER]
    for number in range(rows):
        location = "Online" if number % 2 else "Store, Mitte"
        hand = chosen.randint(0, 90)
        table.append(
            [
                *(f"wear-{number // 2}", f"Wear {number // 2}", "Size", "M", "", "", "", ""),
                *(f"SH-{number // 2:05d}", "", "DE", location, ""),
                *("0", "0", "0", str(hand), str(hand), ""),
            ]
        )
    return Sample(
        key="channels/shopify/inventory_export_1.csv",
        content=_text(table),
        rows=rows,
        note="Shopify's export",
    )


def _amazon(chosen: random.Random, rows: int) -> Sample:
    lines = [AMAZON_HEADER]
    for number in range(rows):
        units = chosen.randint(0, 60)
        cells = [
            f"AM-{number:05d}",
            f"X00{number:07d}",
            f"B0{number:08d}",
            # Inch marks are why nothing may be quoted in this format.
            f'Wheel {chosen.choice((26, 28, 29))}" spoked',
            "New",
            f"{chosen.randint(999, 29_999) / 100:.2f}",
            *("No", "", "Yes", str(units), str(units)),
            *("0", "0", str(units), "0.10", "0", "0", "0"),
        ]
        lines.append("\t".join(cells))
    return Sample(
        key="channels/amazon/fba.txt",
        content=("\r\n".join(lines) + "\r\n").encode(),
        rows=rows,
        note="Amazon FBA, tabs, inch marks",
    )


def _magento(chosen: random.Random, rows: int) -> Sample:
    table = [["source_code", "sku", "status", "quantity"]]
    table += [
        [
            chosen.choice(("north", "south")),
            f"MG-{number:05d}",
            "1",
            f"{chosen.randint(0, 99)}.5000",
        ]
        for number in range(rows)
    ]
    return Sample(
        key="warehouses/magento/stock_sources.csv",
        content=_text(table),
        rows=rows,
        note="Magento, decimals",
    )


def _text(rows: Iterable[Sequence[str]]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(rows)
    return sink.getvalue().encode()
