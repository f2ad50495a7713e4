"""Read sets and write sets of the shards, in the lanes table."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from inventory.domain.errors import RetryableError
from inventory.domain.keysets import KeySet
from inventory.domain.model import ObjectVersion
from inventory.domain.order import timestamp
from inventory.domain.ports import Epoch, Registration, WriteSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.adapters.dynamodb_table import PartitionedTable

_Json = dict[str, Any]

#: Bytes of a write set that stand beside its number; a larger one is an item of its own, because
#: whoever looks for the latest number reads, and pays for, that item.
_INLINE_BYTES = 512

_APPENDING_ATTEMPTS = 50

#: Sorts before every token, and all positions below it after it.
_LOWEST = "0"


class DynamoDbRegistry:
    """The lanes table behind `ports.Registry`.

    Partition `<shard>#reads`, position `<highest token>#<hash of object id and run>`: read sets and
    the keys of the other rows; those of runs that left no row alone stand below all others.
    Partition `<shard>#writes`, position `<number>`: write sets; `<shard>#keys` holds the keys of
    large ones. A number is taken by putting an item on the condition that there is none, so the
    numbers of a shard have no gaps. Idempotency: publishing twice puts the same item; appending
    twice takes two numbers, which at worst causes a recheck.

    Args:
        table: The lanes table.
    """

    def __init__(self, table: PartitionedTable) -> None:
        self._table = table

    def epoch(self, shard: int) -> Epoch:
        """The latest write set; see `ports.Registry`."""
        for item in self._table.query(f"{shard}#writes", last_first=True, limit=1):
            return Epoch(int(item["position"]["S"]), int(item["expires_at"]["N"]))
        return Epoch(0, 0)

    def append(self, shard: int, entry: WriteSet, *, expires_at: int) -> WriteSet:
        """Add a write set; see `ports.Registry`."""
        keys = keys_to_item(keys=entry.writes)
        attributes: _Json = {
            "object_id": {"S": entry.object_id},
            "lowest": {"S": entry.lowest},
            "expires_at": {"N": str(expires_at)},
        }
        data = entry.writes.to_bytes()
        if len(data) <= _INLINE_BYTES:
            attributes |= keys
        else:
            digest = blake2s(data + entry.object_id.encode() + entry.lowest.encode())
            body = digest.hexdigest()
            expiring = {"expires_at": {"N": str(expires_at)}}
            self._table.put(f"{shard}#keys", body, {**keys, **expiring})
            attributes["keys_at"] = {"S": body}
        number = self.epoch(shard).number
        for _ in range(_APPENDING_ATTEMPTS):
            number += 1
            if self._table.put(f"{shard}#writes", _position(number), attributes, new=True):
                pointer = _pointer(shard, number, expires_at)
                return entry._replace(pointer=pointer, expires_at=expires_at)
            number = max(number, self.epoch(shard).number)
        raise RetryableError(f"shard {shard}: other runs keep taking the next number")

    def written_since(self, shard: int, epoch: int) -> Iterator[WriteSet]:
        """Later write sets; see `ports.Registry`."""
        after = {":p": {"S": _position(epoch)}}
        for item in self._table.query(f"{shard}#writes", "#p > :p", values=after):
            number, expires_at = int(item["position"]["S"]), int(item["expires_at"]["N"])
            yield WriteSet(
                pointer=_pointer(shard, number, expires_at),
                object_id=item["object_id"]["S"],
                lowest=item["lowest"]["S"],
                writes=self._keys(shard, item),
                expires_at=expires_at,
            )

    def writes_of(self, pointer: str) -> KeySet:
        """Keys of a write set; see `ports.Registry`."""
        shard, number, expires_at = map(int, pointer.split("#"))
        item = self._table.get(f"{shard}#writes", _position(number))
        if item is None or int(item["expires_at"]["N"]) != expires_at:
            return KeySet(everything=True)
        return self._keys(shard, item)

    def _keys(self, shard: int, item: _Json) -> KeySet:
        if "keys_at" not in item:
            return keys_from_item(item)
        body = self._table.get(f"{shard}#keys", item["keys_at"]["S"])
        return KeySet(everything=True) if body is None else keys_from_item(body)

    def register(self, shard: int, registration: Registration, *, expires_at: int) -> None:
        """Publish a read set; see `ports.Registry`."""
        version = registration.version
        name = f"{version.object_id}\n{registration.run}".encode()
        attributes: _Json = {
            **version_to_item(version),
            "run": {"S": registration.run},
            "expires_at": {"N": str(expires_at)},
            **keys_to_item(keys=registration.reads, others=registration.others),
        }
        digest = blake2s(name, digest_size=16).hexdigest()
        position = f"{registration.highest or _LOWEST}#{digest}"
        self._table.put(f"{shard}#reads", position, attributes)

    def registered_after(self, shard: int, token: str) -> Iterator[Registration]:
        """Read what was published above a token; see `ports.Registry`."""
        after = {":p": {"S": token or _LOWEST}}
        return map(_registration, self._table.query(f"{shard}#reads", "#p > :p", values=after))

    def registered(self, shard: int, before: str) -> Iterator[Registration]:
        """Read everything that was published; see `ports.Registry`."""
        condition, values = ("#p < :p", {":p": {"S": before}}) if before else ("", {})
        items = self._table.query(f"{shard}#reads", condition, values=values, last_first=True)
        return map(_registration, items)


def _registration(item: _Json) -> Registration:
    position = item["position"]["S"]
    highest = position.rpartition("#")[0]
    return Registration(
        version_from_item(item),
        item["run"]["S"],
        "" if highest == _LOWEST else highest,
        keys_from_item(item),
        keys_from_item(item, "others"),
        position,
    )


def version_to_item(version: ObjectVersion) -> _Json:
    """Attributes that name an object version."""
    item: _Json = {
        "bucket": {"S": version.bucket},
        "key": {"S": version.key},
        "etag": {"S": version.etag},
        "size_bytes": {"N": str(version.size_bytes)},
        "sequencer": {"S": version.sequencer},
    }
    if version.version_id is not None:
        item["version_id"] = {"S": version.version_id}
    if version.stored_at is not None:
        item["stored_at"] = {"S": timestamp(version.stored_at)}
    return item


def version_from_item(item: _Json) -> ObjectVersion:
    """Object version that an item names by its attributes."""
    return ObjectVersion(
        bucket=item["bucket"]["S"],
        key=item["key"]["S"],
        version_id=item["version_id"]["S"] if "version_id" in item else None,
        etag=item["etag"]["S"],
        size_bytes=int(item["size_bytes"]["N"]),
        sequencer=item["sequencer"]["S"],
        stored_at=datetime.fromisoformat(item["stored_at"]["S"]) if "stored_at" in item else None,
    )


def keys_to_item(**sets: KeySet) -> _Json:
    """Attributes that hold sets of keys; an empty set has none."""
    return {
        name: {"BOOL": True} if keys.everything else {"B": b64encode(keys.to_bytes()).decode()}
        for name, keys in sets.items()
        if keys
    }


def keys_from_item(item: _Json, name: str = "keys") -> KeySet:
    """A set of keys of an item."""
    if name not in item:
        return KeySet()
    if "BOOL" in item[name]:
        return KeySet(everything=True)
    return KeySet.from_bytes(b64decode(item[name]["B"]))


def _pointer(shard: int, number: int, expires_at: int) -> str:
    """Text that names one write set, also when its number comes again a month later."""
    return f"{shard}#{number}#{expires_at}"


def _position(number: int) -> str:
    return f"{number:012d}"
