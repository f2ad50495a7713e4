"""Match a header with a profile, and find its columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading.catalogue import BUILT_IN
from inventory.domain.reading.evidence import A_TOTAL, evidence_in, is_no_count, location_looks_like
from inventory.domain.reading.feed_settings import FeedSettings
from inventory.domain.reading.layout import Layout, layout_of, location_labels
from inventory.domain.reading.not_stock import report_of
from inventory.domain.reading.profile_settings import profile_from
from inventory.domain.reading.profiles import DELIMITERS, OnDuplicate, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inventory.domain.reading.profiles import Profile

_NEAREST = 3
_NAMED_LABELS = 12
_ADVICE = "describe it with `inventory profile FILE`"


@cache
def built_in_profiles() -> Mapping[str, Profile]:
    """The built-in profiles by name, in the order in which they are tried."""
    return {name: profile_from(name, data) for name, data in BUILT_IN.items()}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A header read in one dialect."""

    delimiter: str
    quoted: bool
    labels: tuple[str, ...]
    known: frozenset[str]


class ProfileSet:
    """The profiles and feeds of a deployment: its own profiles before the built-in ones.

    Args:
        profiles: Name to data of the deployment's own profiles, valid.
        feeds: Key prefix to what is expected of the files below it, valid.
        max_stock_drop_share: That of feeds that do not say one.
    """

    def __init__(
        self,
        profiles: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        feeds: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        *,
        max_stock_drop_share: Decimal = Decimal(0),
    ) -> None:
        self._own = profiles
        own = {name: profile_from(name, data) for name, data in profiles.items()}
        # A name that a release has made built-in since still means what a stored reading says.
        self._profiles = own | {
            name: profile for name, profile in built_in_profiles().items() if name not in own
        }
        self._feeds = feeds
        self._share = max_stock_drop_share
        self._lengths = sorted({len(prefix) for prefix in feeds}, reverse=True)
        self.delimiters: tuple[str, ...] = DELIMITERS

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._profiles.values())

    def own_data(self, name: str) -> Mapping[str, Any] | None:
        """The data of a profile of the deployment's own; None for a built-in one."""
        return self._own.get(name)

    def feed_of(self, key: str) -> FeedSettings:
        """The feed that a key belongs to: that of the longest prefix, else one of its own."""
        prefixes = (key[:length] for length in self._lengths)
        prefix = next((prefix for prefix in prefixes if prefix in self._feeds), None)
        if prefix is None:
            return FeedSettings(prefix=key, max_stock_drop_share=self._share)
        return FeedSettings.from_data(
            prefix, {"max_stock_drop_share": self._share, **self._feeds[prefix]}
        )

    @property
    def holds(self) -> bool:
        """Tell whether files of any feed are held when they would take too much stock away."""
        shares = (feed.get("max_stock_drop_share", 0) for feed in self._feeds.values())
        return bool(self._share) or any(map(Decimal, shares))

    def match(
        self, headers: Mapping[tuple[str, bool], Sequence[str]], key: str, *, legacy: str = ""
    ) -> Layout:
        """The layout of a file by the profile that fits its header best.

        Args:
            headers: The header's cells in every dialect (delimiter, quoted) in which it is
                well-formed.
            key: Object key, whose feed may name the profile.
            legacy: The encoding the header was read in, if only profiles that list it may fit.

        Raises:
            BadFileError: No profile fits, or columns are named twice or not at all.
        """
        candidates = [
            _Candidate(delimiter, quoted, tuple(cells), frozenset(map(normalised, cells)))
            for (delimiter, quoted), cells in headers.items()
        ]
        feed = self.feed_of(key)
        profiles = [self._profiles[feed.profile]] if feed.profile else list(self)
        profiles = [p for p in profiles if not legacy or legacy in p.encodings]
        best: tuple[int, Profile, _Candidate] | None = None
        for profile in profiles:
            for candidate in candidates:
                fit = _fit(profile, candidate)
                if fit is not None and (best is None or fit > best[0]):
                    best = fit, profile, candidate
        if best is None:
            raise BadFileError(ErrorCode.MISSING_LABEL, _refusal(profiles, candidates), line=1)
        _, profile, candidate = best
        layout = layout_of(profile, candidate.labels, candidate.delimiter)
        if not feed.profile:
            _check_evidence(layout)
        _check_locations(layout, pinned=bool(feed.profile))
        on_duplicate = feed.on_duplicate or profile.on_duplicate
        if layout.corrected and on_duplicate is OnDuplicate.SUM:
            raise BadFileError(
                ErrorCode.CONSTRAINT_ERROR,
                "rows of this feed with the same SKU and location are added, and a reject file "
                "holds only some of them: correct the whole file and upload that",
                line=1,
            )
        return replace(
            layout,
            locations=feed.locations,
            on_duplicate=on_duplicate,
            pinned=bool(feed.profile),
            timeless=feed.complete,
        )


