"""Small things that are remembered from run to run, in the lanes table."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import blake2s
from typing import TYPE_CHECKING, Any
from zlib import compress, decompress

from inventory.adapters.dynamodb_registry import version_from_item, version_to_item
from inventory.domain.absences import Listing
from inventory.domain.arrivals import Arrival, counts_as_arrival
from inventory.domain.changelog import Part
from inventory.domain.ingestions import Status
from inventory.domain.jobs import KeyList
from inventory.domain.order import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inventory.adapters.dynamodb_table import PartitionedTable
    from inventory.domain.model import ObjectVersion

_Json = dict[str, Any]

_SUMS_PER_READ = 10

_FOLLOW_UPS = "follow-up"
_FINGERPRINTS = "fingerprints"
_LISTS = "lists"
_READING = "reading"
_PAUSED = "paused"
_RECONCILE = ("reconcile", "checkpoint")
_FEEDS = "feeds"


class DynamoDbFollowUps:
    """The lanes table behind `ports.FollowUps`.

    Partition `follow-up`, position: hash of the object id, which may be longer than a sort key.

    Args:
        table: The lanes table.
        now: The time, with a time zone.
    """

    def __init__(self, table: PartitionedTable, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def add(self, version: ObjectVersion) -> None:
        """Have the reconcile look at a version; see `ports.FollowUps`."""
        item = version_to_item(version) | {"added_at": {"S": timestamp(self._now())}}
        self._table.put(_FOLLOW_UPS, _digest(version.object_id), item)

    def all(self) -> Iterator[ObjectVersion]:
        """Every version that is to be looked at; see `ports.FollowUps`."""
        return map(version_from_item, self._table.query(_FOLLOW_UPS))

    def remove(self, version: ObjectVersion, *, before: datetime) -> None:
        """Look no more at a version; see `ports.FollowUps`."""
        self._table.delete(
            _FOLLOW_UPS,
            _digest(version.object_id),
            "added_at < :before",
            {":before": {"S": timestamp(before)}},
        )


class DynamoDbPauses:
    """The lanes table behind `ports.Pauses`.

    Partition `paused`, position `/<prefix>`: a sort key is never empty.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def prefixes(self) -> list[str]:
        """Beginnings of the keys of files that wait; see `ports.Pauses`."""
        return [item["position"]["S"][1:] for item in self._table.query(_PAUSED)]

    def add(self, prefix: str, by: str, now: str) -> None:
        """Have files wait.

        Args:
            prefix: Beginning of their keys; "" for all files.
            by: Who asked.
            now: ISO 8601 time.
        """
        self._table.put(_PAUSED, f"/{prefix}", {"by": {"S": by}, "paused_at": {"S": now}})

    def remove(self, prefix: str) -> None:
        """Have files wait no more.

        Args:
            prefix: As it was added.
        """
        self._table.delete(_PAUSED, f"/{prefix}")


class DynamoDbFileSums:
    """The lanes table behind `ports.FileSums`.

    Partition `feed#<name>`, position `<base>#<hash of the object id>`. Idempotency: noting a file
    twice puts the same item.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def before(self, feed: str, base: str) -> Iterator[tuple[str, Decimal]]:
        """Sums of the files before; see `ports.FileSums`."""
        query = partial(self._table.query, f"feed#{feed}", "#p < :p", last_first=True)
        position = base
        while position:
            items = list(query(values={":p": {"S": position}}, limit=_SUMS_PER_READ))
            for item in items:
                yield item["object_id"]["S"], Decimal(item["quantity"]["S"])
            # Nearly always the first one counts, so a few are read at once.
            position = items[-1]["position"]["S"] if len(items) == _SUMS_PER_READ else ""

    def add(self, feed: str, base: str, object_id: str, quantity: Decimal) -> None:
        """Note the sum of a file; see `ports.FileSums`."""
        position = f"{base}#{_digest(object_id)}"
        sums = {"object_id": {"S": object_id}, "quantity": {"S": str(quantity)}}
        self._table.put(f"feed#{feed}", position, sums)


class DynamoDbArrivals:
    """The lanes table behind `ports.Arrivals` and `ports.FeedNotes`.

    Partition `feeds`, position: the feed's prefix; so one query tells of all feeds. Idempotency:
    everything is set under the condition that nothing newer is there.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def note(self, feed: str, end: dict[str, Any]) -> None:
        """Note the end of a file; see `ports.Arrivals`."""
        this = {":id": {"S": end["object_id"]}}
        if end["status"] == Status.WITHDRAWN:
            withdrawn = this | {":status": {"S": end["status"]}}
            self._update(feed, "SET last_status = :status", "object_id = :id", withdrawn)
            self._update(feed, "REMOVE accepted_at, accepted_id", "accepted_id = :id", this)
            return
        accepting = "accepted_at = :stored, accepted_id = :id"
        values = this | {":stored": {"S": end["stored_at"] or end["ended_at"]}}
        accepted = counts_as_arrival(end)
        known = self._update(
            feed,
            "SET object_id = :id, stored_at = :stored, last_status = :status, rows_read = :rows, "
            "loaded = :loaded, rejected = :rejected" + (f", {accepting}" if accepted else ""),
            "attribute_not_exists(stored_at) OR stored_at <= :stored",
            values
            | {
                ":status": {"S": end["status"]},
                ":rows": {"N": str(end["rows"]["rows_read"])},
                ":loaded": {"N": str(end["rows"]["loaded"])},
                ":rejected": {"N": str(end["rows"]["rejected"])},
            },
        )
        if accepted and not known:
            older = "attribute_not_exists(accepted_at) OR accepted_at < :stored"
            self._update(feed, f"SET {accepting}", older, values)

    def all(self) -> dict[str, Arrival]:
        """Read what is known by feed; see `ports.FeedNotes`."""
        return {item["position"]["S"]: _arrival(item) for item in self._table.query(_FEEDS)}

    def watch(self, feed: str, now: str) -> None:
        """Note since when a feed is watched; see `ports.FeedNotes`."""
        new = "attribute_not_exists(watched_since)"
        self._update(feed, "SET watched_since = :now", new, {":now": {"S": now}})

    def tell(self, feed: str, due: str) -> None:
        """Note that people were told; see `ports.FeedNotes`."""
        there = "attribute_exists(watched_since)"
        self._update(feed, "SET told_due = :due", there, {":due": {"S": due}})

    def forget(self, feed: str) -> None:
        """Forget a feed; see `ports.FeedNotes`."""
        self._table.delete(_FEEDS, feed)

    def _update(self, feed: str, update: str, condition: str, values: _Json) -> bool:
        return self._table.update(_FEEDS, feed, update, condition, values)


