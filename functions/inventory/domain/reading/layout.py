"""Where the columns of one feed are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading.corrections import restored
from inventory.domain.reading.profiles import REJECT_COLUMNS, OnDuplicate, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from inventory.domain.reading.profiles import LocationRule, Profile

#: Fields of numbers.
NUMBERS = ("quantity", "unit_price", "reorder_point")


class StockColumn(NamedTuple):
    """The columns of one location or state in a feed with several quantity columns.

    Attributes:
        location: Its name, from the header; for a state of goods what the location ends with.
        quantity: Index of its quantity.
        reorder_point: Index of its reorder point; None without one of its own.
        unit_price: Index of its price; None without one of its own.
        extras: Its further columns, name and index.
    """

    location: str
    quantity: int
    reorder_point: int | None
    unit_price: int | None
    extras: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A profile applied to one header.

    Attributes:
        profile: The profile.
        delimiter: Of the feed.
        header: All columns of the file, those of a reject file included.
        columns: The feed's own columns: without those of a reject file, and without names.
        unnamed: How many columns without a name stand after them; their cells must be blank.
        unnamed_first: True if the first of them has no name; its cells must be blank.
        indexes: Field to the index of its column; of "location" too.
        suffixes: Indexes of the columns whose cells end the location.
        plus: Indexes of the columns that are added to the quantity.
        minus: Indexes of the columns that are taken from it.
        sku_fallback: Index of the column for blank SKUs; None without one.
        stock: Columns per location or state; empty in a feed with one quantity column.
        unknown: Labels of the columns that the profile does not know.
        extras: Further columns, name and index: they become attributes.
        skips: For each skip rule of the profile the index of its column; None without it.
        locations: The only locations that its rows may set; None for any.
        on_duplicate: What the same key twice in the file means.
        repeated: Keys that the file repeats, as `repeated_keys` gives them.
        latest: Latest time that a row may state, ISO 8601 UTC; "" for any.
        of_sheet: True if it is of a workbook, in which a date is no SKU and no location.
        pinned: True if its feed names the profile, and is believed.
        points: Fields in whose columns the file shows that "1.200" has a fraction.
        timeless: True if its rows have no times of their own, because the file states everything
            as of its time.
    """

    profile: Profile
    delimiter: str
    header: tuple[str, ...]
    columns: tuple[str, ...]
    unnamed: int
    unnamed_first: bool
    indexes: Mapping[str, int]
    suffixes: tuple[int, ...]
    plus: tuple[int, ...]
    minus: tuple[int, ...]
    sku_fallback: int | None
    stock: tuple[StockColumn, ...]
    unknown: tuple[str, ...]
    extras: tuple[tuple[str, int], ...]
    skips: tuple[int | None, ...]
    locations: frozenset[str] | None = None
    on_duplicate: OnDuplicate = OnDuplicate.LAST
    repeated: Mapping[tuple[str, str], Decimal | str] = field(default_factory=dict)
    latest: str = ""
    of_sheet: bool = False
    pinned: bool = False
    points: frozenset[str] = frozenset(NUMBERS)
    timeless: bool = False

    @property
    def corrected(self) -> bool:
        """Tell whether it is of a reject file that comes back."""
        return len(self.columns) + self.unnamed < self.width

    @property
    def numbers(self) -> dict[int, str]:
        """Indexes of its columns of numbers, each with the field that it feeds."""
        found = {self.indexes.get(field): field for field in NUMBERS}
        found |= dict.fromkeys((*self.plus, *self.minus), "quantity")
        for stock in self.stock:
            found[stock.quantity] = "quantity"
            found[stock.reorder_point] = "reorder_point"
            found[stock.unit_price] = "unit_price"
        return {index: field for index, field in found.items() if index is not None}

    @property
    def width(self) -> int:
        """Cells of a whole row."""
        return len(self.header)


def layout_of(profile: Profile, header: tuple[str, ...], delimiter: str) -> Layout:
    """The layout of a feed that fits the profile.

    Raises:
        BadFileError: A column has no name, a name of several lines, or the name of another one.
    """
    columns = header
    if tuple(map(normalised, header[-len(REJECT_COLUMNS) :])) == REJECT_COLUMNS:
        columns = tuple(restored(header[: -len(REJECT_COLUMNS)]))
    else:
        _check_whole(header)
    own = len(columns)
    while columns and not columns[-1].strip():
        columns = columns[:-1]
    _check(profile, columns)
    labels = [normalised(column) for column in columns]
    indexes = {
        field: index
        for field, aliases in _fields(profile)
        if (index := _index(labels, aliases)) is not None
    }
    sku_fallback = _index(labels, profile.sku_fallback)
    if "sku" not in indexes and sku_fallback is not None:
        indexes["sku"], sku_fallback = sku_fallback, None
    stock = (*_stock_columns(profile, columns), *_state_columns(profile, labels, indexes))
    suffixes = _indexes(labels, profile.location.suffixes)
    plus, minus = _indexes(labels, profile.plus), _indexes(labels, profile.minus)
    used = {*indexes.values(), *suffixes, *plus, *minus, sku_fallback}
    for column in stock:
        used |= {column.quantity, column.reorder_point, column.unit_price}
        used |= {index for _, index in column.extras}
    skips = tuple(_index(labels, rule.columns) for rule in profile.skip_rows)
    known = {*used, *skips}
    return Layout(
        profile=profile,
        delimiter=delimiter,
        header=header,
        columns=columns,
        unnamed=own - len(columns),
        unnamed_first=not columns[0].strip(),
        indexes=indexes,
        suffixes=suffixes,
        plus=plus,
        minus=minus,
        sku_fallback=sku_fallback,
        stock=stock,
        unknown=tuple(
            column.strip()
            for index, column in enumerate(columns)
            if index not in known and column.strip() and not _is_known(profile, labels[index])
        ),
        extras=tuple((c.strip(), i) for i, c in enumerate(columns) if i not in used and c.strip()),
        skips=skips,
    )


