"""The local cloud: MiniStack with the stack applied by real Terraform."""

STAY = b"stay"
"""Written into the pipe to its process by a starter that leaves the local cloud running."""
