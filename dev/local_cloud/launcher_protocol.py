"""Protocol between the local cloud's process and its starter."""

from __future__ import annotations

STAY = b"stay"
"""Written into the pipe by a starter that leaves the local cloud running behind it."""