def location_labels(profile: Profile, columns: Sequence[str]) -> list[tuple[str, int]]:
    """Names of the locations in a header, with the index of their quantity column."""
    rule = profile.location
    if rule.prefix or rule.ending:
        found = _between(columns, rule.prefix, rule)
        return [each for each in found if normalised(columns[each[1]]) not in profile.attributes]
    labels = [normalised(column) for column in columns]
    after = _index(labels, rule.after)
    if after is None:
        return []
    known = {alias for aliases in profile.columns.values() for alias in aliases}
    known |= set(REJECT_COLUMNS)
    return [
        (column.strip(), index)
        for index, column in enumerate(columns)
        if index > after and labels[index] not in known and not _is_known(profile, labels[index])
    ]


def _is_known(profile: Profile, label: str) -> bool:
    """Tell whether a profile names a column, besides those that it reads."""
    required = any(label in alternatives for alternatives in profile.required)
    return required or label in profile.strong or label in profile.attributes


def _check_whole(header: Sequence[str]) -> None:
    """A reject file has all the columns that it came with: its rows are not stock of now.

    Raises:
        BadFileError: Some are missing, or stand elsewhere.
    """
    *appended, place = REJECT_COLUMNS
    labels = set(map(normalised, header))
    if place in labels or labels.issuperset(appended):
        raise stripped_reject_file()


def stripped_reject_file(*, by_name: bool = False) -> BadFileError:
    """The refusal of a reject file without the columns that it came with.

    Args:
        by_name: True if its name alone says that it is one.
    """
    named = " (give a file of stock another name)" if by_name else ""
    return BadFileError(
        ErrorCode.MISSING_LABEL,
        f"a reject file ends with the columns {', '.join(REJECT_COLUMNS)}, and this one does "
        "not: its rows would count as of now and could replace newer stock; fetch it again "
        f"with `inventory rejects get` and leave these columns as they are{named}",
        line=1,
        column=REJECT_COLUMNS[-1],
    )


def _check(profile: Profile, header: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    wanted = {alias for _, aliases in _fields(profile) for alias in aliases}
    for index, label in enumerate(header):
        if not label.strip():
            if index == 0 and not profile.closed:
                continue
            raise BadFileError(
                ErrorCode.MISSING_LABEL, f"column {index + 1} of the header has no name", line=1
            )
        if "\n" in label or "\r" in label or (not profile.quoted and '"' in label):
            raise BadFileError(
                ErrorCode.SOURCE_ERROR,
                f"the name of column {index + 1} is damaged",
                line=1,
                value=label[:80],
            )
        # Columns that feed a field are the same in any writing; others only when written alike.
        same = normalised(label) if normalised(label) in wanted else label.strip()
        if same in seen:
            raise BadFileError(
                ErrorCode.DUPLICATE_LABEL,
                f"the header names {label.strip()!r} twice",
                line=1,
                column=label.strip(),
            )
        seen[same] = label


def _fields(profile: Profile) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from profile.columns.items()
    yield "location", profile.location.columns


def _index(labels: Sequence[str], aliases: Sequence[str]) -> int | None:
    return next((labels.index(alias) for alias in aliases if alias in labels), None)


def _indexes(labels: Sequence[str], columns: Sequence[Sequence[str]]) -> tuple[int, ...]:
    found = (_index(labels, aliases) for aliases in columns)
    return tuple(index for index in found if index is not None)


def _between(columns: Sequence[str], prefix: str, rule: LocationRule) -> Iterator[tuple[str, int]]:
    """Names that stand in the labels between a prefix and the rule's ending."""
    begins, ends = prefix.casefold(), rule.ending.casefold()
    for index, column in enumerate(columns):
        label = column.strip()
        if label.casefold().startswith(begins) and label.casefold().endswith(ends):
            name = label[len(prefix) : len(label) - len(rule.ending)]
            if name := (name.replace("_", " ") if rule.underscores else name).strip():
                yield name, index


def _state_columns(
    profile: Profile, labels: Sequence[str], indexes: Mapping[str, int]
) -> Iterator[StockColumn]:
    """The quantity column and those of the states, where the profile has states."""
    if profile.location.states:
        yield StockColumn("", indexes["quantity"], None, None, ())
    for aliases, state in profile.location.states:
        if (index := _index(labels, aliases)) is not None:
            yield StockColumn(state, index, None, None, ())


def _stock_columns(profile: Profile, columns: Sequence[str]) -> Iterator[StockColumn]:
    rule = profile.location
    if not rule.in_header:
        return
    by_prefix = {
        prefix: dict(_between(columns, prefix, rule))
        for prefix in (*rule.fields.values(), *rule.families)
    }
    seen: set[str] = set()
    for location, quantity in location_labels(profile, columns):
        if location in seen:
            raise BadFileError(
                ErrorCode.DUPLICATE_LABEL,
                f"the header names the location {location!r} twice",
                line=1,
                column=columns[quantity],
            )
        seen.add(location)
        reorder_point, unit_price = (
            by_prefix[rule.fields[field]].get(location) if field in rule.fields else None
            for field in ("reorder_point", "unit_price")
        )
        yield StockColumn(
            location,
            quantity,
            reorder_point,
            unit_price,
            tuple(
                (prefix.strip(" _[("), by_prefix[prefix][location])
                for prefix in rule.families
                if location in by_prefix[prefix]
            ),
        )
