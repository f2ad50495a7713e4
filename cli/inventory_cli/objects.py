"""Object versions of the uploads bucket, as people name them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from inventory.domain.model import ObjectVersion
from inventory_cli.errors import CliError, UsageError
from inventory_cli.records import get_record
from inventory_cli.rendering import figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from inventory_cli.session import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredVersion:
    """One version in the uploads bucket.

    Attributes:
        version: Which one.
        last_modified: When S3 stored it.
        is_latest: True if no newer version of its key is there.
    """

    version: ObjectVersion
    last_modified: datetime
    is_latest: bool


def list_versions(session: Session, prefix: str) -> Iterator[StoredVersion]:
    """Versions of all objects under a prefix, delete markers left out.

    Args:
        session: Connection.
        prefix: Beginning of the keys; "" for the whole bucket.
    """
    bucket = session.outputs.uploads_bucket_name
    pages = session.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Versions", ()):
            version_id = entry["VersionId"]
            yield StoredVersion(
                version=ObjectVersion(
                    bucket=bucket,
                    key=entry["Key"],
                    # "null" is what an object of an unversioned time is called.
                    version_id=None if version_id == "null" else version_id,
                    etag=entry["ETag"].strip('"'),
                    size_bytes=entry["Size"],
                ),
                last_modified=entry["LastModified"],
                is_latest=entry["IsLatest"],
            )


def versions_of(session: Session, key: str) -> list[StoredVersion]:
    """Versions of one object, the newest first.

    Args:
        session: Connection.
        key: The object's key.
    """
    found = [each for each in list_versions(session, key) if each.version.key == key]
    return sorted(found, key=lambda each: (each.is_latest, each.last_modified), reverse=True)


def keys_of(session: Session, name: str) -> list[str]:
    """Keys that a name may stand for, the first one that is there.

    A key may begin with a slash, and people write one where there is none.

    Args:
        session: Connection.
        name: `s3://<bucket>/<key>`, `<bucket>/<key>`, `/<key>` or a key; a version after `#` is
            kept.

    Raises:
        UsageError: It names another bucket.
    """
    bucket = session.outputs.uploads_bucket_name
    if name.startswith("s3://"):
        named, _, key = name.removeprefix("s3://").partition("/")
        if named != bucket:
            raise UsageError(f"{name} is not in the uploads bucket of this stack, {bucket}")
        return [key]
    if name.startswith(f"{bucket}/"):
        return [name.removeprefix(f"{bucket}/")]
    return [name, name[1:]] if name.startswith("/") and name != "/" else [name]


def prefix_of(session: Session, name: str) -> str:
    """The beginning of keys that a name stands for; "" for the whole bucket.

    Args:
        session: Connection.
        name: As for `keys_of`.

    Raises:
        UsageError: It is a slash, and no key begins so.
    """
    return _meant(session, name, lambda prefix: any(list_versions(session, prefix)))


@cache  # it is asked about each message of a queue
def _place_of(session: Session, name: str) -> str:
    """Key of the object, or beginning of the keys of the folder, that a name stands for."""
    return _meant(session, name, lambda place: any(_versions_in(session, place)))


def _meant(session: Session, name: str, is_there: Callable[[str], bool]) -> str:
    first, *others = keys_of(session, name)
    if name == "/" and not is_there(name):
        raise UsageError("no key begins with '/'; all files are ''")
    return others[0] if others and not is_there(first) else first


def _folder(place: str) -> str:
    return place if not place or place.endswith("/") else f"{place}/"


def _is_in(place: str, key: str, version_id: str | None = None) -> bool:
    version = place.removeprefix(f"{key}#") if place.startswith(f"{key}#") else ""
    of_version = bool(version) and (version_id or "").startswith(version)
    return place == key or of_version or key.startswith(_folder(place))


def _versions_in(session: Session, place: str) -> Iterator[StoredVersion]:
    # What follows a `#` is a version, or belongs to the key.
    for each in list_versions(session, place.rpartition("#")[0] or place):
        version = each.version
        if _is_in(place, version.key, version.version_id or version.etag):
            yield each


def folder_of(session: Session, name: str) -> str:
    """The beginning that all keys of a folder have; "" for the whole bucket.

    Args:
        session: Connection.
        name: As for `keys_of`, with or without a slash at the end.
    """
    return _folder(_place_of(session, name))


def is_under(session: Session, name: str, key: str, version_id: str | None = None) -> bool:
    """Tell whether a name stands for an object, for the version of it, or for a folder it is in.

    Args:
        session: Connection.
        name: As for `keys_of`; of a version the beginning is enough.
        key: Key of the object.
        version_id: Its version, where it is known.

    Raises:
        UsageError: The name is empty.
    """
    if not name:
        raise UsageError("'' names no object and no folder; leave it out where all are meant")
    # What the bucket keeps no more may still be asked about.
    places = (keys_of(session, name)[0], _place_of(session, name))
    return any(_is_in(place, key, version_id) for place in places)


def list_under(session: Session, name: str) -> Iterator[StoredVersion]:
    """Versions of an object, or of all objects in a folder; or the version that is named.

    Args:
        session: Connection.
        name: As for `is_under`; "" for the whole bucket.
    """
    yield from _versions_in(session, _place_of(session, name))


def versions_under(session: Session, name: str, since: datetime | None) -> list[StoredVersion]:
    """Versions of an object, or of all objects in a folder, that were stored since a time.

    Args:
        session: Connection.
        name: As for `list_under`.
        since: The time; None for all.

    Raises:
        CliError: The name stands for nothing.
    """
    there = list(list_under(session, name))
    if not there and name:
        raise nothing_under(session, name)
    return [each for each in there if since is None or each.last_modified >= since]


def nothing_under(session: Session, name: str) -> CliError:
    """The error of a name that stands for nothing.

    Args:
        session: Connection.
        name: What was given.
    """
    bucket = session.outputs.uploads_bucket_name
    return CliError(
        f"there is neither an object nor a folder {keys_of(session, name)[0]!r} in {bucket}; see "
        "what is there with `inventory files`"
    )


def nothing_known(object_id: str) -> CliError:
    """The error of a version that is neither in the bucket nor has a record.

    Args:
        object_id: Key of the record that it would have.
    """
    return CliError(
        f"{object_id} is not in the bucket, and has no record; a version that the bucket keeps no "
        "more is named by its whole id, which `inventory status --json` has"
    )


def find_version(
    session: Session, name: str, version_id: str | None = None
) -> tuple[str, ObjectVersion | None]:
    """Object version that a name stands for: the newest, or the one it names.

    Args:
        session: Connection.
        name: As for `keys_of`; with `#<version>`, that version, or the only one that begins so.
        version_id: The version, where the name is that of an object alone.

    Returns:
        Key of its ingestion record; and the version, None when the name alone gave the key.

    Raises:
        CliError: There is no such object, or several versions of it begin so.
        UsageError: The name, or what it says of a version, is empty.
    """
    bucket, keys = session.outputs.uploads_bucket_name, keys_of(session, name)
    if not any(keys):
        raise UsageError(f"{name!r} names no object")
    object_ids: list[str] = []
    for key in keys:
        stem, mark, version = key, "#", version_id
        if version is None:
            if versions := versions_of(session, key):
                return versions[0].version.object_id, versions[0].version
            stem, mark, version = key.rpartition("#")
        if not mark:
            continue
        if not version:
            raise UsageError(f"name a version of {stem}: its id, or how that begins")
        object_ids.append(f"{bucket}/{stem}#{version}")
        found = _beginning(versions_of(session, stem), object_ids[-1], version)
        if len(found) > 1:
            raise CliError(f"{figure(len(found))} versions of {stem} begin with {version!r}")
        if found:
            return found[0].object_id, found[0]
    if not object_ids:
        raise CliError(
            f"there is no object {keys[0]!r} in {bucket}; see what is there with `inventory files`"
        )
    *others, last = object_ids
    return next((each for each in others if get_record(session, each)), last), None


def _beginning(
    versions: Sequence[StoredVersion], object_id: str, version_id: str
) -> list[ObjectVersion]:
    """The version that has an id, else all whose ids begin so."""
    known = [each.version for each in versions]
    return [each for each in known if each.object_id == object_id] or [
        each for each in known if (each.version_id or each.etag).startswith(version_id)
    ]
