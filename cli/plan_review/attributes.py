"""Differences between two values, attribute by attribute, with secrets and unknowns masked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plan_review.masking import ABSENT, UNKNOWN, anywhere, at, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plan_review.masking import JsonValue
    from plan_review.plan import Change


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One attribute that changes; texts are ready to be shown.

    Attributes:
        path: Where it is, such as `environment.0.variables.LEVEL`.
        before: What it was.
        after: What it becomes.
    """

    path: str
    before: str
    after: str


def differences(change: Change) -> tuple[Difference, ...]:
    """Give the attributes in which a change's two sides differ.

    A value that is sensitive on one side is masked on both: the other side may hold the same.
    Nothing, an empty list, an empty map and an empty text are the same; providers do not tell them
    apart either.

    Args:
        change: The change.
    """
    return tuple(
        _walk(
            (),
            change.before,
            change.after,
            _Masks(change.unknown, change.before_sensitive, change.after_sensitive),
        )
    )


@dataclass(frozen=True)
class _Masks:
    unknown: JsonValue = False
    before: JsonValue = False
    after: JsonValue = False

    @property
    def sensitive(self) -> bool:
        return self.before is True or self.after is True

    def at(self, key: str | int) -> _Masks:
        return _Masks(*(at(mask, key) for mask in (self.unknown, self.before, self.after)))


def _walk(
    path: tuple[str, ...],
    before: JsonValue,
    after: JsonValue,
    masks: _Masks,
) -> Iterator[Difference]:
    name = ".".join(path)
    if masks.unknown is True:
        hidden = masks.sensitive or anywhere(masks.before)
        yield Difference(path=name, before=_text(shown(before, hidden)), after=UNKNOWN)
        return
    if masks.sensitive:
        if normal(before) != normal(after):
            before, after = shown(before, masks.sensitive), shown(after, masks.sensitive)
            yield Difference(path=name, before=_text(before), after=_text(after))
        return
    keys = _keys(before, after, masks.unknown)
    if keys is not None:
        for key in keys:
            yield from _walk((*path, str(key)), _get(before, key), _get(after, key), masks.at(key))
        return
    if normal(before) == normal(after):
        return
    documents = _document(before), _document(after)
    if None not in documents and not any(
        anywhere(mask) for mask in (masks.unknown, masks.before, masks.after)
    ):
        yield from _walk(path, *documents, _Masks())
        return
    hidden = anywhere(masks.before) or anywhere(masks.after)
    yield Difference(
        path=name, before=_text(shown(before, hidden)), after=_text(shown(after, hidden))
    )


def _keys(before: JsonValue, after: JsonValue, unknown: JsonValue) -> list[str] | list[int] | None:
    sides = [each for each in (before, after) if each is not None]
    if not isinstance(unknown, bool):
        sides.append(unknown)
    if sides and all(isinstance(each, dict) for each in sides):
        return sorted({key for each in sides for key in each})
    if sides and all(isinstance(each, list) for each in sides):
        return list(range(max(len(each) for each in sides)))
    return None


def _get(side: JsonValue, key: str | int) -> JsonValue:
    if isinstance(side, dict):
        return side.get(key)
    if isinstance(side, list) and isinstance(key, int) and key < len(side):
        return side[key]
    return None


def _document(value: JsonValue) -> JsonValue:
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(value)
    except (RecursionError, ValueError):
        return None


def normal(value: JsonValue) -> JsonValue:
    """Give a value in which nothing and everything empty is None, at any depth.

    Args:
        value: A value of JSON.
    """
    if isinstance(value, dict):
        kept = {key: normal(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each is not None} or None
    if isinstance(value, list):
        return [normal(each) for each in value] or None
    return None if value == "" else value


def _text(value: JsonValue) -> str:
    if value is None:
        return ABSENT
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
