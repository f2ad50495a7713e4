"""The local cloud: MiniStack with the stack applied by real Terraform."""
