"""The one switch from archived CDKTF to the maintained CDK Terrain.

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
PACKAGES = {"cdktf_cdktf_provider_aws": "cdktn_provider_aws", "cdktf": "cdktn"}


class _Renaming(MetaPathFinder, Loader):
    """Finder of CDK Terrain's modules under the names they had in CDKTF."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the modules of CDKTF's packages, and no others."""
        del path, target
        return ModuleSpec(fullname, self) if fullname.partition(".")[0] in PACKAGES else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of CDK Terrain in the place of the empty one."""
        package, dot, rest = module.__name__.partition(".")
        sys.modules[module.__name__] = importlib.import_module(PACKAGES[package] + dot + rest)


def install_if_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Switch over, before anything imports `cdktf`.

    Args:
        environment: Environment variables, the switch among them.

    Returns:
        True if CDK Terrain is used.
    """
    if environment.get(SWITCH) != "1":
        return False
    sys.meta_path.insert(0, _Renaming())
    return True
