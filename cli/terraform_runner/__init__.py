"""Finding and running Terraform and the pinned CDKTF CLI."""
