"""Points a synthesised stack at the local cloud, without touching the synthesised file.

Terraform merges `*_override.tf.json` into the other files of a folder. A forgotten environment
variable would be real AWS; a forgotten override file is a plan with keys that do not exist.

Source: https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local_cloud.errors import LocalCloudError
from local_cloud.server import SECRET

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "local_override.tf.json"

SERVICES = (
    "cloudwatch",
    "dynamodb",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "s3control",
    "scheduler",
    "sns",
    "sqs",
    "sts",
    "xray",
)
"""Services that the stack consists of; a test compares them with the resource types."""


def write_override(folder: Path, *, endpoint: str, account_id: str) -> Path:
    """Write the override file beside `cdk.tf.json`.

    Args:
        folder: The synthesised stack's folder.
        endpoint: URL of the local cloud, on loopback.
        account_id: Twelve digits; the local cloud takes the access key for the account.

    Raises:
        LocalCloudError: The endpoint is not on this machine.
    """
    if not endpoint.startswith("http://127.0.0.1:"):
        raise LocalCloudError(f"{endpoint} is not on loopback")
    provider = {
        "access_key": account_id,
        "secret_key": SECRET,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": "true",
        "skip_region_validation": True,
        "s3_use_path_style": True,
        "endpoints": [dict.fromkeys(SERVICES, endpoint)],
    }
    path = folder / FILE_NAME
    path.write_text(json.dumps({"provider": {"aws": [provider]}}, indent=2) + "\n")
    return path
