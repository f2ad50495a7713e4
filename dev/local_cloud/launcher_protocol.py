"""What the local cloud's process and its starter have to agree on."""

from __future__ import annotations

STAY = b"stay"
"""Written into the pipe by a starter that leaves the local cloud running behind it."""
