"""What the daily summary is made of."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from inventory.adapters.summary_service import build_summary_service
from inventory.bootstrap import clients
from inventory.config import SummaryConfig
from inventory.domain.ports import Deadline

if TYPE_CHECKING:
    from inventory.domain.summary.service import SummaryService


@cache
def summary_service() -> SummaryService:
    """The service that makes a day's summary.

    Raises:
        ConfigError: The function's environment is incomplete.
    """
    return build_summary_service(
        SummaryConfig.from_env(os.environ),
        dynamodb=clients.dynamodb(Deadline()),
        s3=clients.s3(),
        sns=clients.sns(),
    )
