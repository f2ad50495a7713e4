r"""Profiles from settings: the shape of the data, and everything that is wrong with it at once.

A profile is an object with these entries; `name` and `columns` must be there:

    name              text, [a-z0-9_-]+
    title             text
    delimiters        list of "," "\t" ";" "|"                       default: all
    quoted            true or false                                  default: true
    encodings         list of "cp1252", "cp932", besides UTF-8       default: none
    columns           field to alias or list of aliases; sku must be there, and quantity unless
                      the location is in the header
    required          list of labels, each also as a list of alternatives, besides sku and quantity
    strong, negative  list of labels
    sku_fallback      alias or list of aliases
    location          {"column": aliases, "default": text}
                      or {"constant": text, "suffix_column": aliases}
                      or {"header_prefix": text, "underscores": bool, "fields": {field: prefix},
                      "families": [prefix]}
                      or {"after_column": aliases}                   default: "default"
    decimals          "point", "comma" or "either", of quantities    default: "either"
    price_decimals    the same, of prices                            default: "either"
    group             "," "." " " or "'" between groups of three digits; else "1.200" is refused
                      where it could be both a thousand and more and a fraction
    not_stocked       list of quantity cells that mean: not kept here
    blank_prices      list of price cells that mean: no price
    skip_blank_sku    true or false                                  default: true
    skip_rows         list of {"column": aliases, "words": [text], "reason": text}
    formula_guard     true or false                                  default: false
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from inventory.domain.reading.encodings import LEGACY_ENCODINGS
from inventory.domain.reading.profiles import (
    DEFAULT_LOCATION,
    DELIMITERS,
    FIELDS,
    LocationRule,
    Profile,
    SkipRule,
    normalised,
)
from inventory.domain.reading.quantities import Decimals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TEXTS = ("title",)
_FLAGS = ("quoted", "skip_blank_sku", "formula_guard")
_LISTS = (
    "delimiters",
    "encodings",
    "strong",
    "negative",
    "not_stocked",
    "blank_prices",
    "skip_rows",
    "required",
)
_ENTRIES = frozenset(
    (
        "name",
        "columns",
        "sku_fallback",
        "location",
        "decimals",
        "price_decimals",
        "group",
        *_TEXTS,
        *_FLAGS,
        *_LISTS,
    )
)
_GROUPS = (",", ".", " ", "'")
_LOCATION_WAYS = {
    "column": {"default"},
    "constant": {"suffix_column"},
    "header_prefix": {"underscores", "fields", "families"},
    "after_column": set[str](),
}


def profile_from(data: Mapping[str, Any]) -> Profile:
    """The profile that valid data describes (see `problems_of`)."""
    columns = {field: _aliases(labels) for field, labels in data["columns"].items()}
    location = _location_from(data.get("location", {}))
    sku_fallback = _aliases(data.get("sku_fallback", ()))
    always = [columns["sku"] + sku_fallback]
    if not location.in_header:
        always.append(columns["quantity"])
    required = [_aliases(labels) for labels in data.get("required", ())]
    optional: dict[str, Any] = {key: data[key] for key in _FLAGS if key in data}
    if "delimiters" in data:
        optional["delimiters"] = tuple(data["delimiters"])
    return Profile(
        name=data["name"],
        title=data.get("title", data["name"]),
        encodings=tuple(data.get("encodings", ())),
        required=tuple(dict.fromkeys([*always, *required])),
        strong=tuple(normalised(label) for label in data.get("strong", ())),
        negative=tuple(normalised(label) for label in data.get("negative", ())),
        columns=columns,
        sku_fallback=sku_fallback,
        location=location,
        decimals=Decimals(data.get("decimals", Decimals.EITHER)),
        price_decimals=Decimals(data.get("price_decimals", Decimals.EITHER)),
        group=data.get("group", ""),
        not_stocked=frozenset(text.strip().casefold() for text in data.get("not_stocked", ())),
        blank_prices=frozenset(text.strip().casefold() for text in data.get("blank_prices", ())),
        skip_rows=tuple(
            SkipRule(
                columns=_aliases(rule["column"]),
                words=frozenset(word.strip().casefold() for word in rule.get("words", ())),
                reason=rule["reason"],
            )
            for rule in data.get("skip_rows", ())
        ),
        **optional,
    )


def _aliases(labels: str | Collection[str]) -> tuple[str, ...]:
    return tuple(map(normalised, (labels,) if isinstance(labels, str) else labels))


def _location_from(data: Mapping[str, Any]) -> LocationRule:
    return LocationRule(
        columns=_aliases(data.get("column", ())),
        default=data.get("default", DEFAULT_LOCATION),
        constant=data.get("constant", ""),
        suffix=_aliases(data.get("suffix_column", ())),
        prefix=data.get("header_prefix", ""),
        after=_aliases(data.get("after_column", ())),
        underscores=data.get("underscores", False),
        fields=dict(data.get("fields", {})),
        families=tuple(data.get("families", ())),
    )


def problems_of(data: Any) -> Iterator[str]:  # noqa: ANN401  settings come as any JSON
    """What is wrong with one profile's data; nothing when `profile_from` can take it."""
    if not isinstance(data, dict):
        yield f"a profile must be an object, got {data!r}"
        return
    name = data.get("name")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        yield f"name must be lower case letters, digits, _ and -, got {name!r}"
    for key in sorted(set(data) - _ENTRIES):
        yield f"{key} is no entry of a profile, allowed are {', '.join(sorted(_ENTRIES))}"
    for key in _TEXTS:
        if not isinstance(data.get(key, ""), str):
            yield f"{key} must be text, got {data[key]!r}"
    for key in _FLAGS:
        if not isinstance(data.get(key, True), bool):
            yield f"{key} must be true or false, got {data[key]!r}"
    for key in _LISTS:
        if not isinstance(data.get(key, []), list):
            yield f"{key} must be a list, got {data[key]!r}"
    for key in ("strong", "negative", "not_stocked", "blank_prices"):
        yield from _problems_of_texts(key, data.get(key, []))
    yield from _problems_of_choices("delimiters", data.get("delimiters", [","]), DELIMITERS)
    yield from _problems_of_choices("encodings", data.get("encodings", []), LEGACY_ENCODINGS)
    if data.get("group", ",") not in _GROUPS:
        yield f"group must be one of {' '.join(map(repr, _GROUPS))}, got {data['group']!r}"
    for key in ("decimals", "price_decimals"):
        yield from _problems_of_choices(key, [data.get(key, "point")], tuple(Decimals))
    if data.get("delimiters") == []:
        yield "delimiters must name at least one"
    if "sku_fallback" in data:
        yield from _problems_of_aliases("sku_fallback", data["sku_fallback"])
    if isinstance(required := data.get("required", []), list):
        for labels in required:
            yield from _problems_of_aliases("required", labels)
    location = data.get("location", {})
    yield from _problems_of_location(location)
    wide = isinstance(location, dict) and bool({"header_prefix", "after_column"} & set(location))
    yield from _problems_of_columns(data.get("columns"), wide=wide)
    yield from _problems_of_skips(data.get("skip_rows", []))


