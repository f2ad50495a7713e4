"""Removals: rows that say an item is no more, for what no file will ever mention again.

A removal is a file like any other, and its row a row like any other: it takes its place in the
order, is decided under the same conditions, and is withdrawn like any file. What it leaves is an
item without stock that has the attribute `REMOVED`, and those who read the table pass over it. An
older file that comes late finds it there and stays older; a newer one that names the key brings
the item back.
"""

from __future__ import annotations

#: Folder of the uploads bucket in which `inventory remove` puts its files.
FOLDER = "removals/"
#: Column of the file, hence a member of the item's `attributes`: who has removed it.
REMOVED = "inventory:removed"
#: The same: why.
REASON = "inventory:reason"
