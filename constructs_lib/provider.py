"""The provider, its versions, and the tags it puts on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags

from constructs_lib.literal import literal

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from constructs_lib.settings import Settings

# One configuration takes 5.100.0 from a mirror and 6.x from the registry.
PROVIDER_VERSIONS = ">= 5.100.0, < 7.0.0"


def add_provider(stack: TerraformStack, settings: Settings) -> None:
    """Use the AWS provider in the settings' region, with the environment's tags.

    Args:
        stack: The stack.
        settings: Its settings.
    """
    tags = {
        "environment": settings.environment_suffix,
        "managed-by": "cdktf",
        "project": "inventory",
        **settings.tags,
    }
    AwsProvider(
        stack,
        "Aws",
        region=settings.aws_region,
        default_tags=[
            AwsProviderDefaultTags(tags={literal(key): literal(tags[key]) for key in sorted(tags)})
        ],
    )
    stack.add_override("terraform.required_providers.aws.source", "hashicorp/aws")
    stack.add_override("terraform.required_providers.aws.version", PROVIDER_VERSIONS)
