"""Text of an alarm beside its meaning: the first command, and where the runbook goes on.

`docs/operations.md` has a section for every heading here, with the command as its first.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from constructs_lib.alarms import AlarmSpec

#: First command by the heading of the runbook's section.
FIRST_COMMANDS = {
    "inventory-no-feed-arrived-<env>": "inventory doctor",
    "inventory-no-summary-written-<env>": "inventory doctor",
    "inventory-rejected-rows-<env>": "inventory rejects",
    "inventory-accounting-breaches-<env>": "inventory files --failed",
    "inventory-drifted-items-<env>": "inventory files --since 24h",
    "inventory-reconcile-behind-<env>": "inventory doctor",
    "inventory-late-feeds-<env>": "inventory feeds --late",
    "inventory-unannounced-files-<env>": "inventory doctor",
    "inventory-dlq-not-empty-<env>": "inventory rejects",
    "inventory-dlq-age-<env>": "inventory rejects --limit 1000",
    "inventory-work-queue-age-<env>": "inventory doctor",
    "inventory-<function>-<env>-errors": "inventory rejects",
    "inventory-<function>-<env>-throttles": "inventory doctor",
    "inventory-<function>-<env>-dead-letter-errors": "inventory files --since 6h",
    "inventory-<function>-<env>-recursive-invocations-dropped": "inventory redrive --dry-run",
    "inventory-<function>-<env>-duration": "inventory summary",
    "inventory-<table>-<env>-throttles": "inventory doctor",
    "inventory-<table>-<env>-system-errors": "inventory redrive --dry-run",
    "inventory-upload-rule-failed-invocations-<env>": "inventory rejects --json",
    "inventory-upload-rule-dead-letter-errors-<env>": "inventory files --since 24h",
}


def with_runbook(
    specs: Iterable[AlarmSpec], suffix: str, *, runbook_url: str
) -> Iterator[AlarmSpec]:
    """Yield alarms whose descriptions end with the first command and the runbook's section.

    Args:
        specs: The alarms.
        suffix: The environment's suffix.
        runbook_url: Address of `docs/operations.md`, as readers of the mail can open it.

    Raises:
        KeyError: The runbook has no section for an alarm.
    """
    for spec in specs:
        command = FIRST_COMMANDS[spec.section]
        # As GitHub makes anchors of headings.
        anchor = re.sub(r"[^a-z0-9-]", "", spec.section)
        yield replace(
            spec,
            description=f"{spec.description} First: {command} --env {suffix}. "
            f"Runbook: {runbook_url}#{anchor}",
        )
