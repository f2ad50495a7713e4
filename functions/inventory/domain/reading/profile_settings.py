"""Profiles from data: of the catalogue, and of the feeds file of a deployment.

The data is valid: `inventory.feeds_file` checks it when the stack is synthesised, and says
what each entry means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory.domain.reading.profiles import (
    LocationRule,
    OnDuplicate,
    Profile,
    SkipRule,
    SkuForm,
    TimeForm,
    Wildcards,
    normalised,
)
from inventory.domain.reading.quantities import Decimals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_FLAGS = ("quoted", "skip_blank_sku", "formula_guard", "closed")


def profile_from(name: str, data: Mapping[str, Any]) -> Profile:
    """Make a profile of its data.

    Args:
        name: What records and feeds call it.
        data: Its entries.
    """
    columns = {field: _aliases(labels) for field, labels in data["columns"].items()}
    location = _location_from(data.get("location", {}))
    sku_fallback = _aliases(data.get("sku_fallback", ()))
    always = [columns["sku"] + sku_fallback]
    if not location.in_header:
        always.append(columns["quantity"])
    required = _columns(data.get("required", ()))
    optional: dict[str, Any] = {key: data[key] for key in _FLAGS if key in data}
    if "delimiters" in data:
        optional["delimiters"] = tuple(data["delimiters"])
    return Profile(
        name=name,
        title=data.get("title") or name,
        encodings=tuple(data.get("encodings", ())),
        required=tuple(dict.fromkeys([*always, *required])),
        strong=tuple(map(normalised, data.get("strong", ()))),
        negative=_labels(data.get("negative", ())),
        attributes=_labels(data.get("attributes", ())),
        columns=columns,
        plus=_columns(data.get("plus", ())),
        minus=_columns(data.get("minus", ())),
        sku_form=SkuForm(data.get("sku_form", SkuForm.PLAIN)),
        times=TimeForm(
            formats=tuple(data.get("time_formats", ())), zone=data.get("time_zone", "UTC")
        ),
        on_duplicate=OnDuplicate(data.get("on_duplicate", OnDuplicate.LAST)),
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
                words=Wildcards(rule.get("words", ())),
                other_than=Wildcards(rule.get("other_than", ())),
                reason=rule["reason"],
            )
            for rule in data.get("skip_rows", ())
        ),
        **optional,
    )


def _aliases(labels: str | Collection[str]) -> tuple[str, ...]:
    return tuple(map(normalised, (labels,) if isinstance(labels, str) else labels))


def _columns(columns: Iterable[str | Collection[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(_aliases, columns))


def _labels(patterns: Iterable[str]) -> Wildcards:
    """Patterns of labels in the form that labels are compared in, blanks beside a `*` kept."""
    return Wildcards("*".join(map(_between_stars, pattern.split("*"))) for pattern in patterns)


def _between_stars(text: str) -> str:
    words = normalised(text)
    before = " " if words and not text[0].isalnum() else ""
    after = " " if text and not text[-1].isalnum() else ""
    return f"{before}{words}{after}"


def _location_from(data: Mapping[str, Any]) -> LocationRule:
    return LocationRule(
        columns=_aliases(data.get("column", ())),
        default=data.get("default", ""),
        constant=data.get("constant", ""),
        suffixes=_columns(data.get("suffix_columns", ())),
        states=tuple((_aliases(label), state) for label, state in data.get("states", {}).items()),
        prefix=data.get("header_prefix", ""),
        ending=data.get("header_ending", ""),
        after=_aliases(data.get("after_column", ())),
        underscores=data.get("underscores", False),
        fields=dict(data.get("fields", {})),
        families=tuple(data.get("families", ())),
    )
