"""Prepares the machine: `python3 -m project_setup STEP...`, steps as in `STEPS`.

Each step leaves a stamp with a hash of what it depends on, so a second run takes no time.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from project_setup import pythons, steps
from terraform_runner.errors import RunnerError
from terraform_runner.installation import find_terraform

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS: dict[str, Callable[[], object]] = {
    "python": steps.python_environment,
    "node": steps.node_modules,
    "terraform": find_terraform,
    "peers": steps.peer_packages,
    "policy": steps.policy_tools,
    "witnesses": steps.witnesses,
    "successor": steps.successor,
    "pythons": pythons.environments_of_others,
    "browser": steps.browser,
}


def main(names: list[str]) -> int:
    """Run the named steps in order; the first failure is one line on standard error."""
    try:
        for name in names:
            STEPS[name]()
    except (RunnerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
