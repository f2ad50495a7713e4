"""What has changed since a time: the change log's items, as the table has them now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from inventory.domain.changelog import stock_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from inventory.domain.changelog import Entry, Part
    from inventory.domain.ports import Reports
    from inventory_cli.items import Item
    from inventory_cli.mentions import ItemKey
    from inventory_cli.session import Session

#: Files stored so long before the time may still be at work; the reconcile's list names older ones.
_MARGIN = timedelta(days=1)


class Kind(StrEnum):
    """Change of an item's stock.

    NEW: it had none. GONE: it has none any more: it was removed, or its file withdrawn. CHANGED: it
    was another. SAME: it was written, but its stock is what it was. UNKNOWN: it was written, and
    nobody knows what it was, because a run crashed.
    """

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedItem:
    """An item that was written or deleted since the time.

    Attributes:
        key: SKU and location.
        before: Its quantity then; None where it had no stock, or nobody knows.
        item: The item as it is now; None where it is not there.
        object_key: Key of the file that wrote it, or was withdrawn; "" where something else did.
        kind: How its stock has changed.
    """

    key: ItemKey
    before: Decimal | None
    item: Item | None
    object_key: str
    kind: Kind


@dataclass(kw_only=True, slots=True)
class Logged:
    """What the change log says of the time since a moment.

    Attributes:
        since: The moment, ISO 8601.
        entries: Entries by item.
        object_keys: The file of the last of them.
        lost: Keys of files of which it is not known what they have changed.
    """

    since: str
    entries: dict[ItemKey, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    object_keys: dict[ItemKey, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def read(self, parts: Iterable[Part], files: Reports) -> None:
        """Read parts of the log.

        Args:
            parts: The parts.
            files: Where the large ones are.
        """
        for part in parts:
            if part.lost:
                self.lost.add(part.object_key)
            try:
                for entry in part.entries(files):
                    if entry.at >= self.since:
                        key = entry.sku, entry.location
                        self.entries[key].append(entry)
                        self.object_keys[key] = part.object_key
            except LookupError:
                self.lost.add(part.object_key)

    def changes(self, items: Mapping[ItemKey, Item]) -> Iterator[ChangedItem]:
        """Items that were written or deleted since the moment, in no order.

        Args:
            items: The items of `entries` that there are, read after the log.
        """
        for key, entries in self.entries.items():
            item = items.get(key)
            if item is not None and item.written_at < self.since:
                continue  # what the log was not sure of, or a deletion that came too late
            was = stock_at(entries, self.since)
            now = None if item is None or item.removed_by else item.quantity
            kind = _kind(was, now)
            if item is None and kind is Kind.SAME:
                continue  # it was not there, and is not
            yield ChangedItem(
                key=key,
                before=Decimal(was) if was else None,
                item=item,
                object_key=self.object_keys[key] if item is None else item.key,
                kind=kind,
            )


def _kind(was: str | None, now: Decimal | None) -> Kind:
    if was is None:
        return Kind.UNKNOWN
    if not was:
        return Kind.SAME if now is None else Kind.NEW
    if now is None:
        return Kind.GONE
    return Kind.SAME if Decimal(was) == now else Kind.CHANGED


def logged_since(session: Session, moment: datetime) -> Logged:
    """Read the change log since a moment.

    Args:
        session: Connection.
        moment: The moment, with a time zone.
    """
    from inventory.adapters.dynamodb_notes import DynamoDbChangeLogs
    from inventory.adapters.s3_reports import S3Reports
    from inventory.domain.order import timestamp
    from inventory_cli.lanes import lanes_of

    moment = moment.astimezone(UTC)
    parts = DynamoDbChangeLogs(lanes_of(session)).since(moment, datetime.now(UTC))
    logged = Logged(since=timestamp(moment))
    logged.read(parts, S3Reports(session.s3, session.outputs.reports_bucket_name))
    return logged


def at_work(session: Session, moment: datetime) -> list[str]:
    """Keys of files that are at work, or have crashed, and may have changed items since a moment.

    What they change is logged when they end. Older ones are in the list of what the reconcile
    looks after.

    Args:
        session: Connection.
        moment: The moment.
    """
    from inventory.adapters.dynamodb_notes import DynamoDbFollowUps
    from inventory_cli.lanes import lanes_of
    from inventory_cli.objects import list_versions
    from inventory_cli.records import get_records

    young = [
        each.version.object_id
        for each in list_versions(session, "")
        if each.last_modified >= moment - _MARGIN
    ]
    followed = [
        each.object_id for each in DynamoDbFollowUps(lanes_of(session), lambda: moment).all()
    ]
    records = get_records(session, list(dict.fromkeys([*young, *followed])))
    return sorted(
        {each.key for each in records.values() if each.status != "WAITING" and not each.ended}
    )
