"""Which profile a header belongs to, and where its columns are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.domain.errors import BadFileError, ErrorCode
from inventory.domain.reading.catalogue import BUILT_IN
from inventory.domain.reading.layout import Layout, layout_of, location_labels
from inventory.domain.reading.profile_settings import problems_of, profile_from
from inventory.domain.reading.profiles import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inventory.domain.reading.profiles import Profile

_NEAREST = 3


def validate_profiles(data: Any) -> list[str]:  # noqa: ANN401  settings come as any JSON
    """Everything that is wrong with the profiles of a deployment; nothing when they are valid.

    Args:
        data: `{"profiles": [...], "pins": {key prefix: profile name}}`; both may be left out. The
            entries of a profile are listed in `profile_settings`.

    Example:
        >>> validate_profiles({"pins": {"acme/": "acme"}})
        ["pins: 'acme/' names 'acme', which is no profile"]
    """
    if not isinstance(data, dict):
        return [f"profiles must be an object with profiles and pins, got {data!r}"]
    problems = [
        f"{key} is neither profiles nor pins" for key in sorted(set(data) - {"profiles", "pins"})
    ]
    profiles = data.get("profiles", [])
    if not isinstance(profiles, list):
        problems.append(f"profiles must be a list, got {profiles!r}")
        profiles = []
    names = {built_in["name"] for built_in in BUILT_IN}
    for index, profile in enumerate(profiles):
        problems += [f"profiles[{index}]: {problem}" for problem in problems_of(profile)]
        name = profile.get("name") if isinstance(profile, dict) else None
        if isinstance(name, str):
            if name in names:
                problems.append(f"profiles[{index}]: the name {name!r} is taken")
            names.add(name)
    pins = data.get("pins", {})
    if not isinstance(pins, dict):
        problems.append(f"pins must be an object, got {pins!r}")
        pins = {}
    problems += [
        f"pins: {prefix!r} names {name!r}, which is no profile"
        for prefix, name in pins.items()
        if not isinstance(name, str) or name not in names
    ]
    return problems


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A header read in one dialect."""

    delimiter: str
    quoted: bool
    labels: tuple[str, ...]
    known: frozenset[str]


class ProfileSet:
    """The profiles of a deployment: its own before the built-in ones.

    Args:
        own: Data of the deployment's own profiles, valid.
        pins: Key prefix to the name of the only profile for keys that begin so.
    """

    def __init__(
        self, own: Sequence[Mapping[str, Any]] = (), pins: Mapping[str, str] | None = None
    ) -> None:
        self._own = {data["name"]: data for data in own}
        self._profiles = {data["name"]: profile_from(data) for data in (*own, *BUILT_IN)}
        self._pins = dict(pins or {})

    @classmethod
    def from_settings(cls, data: Mapping[str, Any]) -> ProfileSet:
        """The set that settings describe.

        Args:
            data: As `validate_profiles` takes it.

        Raises:
            ValueError: The data is not valid; the message lists everything that is wrong.
        """
        if problems := validate_profiles(data):
            raise ValueError("; ".join(problems))
        return cls(data.get("profiles", ()), data.get("pins"))

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._profiles.values())

    def own_data(self, name: str) -> Mapping[str, Any] | None:
        """The data of a profile of the deployment's own; None for a built-in one."""
        return self._own.get(name)

    def fitting(self, key: str) -> list[Profile]:
        """The profiles that a file with this key may follow."""
        pin = self._pin(key)
        return list(self) if pin is None else [self._profiles[self._pins[pin]]]

    def feed_of(self, key: str) -> str:
        """Name of the feed that a key belongs to: the prefix that pins it, else the key itself."""
        pin = self._pin(key)
        return key if pin is None else pin

    def _pin(self, key: str) -> str | None:
        prefixes = [prefix for prefix in self._pins if key.startswith(prefix)]
        return max(prefixes, key=len, default=None)

    def match(
        self, headers: Mapping[tuple[str, bool], Sequence[str]], key: str, *, legacy: str = ""
    ) -> Layout:
        """The layout of a feed by the profile that fits its header best.

        Args:
            headers: The header's cells in every dialect (delimiter, quoted) in which it is
                well-formed.
            key: Object key, which may pin a profile.
            legacy: The encoding the header was read in, if only profiles that list it may fit.

        Raises:
            BadFileError: No profile fits, or columns are named twice or not at all.
        """
        candidates = [
            _Candidate(delimiter, quoted, tuple(cells), frozenset(map(normalised, cells)))
            for (delimiter, quoted), cells in headers.items()
        ]
        profiles = [p for p in self.fitting(key) if not legacy or legacy in p.encodings]
        best: tuple[int, Profile, _Candidate] | None = None
        for profile in profiles:
            for candidate in candidates:
                fit = _fit(profile, candidate)
                if fit is not None and (best is None or fit > best[0]):
                    best = fit, profile, candidate
        if best is None:
            raise BadFileError(ErrorCode.MISSING_LABEL, self._nearest(profiles, candidates), line=1)
        _, profile, candidate = best
        return layout_of(profile, candidate.labels, candidate.delimiter)

    def _nearest(self, profiles: Sequence[Profile], candidates: Sequence[_Candidate]) -> str:
        """What the profiles that fit best still miss."""
        ranked = []
        for order, profile in enumerate(profiles):
            missing = min(
                (_missing(profile, candidate) for candidate in _in_dialect(profile, candidates)),
                key=len,
                default=None,
            )
            if missing is not None:
                ranked.append((len(missing), order, profile, missing))
        ranked.sort(key=lambda entry: entry[:2])
        nearest = "; ".join(
            f"{profile.title} ({profile.name}) misses {', '.join(missing) or 'nothing'}"
            + _unwanted(profile, candidates)
            for _, _, profile, missing in ranked[:_NEAREST]
        )
        return f"the header fits no profile; nearest: {nearest or 'none in its dialect'}"


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
        where = profile.location.prefix.strip() or f"after {profile.location.after[0]}"
        missing.append(f"a column per location ({where})")
    return missing


def _fit(profile: Profile, candidate: _Candidate) -> int | None:
    """How many columns speak for the profile; None when it does not fit."""
    if not _in_dialect(profile, [candidate]) or _missing(profile, candidate):
        return None
    labels = candidate.known
    if not labels.isdisjoint(profile.negative):
        return None
    strong = sum(label in labels for label in profile.strong)
    return len(profile.required) + profile.location.in_header + strong


def _unwanted(profile: Profile, candidates: Sequence[_Candidate]) -> str:
    """Columns that speak against a profile."""
    labels = {label for c in _in_dialect(profile, candidates) for label in c.known}
    found = [label for label in profile.negative if label in labels]
    return f" and has {', '.join(found)}" if found else ""