def _check_evidence(layout: Layout) -> None:
    """Refuse what a file that nobody vouches for must not hold.

    Raises:
        BadFileError: Its header is that of a report that is no stock, or a column is unknown.
    """
    profile = layout.profile
    report = report_of(set(map(normalised, layout.columns)))
    if report is not None:
        raise BadFileError(ErrorCode.CONSTRAINT_ERROR, report.refusal(), line=1)
    for index, field in layout.numbers.items():
        if field == "quantity" and is_no_count(layout.columns[index]):
            label = layout.columns[index].strip()
            raise BadFileError(
                ErrorCode.CONSTRAINT_ERROR,
                f"the column {label!r} looks like a share, a value or a change, and no quantity of "
                f"stock. If it is one, {_ADVICE}, or name the profile for its feed",
                line=1,
                column=label,
            )
    if profile.closed:
        found = [(label, "is none of its columns") for label in layout.unknown]
    else:
        found = [
            (label, f"it does not know, and looks like {kind}")
            for label, kind in evidence_in(layout.unknown)
        ]
    for label, what in found:
        keep = f"; call it attr_{label} to keep it" if profile.name == "canonical" else ""
        raise BadFileError(
            ErrorCode.CONSTRAINT_ERROR,
            f"{profile.title} ({profile.name}) fits but for the column {label!r}, which {what}"
            f"{keep}. If the file is stock, {_ADVICE}, or name the profile for its feed",
            line=1,
            column=label,
        )


def _check_locations(layout: Layout, *, pinned: bool) -> None:
    """Refuse columns that stand among those of the locations and hold something else.

    Raises:
        BadFileError: One does; in a file of a feed that names its profile, only a total.
    """
    profile = layout.profile
    for stock in layout.stock if profile.location.in_header else ():
        kind = location_looks_like(stock.location)
        if kind is None or (pinned and kind != A_TOTAL):
            continue
        label = layout.columns[stock.quantity].strip()
        trust = "" if pinned else "; if it is a location, name the profile for its feed"
        raise BadFileError(
            ErrorCode.CONSTRAINT_ERROR,
            f"{profile.title} ({profile.name}) would take the column {label!r} for a location, and "
            f"it looks like {kind}: leave it out, or list it under `attributes` of a profile of "
            f"your own{trust}",
            line=1,
            column=label,
        )


def _refusal(profiles: Sequence[Profile], candidates: Sequence[_Candidate]) -> str:
    """Why no profile fits, with what was found and what the nearest ones miss."""
    labels = max((candidate.labels for candidate in candidates), key=len, default=())
    report = report_of(set(map(normalised, labels)))
    if report is not None:
        return report.refusal()
    found = ", ".join(label.strip() for label in labels[:_NAMED_LABELS])
    more = f" and {len(labels) - _NAMED_LABELS} more" if len(labels) > _NAMED_LABELS else ""
    ranked = []
    for order, profile in enumerate(profiles):
        in_dialect = _in_dialect(profile, candidates)
        missing = min(
            (_missing(profile, candidate) for candidate in in_dialect), key=len, default=None
        )
        if missing is not None:
            share = len(missing) / len(profile.required)
            ranked.append((share, order, profile, missing))
    ranked.sort(key=lambda entry: entry[:2])
    nearest = "; ".join(
        f"{profile.title} ({profile.name}) misses {', '.join(missing) or 'nothing'}"
        + _unwanted(profile, candidates)
        for _, _, profile, missing in ranked[:_NEAREST]
    )
    return (
        f"the header fits no profile; found: {found}{more}; nearest: "
        f"{nearest or 'none in its dialect'}. If the file is stock, {_ADVICE}"
    )


def _in_dialect(profile: Profile, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    return [
        candidate
        for candidate in candidates
        if candidate.quoted == profile.quoted and candidate.delimiter in profile.delimiters
    ]


def _missing(profile: Profile, candidate: _Candidate) -> list[str]:
    """Required columns that are not there, as they would be written."""
    labels = candidate.known
    missing = [
        " or ".join(alternatives)
        for alternatives in profile.required
        if labels.isdisjoint(alternatives)
    ]
    if profile.location.in_header and not location_labels(profile, candidate.labels):
        rule = profile.location
        where = f"{rule.prefix}…{rule.ending}" if not rule.after else f"after {rule.after[0]}"
        missing.append(f"a column per location ({where})")
    return missing


def _fit(profile: Profile, candidate: _Candidate) -> int | None:
    """How many columns speak for the profile; None when it does not fit."""
    if not _in_dialect(profile, [candidate]) or _missing(profile, candidate):
        return None
    labels = candidate.known
    if any(label in profile.negative for label in labels):
        return None
    strong = sum(label in labels for label in profile.strong)
    return len(profile.required) + profile.location.in_header + strong


def _unwanted(profile: Profile, candidates: Sequence[_Candidate]) -> str:
    """Columns that speak against a profile."""
    labels = {label for c in _in_dialect(profile, candidates) for label in c.known}
    found = sorted(label for label in labels if label in profile.negative)
    return f" and has {', '.join(found)}" if found else ""
