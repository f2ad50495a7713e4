"""Items of a file version, and what each would be without it, by what the bucket keeps.

Withdrawn with a version are its own items, and in a complete feed the implied rows of other
versions for keys that it has named: each stays only if an older version names the key as well. Who
decides then is the highest row that is left, be it one of a file or an implied one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventory.adapters.dynamodb_notes import DynamoDbListings
from inventory.adapters.s3_reports import S3Reports
from inventory.domain.absences import LINE, keys_of
from inventory.domain.errors import BadFileError, ObjectGoneError
from inventory.domain.model import Absent
from inventory.domain.order import Tokens
from inventory.domain.removals import REMOVED
from inventory_cli.deployed import Deployed
from inventory_cli.items import Item, implied_items, items_of_version
from inventory_cli.lanes import lanes_of
from inventory_cli.objects import list_versions
from inventory_cli.records import get_records
from inventory_cli.rendering import progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inventory.domain.absences import Listing
    from inventory.domain.model import ObjectVersion
    from inventory_cli.mentions import ItemKey
    from inventory_cli.records import Record
    from inventory_cli.session import Session

#: Records whose rows count.
_LOADED = frozenset({"COMPLETED", "FAILED", "IN_PROGRESS"})


@dataclass(kw_only=True, slots=True)
class Change:
    """An item, and what it would be without the version.

    Attributes:
        item: The item as it is.
        token: Place in the order of the row that would take its place; "" while there is none.
        quantity: What that row says; None while there is none, and where it is a removal.
        key: The file that says so.
        line: Its line; 0 where the file says so by not naming the item.
    """

    item: Item
    token: str = ""
    quantity: str | None = None
    key: str = ""
    line: int = 0

    def take(self, token: str, quantity: str | None, key: str, line: int) -> None:
        """Have a row take the item's place, if it is the highest so far."""
        if token > self.token:
            self.token, self.quantity, self.key, self.line = token, quantity, key, line


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version whose rows count, and its record."""

    version: ObjectVersion
    record: Record


@dataclass(kw_only=True, slots=True)
class Without:
    """What would be without a version; see `find`.

    Attributes:
        session: Connection.
        version: The version.
        record: Its record; None where it has none.
        changes: Its items, and those whose implied rows rest on its keys.
        unread: Files that could not be read, with the reason.
    """

    session: Session
    version: ObjectVersion
    record: Record | None
    changes: dict[ItemKey, Change] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def find(self, *, quiet: bool) -> list[Change]:
        """Items that would change; reads every file that is kept.

        Args:
            quiet: True to show no progress.
        """
        deployed = Deployed(self.session)
        for item in items_of_version(self.session, self.version):
            self.changes[item.sku, item.location] = Change(item=item)
        feed, _ = deployed.implies(self.version, self.record)
        if feed:
            self._add_implied(feed)
        if not self.changes:
            return []
        loaded = self._loaded()
        self._look_through(deployed, loaded, quiet=quiet)
        feeds: dict[str, dict[str, tuple[ObjectVersion, Absent]]] = {}
        for each in loaded:
            feed, absent = deployed.implies(each.version, each.record)
            if feed:
                feeds.setdefault(feed, {})[each.version.object_id] = each.version, absent
        for feed, versions in feeds.items():
            self._imply(feed, versions)
        return [each for each in self.changes.values() if each.token != each.item.token]

    def _listings(self, feed: str) -> list[Listing]:
        return DynamoDbListings(lanes_of(self.session)).all(feed)

    def _keys(self, listing: Listing) -> Iterator[list[ItemKey]]:
        files = S3Reports(self.session.s3, self.session.outputs.reports_bucket_name)
        return keys_of(files, listing.own)

    def _add_implied(self, feed: str) -> None:
        """Add items that another version of the feed has set, and whose keys this one names."""
        implied = {
            (item.sku, item.location): item
            for item in implied_items(self.session)
            if item.key.startswith(feed)
        }
        for listing in self._listings(feed):
            if listing.version.object_id == self.version.object_id:
                for keys in self._keys(listing):
                    for key in implied.keys() & set(keys):
                        self.changes.setdefault(key, Change(item=implied[key]))

    def _loaded(self) -> list[Loaded]:
        others = [
            each.version
            for each in list_versions(self.session, "")
            if each.version.object_id != self.version.object_id
        ]
        records = get_records(self.session, [each.object_id for each in others])
        return [
            Loaded(each, record)
            for each in others
            if (record := records.get(each.object_id)) and record.status in _LOADED
        ]

    def _look_through(self, deployed: Deployed, loaded: list[Loaded], *, quiet: bool) -> None:
        """Find the highest row of each item in other files; those that could not be read.

        One that was refused when it came is refused again at the same row, so it is none of them.
        """
        with progress("reading files", len(loaded), quiet=quiet) as advance:
            for each in loaded:
                try:
                    feed, tokens = deployed.opened(each.version, each.record)
                    for batch in feed.batches():
                        for row in batch.rows:
                            change = self.changes.get((row.sku, row.location))
                            if change is not None:
                                token = tokens.of(row.line, row.updated_at)
                                quantity = None if REMOVED in row.attributes else row.quantity
                                change.take(token, quantity, each.version.key, row.line)
                except (BadFileError, ObjectGoneError) as error:
                    if each.record.status != "FAILED":
                        self.unread.append(f"{each.version.object_id}: {error}")
                advance(1)

    def _imply(self, feed: str, versions: Mapping[str, tuple[ObjectVersion, Absent]]) -> None:
        """Find rows that versions of a complete feed would imply; see `inventory.domain.absences`.

        Args:
            feed: The feed.
            versions: Its loaded versions by object id, and what becomes of what each lacks.
        """
        live = [
            each
            for each in self._listings(feed)
            if each.live and each.version.object_id != self.version.object_id
        ]
        named: dict[str, set[ItemKey]] = {}
        # The lowest base of a version that names an item: above it, others imply it.
        lowest: dict[ItemKey, str] = {}
        for each in live:
            found = {key for keys in self._keys(each) for key in keys if key in self.changes}
            named[each.version.object_id] = found
            for key in found:
                lowest[key] = min(each.base, lowest.get(key, each.base))
        for each in live:
            object_id = each.version.object_id
            if not each.implies or object_id not in versions:
                continue
            version, absent = versions[object_id]
            token = Tokens(each.base, object_id).of(LINE, None)
            quantity = None if absent is Absent.REMOVE else "0"
            for key, base in lowest.items():
                if base < each.base and key not in named[object_id]:
                    self.changes[key].take(token, quantity, version.key, LINE)
