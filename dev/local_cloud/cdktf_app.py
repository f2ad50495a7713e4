"""The app as the CDKTF CLI runs it against a local cloud: synthesis, then the override file.

The CLI synthesises before each of its commands and removes what it does not know, so the override
has to be written by the app command itself: `cdktf deploy --app "python -m local_cloud.cdktf_app"`
with the endpoint in LOCAL_CLOUD_ENDPOINT.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from local_cloud.override import write_override
from local_cloud.server import DEFAULT_ACCOUNT_ID
from terraform_runner.paths import ROOT


def main() -> None:
    """Synthesise a stack and point it at the local cloud."""
    endpoint = os.environ["LOCAL_CLOUD_ENDPOINT"]
    sys.path.insert(0, str(ROOT))
    runpy.run_path(str(ROOT / "main.py"), run_name="__main__")
    output = Path(os.environ.get("CDKTF_OUTDIR") or ROOT / "cdktf.out")
    stack = output / "stacks" / f"inventory-{os.environ['ENVIRONMENT_SUFFIX']}"
    write_override(stack, endpoint=endpoint, account_id=DEFAULT_ACCOUNT_ID)


if __name__ == "__main__":
    main()
