"""The feeds file of a deployment: what is expected below a key prefix, and profiles of its own.

It is read when the stack is synthesised and by the commands. The functions get what is valid
already and reach none of this, so pydantic is no part of their zips.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from inventory.domain.model import Absent
from inventory.domain.reading.encodings import LEGACY_ENCODINGS
from inventory.domain.reading.matching import built_in_profiles
from inventory.domain.reading.profiles import (
    DELIMITERS,
    FIELDS,
    OnDuplicate,
    SkuForm,
    normalised,
)
from inventory.domain.reading.quantities import Decimals

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_NAME = "feeds.toml"
#: Feeds and profiles a file may hold, each.
MOST_ENTRIES = 5000
#: Bytes of a key prefix: what S3 takes for a whole key.
MOST_PREFIX_CHARACTERS = 1024


class FeedsFileError(Exception):
    """A feeds file that cannot be used; a line for everything that is wrong."""


def _label(text: str) -> str:
    if not normalised(text):
        raise ValueError("a label has letters or digits")
    return text


def _one_of(*allowed: str) -> AfterValidator:
    def check(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"allowed: {', '.join(map(repr, allowed))}")
        return text

    return AfterValidator(check)


def _time_format(text: str) -> str:
    try:
        written = datetime(2026, 12, 31, tzinfo=UTC).strftime(text)
        datetime.strptime(written, text)  # noqa: DTZ007  only whether it can be read
    except ValueError:
        raise ValueError("not a format of strptime") from None
    return text


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not an IANA time zone, such as Europe/Berlin")
    return name


Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
Label = Annotated[str, AfterValidator(_label)]
Labels = Label | Annotated[list[Label], Field(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Prefix = Annotated[str, StringConstraints(min_length=1, max_length=MOST_PREFIX_CHARACTERS)]
ColumnField = Annotated[str, _one_of(*FIELDS)]
Zone = Annotated[str, AfterValidator(_time_zone)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LocationEntry(_Entry):
    """Where a profile keeps the location; one way of four."""

    column: Labels | None = None
    """Label of its column, or a list of labels, of which the first one present counts."""
    constant: Text | None = None
    """The location of every row."""
    header_prefix: Text | None = None
    """Text before the location in the labels of quantity columns, one for each location."""
    header_ending: Text | None = None
    """Text after it, with or without a `header_prefix`."""
    after_column: Labels | None = None
    """Label after which every column that is not known is a location."""
    default: Text | None = None
    """With `column`: the location of rows whose cell is blank; without it they are rejected."""
    suffix_columns: list[Labels] = []
    """With `column` or `constant`: columns whose cells are added to the location."""
    states: dict[Label, Text] = {}
    """With `column` or `constant`: further quantity columns, to what is added to the location."""
    underscores: bool = False
    """With labels that hold the location: whether `_` in them is a blank."""
    fields: dict[Literal["reorder_point", "unit_price"], Text] = {}
    """With `header_prefix`: fields with a column per location, to what stands before it."""
    families: list[Text] = []
    """With `header_prefix`: what stands before it in further columns, which become attributes."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        in_label = self.header_prefix is not None or self.header_ending is not None
        ways = [self.column, self.constant, in_label or None, self.after_column]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("needs one of column, constant, header_prefix and after_column")
        in_cells = self.column is not None or self.constant is not None
        if (self.suffix_columns or self.states) and not in_cells:
            raise ValueError("suffix_columns and states go with column or constant alone")
        return self

    @property
    def wide(self) -> bool:
        """Tell whether quantity columns are told by their labels alone."""
        return self.column is None and self.constant is None


class SkipEntry(_Entry):
    """Rows that are no stock by one of their cells."""

    column: Labels
    """Label of the column."""
    words: list[str] = []
    """Cells that skip, `*` standing for anything; without them any cell that is not blank."""
    other_than: list[str] = []
    """In their place: the only cells that do not skip."""
    reason: Text
    """The thing that is counted."""

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if self.words and self.other_than:
            raise ValueError("takes words or other_than")
        return self


class ProfileEntry(_Entry):
    """How one kind of file is recognised and read."""

    title: str = ""
    """Its usual name."""
    delimiters: Annotated[list[Annotated[str, _one_of(*DELIMITERS)]], Field(min_length=1)] = list(
        DELIMITERS
    )
    """Delimiters it may come with."""
    quoted: bool = True
    """True if quotes have a meaning."""
    encodings: list[Annotated[str, _one_of(*LEGACY_ENCODINGS)]] = []
    """Encodings besides UTF-8 and marked UTF-16."""
    columns: dict[ColumnField, Labels]
    """Field to label, or to a list of labels, of which the first one present counts."""
    plus: list[Labels] = []
    """Columns that are added to the quantity."""
    minus: list[Labels] = []
    """Columns that are taken from it."""
    required: list[Labels] = []
    """Labels that must be there besides SKU and quantity; of a list, one of them."""
    strong: list[Label] = []
    """Labels that speak for it where several profiles fit."""
    negative: list[Label] = []
    """Labels that must not be there; `*` stands for anything."""
    attributes: list[str] = []
    """Labels of further columns that are known, and no location's; `*` stands for anything."""
    closed: bool = False
    """True if a column that is not known refuses the file."""
    sku_form: SkuForm = SkuForm.PLAIN
    """`brackets` for `[SKU] name`, `either`, or `single` where a comma means several SKUs."""
    sku_fallback: Labels | None = None
    """Label of the SKU where the first is blank."""
    location: LocationEntry | None = None
    """Where the location stands; without it every row is at `default`."""
    decimals: Decimals = Decimals.EITHER
    """How quantities are written: `point`, `comma` or `either`."""
    group: Annotated[str, _one_of(",", ".", " ", "'")] | None = None
    """Separator of groups of three digits; without it `1.200` is refused where it is doubtful."""
    price_decimals: Decimals = Decimals.EITHER
    """The same of prices."""
    time_formats: list[Annotated[Text, AfterValidator(_time_format)]] = []
    """How `updated_at` is written, as `strptime` takes it; without it ISO 8601."""
    time_zone: Zone = "UTC"
    """Time zone of times without an offset."""
    not_stocked: list[str] = []
    """Quantity cells that mean: not kept here."""
    blank_prices: list[str] = []
    """Price cells that mean: no price."""
    skip_blank_sku: bool = True
    """True if a blank SKU is skipped (else rejected)."""
    skip_rows: list[SkipEntry] = []
    """Rows that are no stock."""
    formula_guard: bool = False
    """True if a leading `'` before `= + - @` is dropped."""
    on_duplicate: OnDuplicate = OnDuplicate.LAST
    """Meaning of the same key twice: the `last` holds, their `sum`, or `reject` what differs."""

    @model_validator(mode="after")
    def _has_sku_and_quantity(self) -> Self:
        wide = self.location is not None and self.location.wide
        for name in ("sku",) if wide else ("sku", "quantity"):
            if name not in self.columns:
                raise ValueError(f"columns must name {name}")
        return self


