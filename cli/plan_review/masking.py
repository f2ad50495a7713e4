"""The one way values of a plan become text: what is sensitive is masked, whoever prints it."""

from __future__ import annotations

from typing import Any, TypeAlias

JsonValue: TypeAlias = Any
"""A value of JSON in the shape of a resource's schema, which only its provider knows."""

SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"
ABSENT = "(absent)"


def shown(value: JsonValue, *masks: JsonValue) -> JsonValue:
    """Give a value with everything replaced that one of the masks hides.

    Args:
        value: A value of JSON.
        masks: `before_sensitive`, `after_sensitive`: true, or the shape of the value with true in
            it. What one side hides is hidden in both, since the other may hold the same.
    """
    if any(mask is True for mask in masks):
        return None if value is None else SENSITIVE
    inner = [mask for mask in masks if mask]
    if not inner:
        return value
    if isinstance(value, dict):
        return {key: shown(each, *(at(mask, key) for mask in inner)) for key, each in value.items()}
    if isinstance(value, list):
        return [
            shown(each, *(at(mask, index) for mask in inner)) for index, each in enumerate(value)
        ]
    return value


def at(mask: JsonValue, key: str | int) -> JsonValue:
    """Give the part of a mask that belongs to a key or an index.

    Args:
        mask: True for all of it, or the shape of the value.
        key: A key of an object, or an index of a list.
    """
    if mask is True:
        return True
    if isinstance(mask, dict):
        return mask.get(key, False)
    if isinstance(mask, list) and isinstance(key, int) and key < len(mask):
        return mask[key]
    return False


def anywhere(mask: JsonValue) -> bool:
    """Tell whether a mask hides anything.

    Args:
        mask: True for all of it, or the shape of the value.
    """
    if isinstance(mask, dict):
        return any(anywhere(each) for each in mask.values())
    if isinstance(mask, list):
        return any(anywhere(each) for each in mask)
    return mask is True


def printable(text: str) -> str:
    """Give a text without control characters and marks that turn the direction of writing.

    Args:
        text: Any text of a plan.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )
