"""Settings loaded from cdktf.json and the environment, all errors reported at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError, field_validator
from pydantic_core import PydanticCustomError

from constructs_lib.settings import Settings

ValidateFeedProfiles = Callable[[dict[str, Any]], list[str]]

FEED_PROFILES_REFUSED = "feed_profiles_refused"


class SettingsError(Exception):
    """Settings that cannot be used, all of them, a line each."""


def load_settings(
    context: dict[str, Any], validate_feed_profiles: ValidateFeedProfiles = lambda _: []
) -> Settings:
    """Load the settings of one environment.

    Args:
        context: The environment in cdktf.json.
        validate_feed_profiles: Returns what is wrong with feed profiles, a sentence each.

    Raises:
        SettingsError: Names every setting that cannot be used, with the value got and the values
            allowed.
    """

    class CheckedSettings(Settings):
        """Settings whose feed profiles the functions can read."""

        @field_validator("feed_profiles")
        @classmethod
        def _readable(cls, value: dict[str, Any]) -> dict[str, Any]:
            problems = validate_feed_profiles(value) if any(value.values()) else []
            if problems:
                raise PydanticCustomError(
                    FEED_PROFILES_REFUSED, "{problems}", {"problems": problems}
                )
            return value

    # pydantic reads the environment for what is not given here.
    given = {name: value for name, value in context.items() if not os.environ.get(name.upper())}
    try:
        return CheckedSettings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for each in error.errors():
        if not each["loc"]:
            lines.append(each["msg"].removeprefix("Value error, "))
            continue
        name = str(each["loc"][0])
        if each["type"] == FEED_PROFILES_REFUSED:
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
