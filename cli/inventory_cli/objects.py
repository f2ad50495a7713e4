"""Object versions of the uploads bucket, as people name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.domain.model import ObjectVersion
from inventory_cli.errors import CliError

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
        is_latest: Whether no newer version of its key is there.
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
    """A name without `s3://` and the uploads bucket.

    Args:
        session: Connection.
        name: `s3://<bucket>/<key>`, `<bucket>/<key>` or a key; a version after `#` is kept.
    """
    return name.removeprefix("s3://").removeprefix(f"{session.outputs.uploads_bucket_name}/")


def find_object_id(session: Session, name: str) -> str:
    """Key of the ingestion record that a name stands for, see `find_version`."""
    return find_version(session, name)[0]


def find_version(session: Session, name: str) -> tuple[str, ObjectVersion | None]:
    """What a name stands for: the newest version of an object, or the one it names.

    Args:
        session: Connection.
        name: As for `key_of`; with `#<version>`, that version.

    Returns:
        Key of its ingestion record; and the version, None when the name alone gave the key.

    Raises:
        CliError: There is no such object.
    """
    key = key_of(session, name)
    versions = versions_of(session, key)
    if versions:
        return versions[0].version.object_id, versions[0].version
    if "#" in key:
        return f"{session.outputs.uploads_bucket_name}/{key}", None
    raise CliError(f"there is no object {key!r} in {session.outputs.uploads_bucket_name}")
