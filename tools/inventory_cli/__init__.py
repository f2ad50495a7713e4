"""The `inventory` command."""
