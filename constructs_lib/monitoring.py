"""What is watched: the table of alarms and the graphs of the dashboard."""

from __future__ import annotations

from constructs_lib.alarm_table import alarm_specs
from constructs_lib.dashboard_graphs import dashboard_graphs

__all__ = ["alarm_specs", "dashboard_graphs"]
