"""Terraform's own settings of a stack: provider, default tags and backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import (
    CloudBackend,
    LocalBackend,
    NamedCloudWorkspace,
    S3Backend,
    TerraformResourceLifecycle,
    TerraformStack,
)
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import TerraformResource
    from constructs import Construct

    from constructs_lib.settings import Settings

# One configuration takes 5.100.0 from a mirror and 6.x from the registry; what was checked of them,
# and how, is in docs/adr/0001-archived-cdktf.md.
PROVIDER_VERSIONS = ">= 5.100.0, < 6.70.0"
# From cdktf.out/environments/<stack>, where Terraform runs, to the project's folder. An absolute
# path would make the synthesised stack differ from one checkout to the next.
PROJECT_FROM_STACK_FOLDER = "../../.."


def escape_template(text: str) -> str:
    """Return a text that Terraform takes as it stands, not as a template.

    Args:
        text: Text from outside, such as the feeds.

    Source: https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
    """
    return text.replace("${", "$${").replace("%{", "%%{")


def lifecycle(
    *, deletion_protection: bool, ignored: Sequence[str] = ()
) -> TerraformResourceLifecycle | None:
    """Return the lifecycle of a resource that may be protected from deletion.

    Args:
        deletion_protection: True to have every plan fail that would destroy or replace the
            resource, before anything is touched.
        ignored: Attributes whose changes are ignored.

    Source: https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle
    """
    if not deletion_protection and not ignored:
        return None
    return TerraformResourceLifecycle(
        prevent_destroy=deletion_protection or None, ignore_changes=list(ignored) or None
    )


def in_same_stack(
    construct: Construct, resources: Sequence[TerraformResource]
) -> list[TerraformResource]:
    """Return the resources that a construct can wait for by `depends_on`.

    Terraform takes no resource of another stack there, and that stack is applied before: the one
    that depends on it refers to what it makes.

    Args:
        construct: The construct.
        resources: Resources that have to be there before it.
    """
    stack = TerraformStack.of(construct)
    return [each for each in resources if TerraformStack.of(each) == stack]


def add_provider(stack: TerraformStack, settings: Settings) -> None:
    """Add the AWS provider in the settings' region and account, with the environment's tags.

    Args:
        stack: The stack.
        settings: Its settings.
    """
    AwsProvider(
        stack,
        "Aws",
        region=settings.aws_region,
        allowed_account_ids=[settings.aws_account_id] if settings.aws_account_id else None,
        default_tags=[AwsProviderDefaultTags(tags=settings.default_tags)],
    )
    stack.add_override("terraform.required_providers.aws.source", "hashicorp/aws")
    stack.add_override("terraform.required_providers.aws.version", PROVIDER_VERSIONS)


def add_backend(stack: TerraformStack, settings: Settings) -> None:
    """Add the backend that the settings name: a local file, a bucket or HCP Terraform.

    Args:
        stack: The stack.
        settings: Its settings.
    """
    name = settings.stack_name
    if settings.backend == "cloud":
        CloudBackend(
            stack,
            organization=str(settings.cloud_organization),
            hostname=settings.cloud_hostname,
            workspaces=NamedCloudWorkspace(name),
        )
    elif settings.backend == "s3":
        S3Backend(
            stack,
            bucket=str(settings.state_bucket),
            key=f"{name}/terraform.tfstate",
            region=settings.state_region or settings.aws_region,
            encrypt=True,
        )
        # Locks by a file beside the state; cdktf does not know the argument.
        # https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
        stack.add_override("terraform.backend.s3.use_lockfile", value=True)
    else:
        LocalBackend(stack, path=f"{PROJECT_FROM_STACK_FOLDER}/terraform.{name}.tfstate")
