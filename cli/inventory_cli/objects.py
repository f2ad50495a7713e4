"""Object versions of the uploads bucket, as people name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.domain.model import ObjectVersion
from inventory_cli.errors import CliError, UsageError
from inventory_cli.rendering import figure

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def key_of(session: Session, name: str) -> str:
    """The key that a name stands for.

    Args:
        session: Connection.
        name: `s3://<bucket>/<key>`, `<bucket>/<key>`, `/<key>` or a key; a version after `#` is
            kept.

    Raises:
        UsageError: It names another bucket.
    """
    bucket = session.outputs.uploads_bucket_name
    if not name.startswith("s3://"):
        return name.removeprefix(f"{bucket}/").lstrip("/")
    named, _, key = name.removeprefix("s3://").partition("/")
    if named != bucket:
        raise UsageError(f"{name} is not in the uploads bucket of this stack, {bucket}")
    return key


def folder_of(session: Session, name: str) -> str:
    """The beginning that all keys of a folder have; "" for the whole bucket.

    Args:
        session: Connection.
        name: As for `key_of`, with or without a slash at the end.
    """
    key = key_of(session, name)
    return key if not key or key.endswith("/") else f"{key}/"


def is_under(session: Session, name: str, key: str, version_id: str | None = None) -> bool:
    """Tell whether a name stands for an object, for the version of it, or for a folder it is in.

    Args:
        session: Connection.
        name: As for `key_of`; of a version the beginning is enough.
        key: Key of the object.
        version_id: Its version, where it is known.
    """
    wanted = key_of(session, name)
    version = wanted.removeprefix(f"{key}#") if wanted.startswith(f"{key}#") else ""
    of_version = bool(version) and (version_id or "").startswith(version)
    return wanted == key or of_version or key.startswith(folder_of(session, name))


def list_under(session: Session, name: str) -> Iterator[StoredVersion]:
    """Versions of an object, or of all objects in a folder; or the version that is named.

    Args:
        session: Connection.
        name: As for `is_under`; "" for the whole bucket.
    """
    wanted = key_of(session, name)
    # What follows a `#` is a version, or belongs to the key.
    for each in list_versions(session, wanted.rpartition("#")[0] or wanted):
        version = each.version
        if is_under(session, name, version.key, version.version_id or version.etag):
            yield each


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
        f"there is neither an object nor a folder {key_of(session, name)!r} in {bucket}; see what "
        "is there with `inventory files`"
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


def find_version(session: Session, name: str) -> tuple[str, ObjectVersion | None]:
    """Object version that a name stands for: the newest, or the one it names.

    Args:
        session: Connection.
        name: As for `key_of`; with `#<version>`, that version, or the only one that begins so.

    Returns:
        Key of its ingestion record; and the version, None when the name alone gave the key.

    Raises:
        CliError: There is no such object, or several versions of it begin so.
    """
    key = key_of(session, name)
    versions = versions_of(session, key)
    if versions:
        return versions[0].version.object_id, versions[0].version
    stem, mark, version = key.rpartition("#")
    if mark:
        object_id = f"{session.outputs.uploads_bucket_name}/{key}"
        known = [each.version for each in versions_of(session, stem)]
        found = [each for each in known if each.object_id == object_id] or [
            each for each in known if (each.version_id or each.etag).startswith(version)
        ]
        if len(found) > 1:
            raise CliError(f"{figure(len(found))} versions of {stem} begin with {version!r}")
        if found:
            return found[0].object_id, found[0]
        return object_id, None
    raise CliError(
        f"there is no object {key!r} in {session.outputs.uploads_bucket_name}; see what is there "
        "with `inventory files`"
    )
