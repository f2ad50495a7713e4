"""What fields of the settings are made of."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from constructs_lib.limits import (
    LEAST_WARM_READ_UNITS,
    LEAST_WARM_WRITE_UNITS,
    MOST_WARM_UNITS,
)


def from_json(value: object) -> object:
    """Read JSON, which environment variables hold where cdktf.json holds objects.

    Args:
        value: Text, or what is read already.

    Raises:
        ValueError: The text is no JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("not JSON") from None


def allowed(words: str) -> dict[str, Any]:
    """Give a field what messages say about the values it may have.

    Args:
        words: Such as `1 to 168`.
    """
    return {"allowed": words}


class WarmThroughputSettings(BaseModel):
    """What the items table takes at once; both numbers only ever go up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    read_units_per_second: int = Field(
        default=LEAST_WARM_READ_UNITS, ge=LEAST_WARM_READ_UNITS, le=MOST_WARM_UNITS
    )
    write_units_per_second: int = Field(
        default=LEAST_WARM_WRITE_UNITS, ge=LEAST_WARM_WRITE_UNITS, le=MOST_WARM_UNITS
    )
