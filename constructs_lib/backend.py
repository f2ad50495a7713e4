"""Where Terraform keeps the stack's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import CloudBackend, LocalBackend, NamedCloudWorkspace, S3Backend

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from constructs_lib.settings import Settings

# From cdktf.out/stacks/<stack>, where Terraform runs, to the project's folder. An absolute path
# would make the synthesised stack differ from one checkout to the next.
PROJECT_FROM_STACK_FOLDER = "../../.."


def add_backend(stack: TerraformStack, settings: Settings) -> None:
    """Keep the state where the settings say: in a file, in a bucket or in HCP Terraform.

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
