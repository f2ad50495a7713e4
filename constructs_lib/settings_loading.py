"""Settings loaded from cdktf.json and the environment, all errors reported at once."""

from __future__ import annotations

import os
from typing import Any

from pydantic import ValidationError

from constructs_lib.settings import Settings


class SettingsError(Exception):
    """Settings that cannot be used, all of them, a line each."""


def load_settings(context: dict[str, Any]) -> Settings:
    """Load the settings of one environment.

    Args:
        context: The environment in cdktf.json.

    Raises:
        SettingsError: Names every setting that cannot be used, with the value got and the values
            allowed.
    """
    # pydantic reads the environment for what is not given here.
    given = {name: value for name, value in context.items() if not os.environ.get(name.upper())}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def overruled_region(context: dict[str, Any], settings: Settings) -> str | None:
    """Tell of a region that is not the one in cdktf.json; None where it is.

    AWS_REGION is set in many shells for other purposes than a deployment.

    Args:
        context: The environment in cdktf.json.
        settings: What was loaded.
    """
    region = context.get("aws_region", settings.aws_region)
    if region == settings.aws_region:
        return None
    return (
        f"AWS_REGION overrules cdktf.json: {settings.stack_name} is for {settings.aws_region}, "
        f"and not for {region}"
    )


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for each in error.errors():
        if not each["loc"]:
            lines.append(each["msg"].removeprefix("Value error, "))
            continue
        name = str(each["loc"][0])
        field = Settings.model_fields.get(name)
        if field is None:
            lines.append(f"{name}: no such setting; there are {', '.join(Settings.model_fields)}")
            continue
        extra = field.json_schema_extra
        allowed = extra["allowed"] if isinstance(extra, dict) else ""
        inner = ".".join(map(str, each["loc"]))
        lines.append(f"{inner} ({name.upper()}): got {each['input']!r}, allowed: {allowed}")
    return lines