def _problems_of_texts(key: str, texts: object) -> Iterator[str]:
    if isinstance(texts, list) and not all(isinstance(text, str) for text in texts):
        yield f"{key} must hold text alone, got {texts!r}"


def _problems_of_choices(key: str, chosen: object, allowed: tuple[str, ...]) -> Iterator[str]:
    if isinstance(chosen, list):
        for choice in chosen:
            if choice not in allowed:
                yield f"{key} got {choice!r}, allowed are {', '.join(map(repr, map(str, allowed)))}"


def _problems_of_aliases(key: str, labels: object) -> Iterator[str]:
    given = [labels] if isinstance(labels, str) else labels
    if not isinstance(given, list) or not given:
        yield f"{key} must be a label or a list of labels, got {labels!r}"
        return
    for label in given:
        if not isinstance(label, str) or not normalised(label):
            yield f"{key} must name labels with letters or digits, got {label!r}"


def _problems_of_columns(columns: object, *, wide: bool) -> Iterator[str]:
    if not isinstance(columns, dict):
        yield f"columns must be an object of field to labels, got {columns!r}"
        return
    for field in ("sku",) if wide else ("sku", "quantity"):
        if field not in columns:
            yield f"columns must name {field}"
    for field, labels in columns.items():
        if field not in FIELDS:
            yield f"columns got the field {field!r}, allowed are {', '.join(FIELDS)}"
        yield from _problems_of_aliases(f"columns.{field}", labels)


def _problems_of_location(location: object) -> Iterator[str]:
    if not isinstance(location, dict):
        yield f"location must be an object, got {location!r}"
        return
    if not location:
        return
    ways = [way for way in _LOCATION_WAYS if way in location]
    if len(ways) != 1:
        yield f"location must have exactly one of {', '.join(_LOCATION_WAYS)}, got {location!r}"
        return
    way = ways[0]
    for key in sorted(set(location) - {way} - _LOCATION_WAYS[way]):
        yield f"location.{key} does not go with {way}"
    for key in ("column", "suffix_column", "after_column"):
        if key in location:
            yield from _problems_of_aliases(f"location.{key}", location[key])
    for key in ("constant", "default", "header_prefix"):
        if key in location and not (isinstance(location[key], str) and location[key].strip()):
            yield f"location.{key} must be text, got {location[key]!r}"
    if not isinstance(location.get("underscores", False), bool):
        yield f"location.underscores must be true or false, got {location['underscores']!r}"
    fields = location.get("fields", {})
    if not isinstance(fields, dict) or not all(
        field == "reorder_point" and isinstance(prefix, str) for field, prefix in fields.items()
    ):
        yield f"location.fields can hold the prefix of reorder_point alone, got {fields!r}"
    families = location.get("families", [])
    if not isinstance(families, list):
        yield f"location.families must be a list, got {families!r}"
    yield from _problems_of_texts("location.families", families)


def _problems_of_skips(rules: object) -> Iterator[str]:
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, dict) or set(rule) - {"column", "words", "reason"}:
            yield f"skip_rows must hold objects of column, words and reason, got {rule!r}"
            continue
        yield from _problems_of_aliases("skip_rows.column", rule.get("column"))
        if not isinstance(rule.get("reason"), str) or not rule["reason"]:
            yield f"skip_rows.reason must be text, got {rule.get('reason')!r}"
        if not isinstance(rule.get("words", []), list):
            yield f"skip_rows.words must be a list, got {rule['words']!r}"
        yield from _problems_of_texts("skip_rows.words", rule.get("words", []))
