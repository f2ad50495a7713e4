"""The one switch from archived CDKTF to its successor, CDK Terrain.

With `CDKTF_SUCCESSOR=1`, imports of `cdktf` and of its AWS bindings give `cdktn` and its AWS
bindings, which have the same modules and classes under other names. Nothing else of the project
knows of it, and construct ids, addresses and state stay as they are.

To move for good: put `cdktn` and `cdktn-provider-aws` into the Pipfile in place of the two, rename
the imports, and delete this module.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

SWITCH = "CDKTF_SUCCESSOR"
SUCCESSORS = {"cdktf_cdktf_provider_aws": "cdktn_provider_aws", "cdktf": "cdktn"}


class _Successor(MetaPathFinder, Loader):
    """Finds a module under the name of its predecessor."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Take what is asked for under an old name."""
        del path, target
        return ModuleSpec(fullname, self) if fullname.partition(".")[0] in SUCCESSORS else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the successor's module in the place of the empty one."""
        package, dot, rest = module.__name__.partition(".")
        sys.modules[module.__name__] = importlib.import_module(SUCCESSORS[package] + dot + rest)


def use_if_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Switch over, before anything imports `cdktf`.

    Args:
        environment: Where the switch is.

    Returns:
        Whether the successor is used.
    """
    if environment.get(SWITCH) != "1":
        return False
    sys.meta_path.insert(0, _Successor())
    return True