def _arrival(item: _Json) -> Arrival:
    def text(name: str) -> str:
        return str(item.get(name, {}).get("S", ""))

    def number(name: str) -> int:
        return int(item.get(name, {}).get("N", "0"))

    return Arrival(
        watched_since=text("watched_since"),
        accepted_at=text("accepted_at"),
        object_id=text("object_id"),
        stored_at=text("stored_at"),
        status=text("last_status"),
        rows_read=number("rows_read"),
        loaded=number("loaded"),
        rejected=number("rejected"),
        told_due=text("told_due"),
    )


class DynamoDbFingerprintSets:
    """The lanes table behind `ports.FingerprintSets`.

    Partition `fingerprints#<series>`, position `latest`: sets of many files spread.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def get(self, series: str) -> str | None:
        """Text of the set; see `ports.FingerprintSets`."""
        item = self._table.get(f"{_FINGERPRINTS}#{series}", "latest")
        return None if item is None else str(item["set"]["S"])

    def put(self, series: str, text: str, *, expires_at: int) -> None:
        """Replace the set; see `ports.FingerprintSets`."""
        attributes = {"set": {"S": text}, "expires_at": {"N": str(expires_at)}}
        self._table.put(f"{_FINGERPRINTS}#{series}", "latest", attributes)


class DynamoDbReadings:
    """The lanes table behind `ports.Readings`.

    Partition `reading#<hash of the object id>`, position: `Job.reads_by`. The text is compressed:
    it names every location of a feed that lists them, and an item has at most 400 KB.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def get(self, object_id: str, reads_by: str) -> str | None:
        """Text of how a version was read; see `ports.Readings`."""
        if not reads_by:
            return None
        item = self._table.get(f"{_READING}#{_digest(object_id)}", reads_by)
        return None if item is None else decompress(b64decode(item["how"]["B"])).decode()

    def put(self, object_id: str, reads_by: str, text: str, *, expires_at: int) -> None:
        """Remember how a version was read; see `ports.Readings`."""
        how = b64encode(compress(text.encode())).decode()
        attributes = {"how": {"B": how}, "expires_at": {"N": str(expires_at)}}
        self._table.put(f"{_READING}#{_digest(object_id)}", reads_by, attributes)