class EveryHours(_Entry):
    """A file every so many hours."""

    hours: Annotated[int, Field(ge=1, le=24 * 31)]
    """Hours in which one must come."""


class OnDays(_Entry):
    """A file on days of the week, by a time of the day."""

    days: Annotated[
        list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)
    ]
    """Days on which one must have come."""
    time: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    """Time of the day by which it must, as HH:MM."""
    zone: Zone
    """Time zone of the time."""


class FeedEntry(_Entry):
    """Expectations of the files below a key prefix."""

    profile: Name | None = None
    """The only profile they may follow, which is believed whatever else the header holds."""
    sheet: Text | None = None
    """Name of the only sheet read of a workbook; without it only one may look like stock."""
    locations: Annotated[list[Text], Field(min_length=1)] | None = None
    """The only locations they may set; rows of others are rejected."""
    on_duplicate: OnDuplicate | None = None
    """Meaning of the same key twice in a file; by default the profile's."""
    max_stock_drop_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal(0)
    """Share of the last file's stock that a file may take away before it is held; 0 for any."""
    expected_every: EveryHours | OnDays | None = None
    """When files are expected; the feed is late from then until one was accepted."""
    complete: bool = False
    """True if a file states the whole stock of the feed: what it lacks is out of stock."""
    absent: Absent = Absent.ZERO
    """What a complete file lacks: `zero` is out of stock, `remove` is no more, `keep` stays."""
    required: bool = False
    """True if there must be such a feed at all; it is late while no file was ever accepted."""

    @model_validator(mode="after")
    def _empty_files_are_held(self) -> Self:
        given = self.model_fields_set
        if "absent" in given and not self.complete:
            raise ValueError("absent says what a complete file lacks: set complete as well")
        takes = self.complete and self.absent is not Absent.KEEP
        if takes and "max_stock_drop_share" not in given:
            raise ValueError(
                "a complete file takes away what it lacks, and one that broke off nearly "
                "everything: say by max_stock_drop_share above which share of the stock it is "
                "held, such as 0.3, or 0 for never"
            )
        return self


class FeedsFile(_Entry):
    """A whole feeds file."""

    feeds: Annotated[dict[Prefix, FeedEntry], Field(max_length=MOST_ENTRIES)] = {}
    """Key prefix to what is expected below it; the longest prefix of a key decides."""
    profiles: Annotated[dict[Name, ProfileEntry], Field(max_length=MOST_ENTRIES)] = {}
    """Name to profile, beside the built-in ones."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        taken = sorted(set(self.profiles) & set(built_in_profiles()))
        if taken:
            raise ValueError(f"profiles.{taken[0]}: a built-in profile has this name")
        for prefix, feed in self.feeds.items():
            name = feed.profile
            if name and name not in self.profiles and name not in built_in_profiles():
                raise ValueError(f"feeds.{prefix!r}.profile: there is no profile {name!r}")
        return self


def feeds_from(data: object) -> dict[str, Any]:
    """Check the data of a feeds file and give what the functions read.

    Args:
        data: As a file holds it: `feeds` and `profiles`, both of which may be left out.

    Returns:
        The entries that were given, as JSON holds them.

    Raises:
        FeedsFileError: Names everything that is wrong, with the value got.
    """
    try:
        checked = FeedsFile.model_validate(data)
    except ValidationError as error:
        raise FeedsFileError("\n".join(map(_problem, error.errors()))) from None
    return {
        "feeds": {},
        "profiles": {},
        **checked.model_dump(mode="json", exclude_unset=True, exclude_none=True),
    }


def read_feeds_file(path: Path) -> dict[str, Any]:
    """Read and check a feeds file; without one of the default name there are no feeds.

    Raises:
        FeedsFileError: It cannot be read or used; each line begins with the path.
    """
    if path.name == DEFAULT_NAME and not path.exists():
        return feeds_from({})
    try:
        return feeds_from(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FeedsFileError(f"{path}: {error}") from None
    except FeedsFileError as error:
        lines = str(error).splitlines()
        raise FeedsFileError("\n".join(f"{path}: {line}" for line in lines)) from None


def _problem(error: Any) -> str:  # noqa: ANN401  pydantic's ErrorDetails is a private module's
    where = ".".join(map(str, error["loc"]))
    message = error["msg"].removeprefix("Value error, ")
    got = "" if isinstance(error["input"], dict | BaseModel) else f", got {error['input']!r}"
    return f"{where}: {message}{got}" if where else message
