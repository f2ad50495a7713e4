"""Settings read and checked, with everything that is wrong told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError, field_validator
from pydantic_core import PydanticCustomError

from constructs_lib.settings import Settings

ValidateFeedProfiles = Callable[[dict[str, Any]], list[str]]

NOT_UNDERSTOOD = "feed_profiles_not_understood"


class SettingsError(Exception):
    """Settings that cannot be used, all of them, a line each."""


def load_settings(
    context: dict[str, Any], validate_feed_profiles: ValidateFeedProfiles = lambda _: []
) -> Settings:
    """Read the settings of one environment.

    Args:
        context: What cdktf.json says about the environment.
        validate_feed_profiles: Gives what is wrong with the feed profiles, a sentence each.

    Raises:
        SettingsError: Says for every setting that cannot be used its name, the value got and the
            values allowed.
    """

    class CheckedSettings(Settings):
        """Settings whose feed profiles the functions understand."""

        @field_validator("feed_profiles")
        @classmethod
        def _understood(cls, value: dict[str, Any]) -> dict[str, Any]:
            problems = validate_feed_profiles(value) if any(value.values()) else []
            if problems:
                raise PydanticCustomError(NOT_UNDERSTOOD, "{problems}", {"problems": problems})
            return value

    try:
        return CheckedSettings(**context)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for each in error.errors():
        if not each["loc"]:
            lines.append(each["msg"].removeprefix("Value error, "))
            continue
        name = str(each["loc"][0])
        if each["type"] == NOT_UNDERSTOOD:
            lines += [f"{name} ({name.upper()}): {problem}" for problem in each["ctx"]["problems"]]
            continue
        field = Settings.model_fields.get(name)
        if field is None:
            lines.append(f"{name}: no such setting; there are {', '.join(Settings.model_fields)}")
            continue
        extra = field.json_schema_extra
        allowed = extra["allowed"] if isinstance(extra, dict) else ""
        inner = ".".join(map(str, each["loc"]))
        lines.append(f"{inner} ({name.upper()}): got {each['input']!r}, allowed: {allowed}")
    return lines