class DynamoDbChangeLogs:
    """The lanes table behind `ports.ChangeLogs`.

    Partition `changes#<hour>`, position `<time>#<name>`: parts of one hour lie together, and a
    query of each hour since a time finds all. Idempotency: parts that are added twice say the same
    twice.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def add(self, part: Part, *, now: str, expires_at: int) -> None:
        """Add a part; see `ports.ChangeLogs`."""
        attributes: _Json = {
            "object_key": {"S": part.object_key},
            "data": {"B": b64encode(part.data).decode()},
            "blocks": {"N": str(part.blocks)},
            "lost": {"BOOL": part.lost},
            "expires_at": {"N": str(expires_at)},
        }
        self._table.put(_hour(now), f"{now}#{part.name}", attributes)

    def since(self, moment: datetime, now: datetime) -> Iterator[Part]:
        """Parts that were added since a time.

        Args:
            moment: The time, UTC.
            now: The present, UTC.
        """
        first = timestamp(moment)
        hour = moment.replace(minute=0, second=0, microsecond=0)
        # Clocks differ: one that goes fast is in the next hour already.
        while hour <= now + timedelta(hours=1):
            values = {":p": {"S": first}}
            for item in self._table.query(_hour(timestamp(hour)), "#p >= :p", values=values):
                yield Part(
                    name=item["position"]["S"].partition("#")[2],
                    object_key=item["object_key"]["S"],
                    data=b64decode(item["data"]["B"]),
                    blocks=int(item["blocks"]["N"]),
                    lost=item["lost"]["BOOL"],
                )
            hour += timedelta(hours=1)


def _hour(moment: str) -> str:
    return f"changes#{moment[:13]}"


class DynamoDbListings:
    """The lanes table behind `ports.Listings`.

    Partition `lists#<feed>`, position: hash of the object id. Idempotency: what is put twice is
    the same, and a list of a run before a withdrawal never replaces one of the restored version.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def put(self, feed: str, listing: Listing, *, expires_at: int) -> None:
        """Enter the list of a version; see `ports.Listings`."""
        version = version_to_item(listing.version)
        setting = "".join(f", v_{name} = :{name}" for name in version)
        self._update(
            feed,
            listing.version,
            "SET list_base = :list_base, list_name = :list_name, own = :own, implies = :implies, "
            f"listed_by = :listed_by, expires_at = :expires{setting}",
            "attribute_not_exists(list_name) OR listed_by < :listed_by OR "
            "(listed_by = :listed_by AND list_base <= :list_base)",
            {f":{name}": value for name, value in version.items()}
            | {
                ":list_base": {"S": listing.base},
                ":list_name": {"S": listing.name},
                ":own": {"S": json.dumps(listing.own, separators=(",", ":"))},
                ":implies": {"BOOL": listing.implies},
                ":listed_by": {"S": listing.decided_at},
                ":expires": {"N": str(expires_at)},
            },
        )

    def all(self, feed: str) -> list[Listing]:
        """Read the register of a feed; see `ports.Listings`."""
        items = self._table.query(f"{_LISTS}#{feed}")
        return [_listing(item) for item in items if "list_name" in item]

    def drop(
        self, feed: str, version: ObjectVersion, asked_at: str, now: str, *, expires_at: int
    ) -> str:
        """Note that a version is withdrawn; see `ports.Listings`."""
        values = {
            ":asked": {"S": asked_at},
            ":now": {"S": now},
            ":expires": {"N": str(expires_at)},
        }
        setting = "SET dropped = :asked, dropped_at = :now, expires_at = :expires"
        new = "attribute_not_exists(dropped) OR dropped < :asked"
        if self._update(feed, version, setting, new, values):
            return now
        item = self._table.get(f"{_LISTS}#{feed}", _digest(version.object_id))
        return now if item is None else str(item["dropped_at"]["S"])

    def give_up(self, feed: str, version: ObjectVersion) -> bool:
        """Note that a version implies nothing any more; see `ports.Listings`."""
        values = {":no": {"BOOL": False}}
        listed = "attribute_exists(list_name)"
        return self._update(feed, version, "SET implies = :no", listed, values)

    def _update(
        self, feed: str, version: ObjectVersion, update: str, condition: str, values: _Json
    ) -> bool:
        position = _digest(version.object_id)
        return self._table.update(f"{_LISTS}#{feed}", position, update, condition, values)


def _listing(item: _Json) -> Listing:
    version = {name[2:]: value for name, value in item.items() if name.startswith("v_")}
    return Listing(
        version=version_from_item(version),
        base=item["list_base"]["S"],
        name=item["list_name"]["S"],
        own=tuple(KeyList(*each) for each in json.loads(item["own"]["S"])),
        implies=item["implies"]["BOOL"],
        decided_at=item["listed_by"]["S"],
        dropped=item["dropped"]["S"] if "dropped" in item else "",
    )


class DynamoDbCheckpoint:
    """The lanes table behind `reconcile.Checkpoints`.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def load(self) -> dict[str, Any]:
        """Return what was saved last; empty when nothing was."""
        item = self._table.get(*_RECONCILE)
        return {} if item is None else dict(json.loads(item["state"]["S"]))

    def save(self, state: dict[str, Any]) -> None:
        """Save the state."""
        text = json.dumps(state, separators=(",", ":"))
        self._table.put(*_RECONCILE, {"state": {"S": text}})


def _digest(object_id: str) -> str:
    return blake2s(object_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
