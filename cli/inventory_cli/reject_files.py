"""Fetching the reject file of an object version, to be corrected and uploaded."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from inventory_cli.errors import CliError, UsageError
from inventory_cli.objects import find_version
from inventory_cli.records import get_record
from inventory_cli.rendering import remark, say

if TYPE_CHECKING:
    from botocore.response import StreamingBody

    from inventory_cli.session import Session


def get_reject_file(session: Session, name: str, output: Path | None) -> None:
    """Write the reject file of an object version, and say how to give it back.

    Args:
        session: Connection.
        name: Key, s3:// address or record id; without a version the newest one is meant.
        output: Where to write it, `-` for standard output; None for `<name>.rejects.csv` in the
            current folder.

    Raises:
        CliError: There is no such object or no reject file of it, or the file is there already.
        UsageError: The name of the output does not say that it is a reject file.
    """
    # The reader is slow to import.
    from inventory.domain.reading.corrections import names_reject_file
    from inventory.domain.rejects import reject_key

    if output not in (None, Path("-")) and not names_reject_file(output.name):
        raise UsageError(
            f"name it {output.stem}.rejects{output.suffix}: by its name a reject file is known "
            "that has lost its last columns, and refused instead of loaded as of now"
        )
    object_id, version = find_version(session, name)
    if version is None:
        raise CliError(f"{object_id} is not in the bucket any more")
    none = CliError(f"{object_id} has no reject file: none of its rows was refused")
    record = get_record(session, object_id)
    if record and record.status == "COMPLETED" and not record.count("rejected"):
        raise none  # a replay that refuses nothing leaves the header of the file from before
    try:
        body = session.s3.get_object(
            Bucket=session.outputs.reports_bucket_name, Key=reject_key(version)
        )["Body"]
    except session.s3.exceptions.NoSuchKey as error:
        raise none from error
    if output == Path("-"):
        shutil.copyfileobj(body, sys.stdout.buffer)
        return
    place = PurePosixPath(version.key)
    path = output or Path(f"{place.stem}.rejects.csv")
    if os.path.lexists(path):
        raise CliError(f"{path} is there already; name another file with --output")
    try:
        _write(body, path)
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}") from error
    say(str(path))
    folder = "" if place.parent == PurePosixPath() else f" --prefix {place.parent}/"
    remark(
        "correct its cells, leave the last four columns as they are, and give it back with "
        f"`inventory upload {path}{folder} --wait`; it counts as of the file it came from"
    )


def _write(body: StreamingBody, path: Path) -> None:
    """Write a file that is whole as soon as it is there: half of the rows looks like all of them.

    Args:
        body: Its content.
        path: Where it goes.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            shutil.copyfileobj(body, file)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
