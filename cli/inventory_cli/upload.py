"""`inventory upload`: files into the uploads bucket, and what became of them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import cache, partial
from io import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory.domain.order import AS_OF, latest_time, timestamp
from inventory_cli.errors import CliError, NotYetError, UsageError
from inventory_cli.exits import Exit
from inventory_cli.local_files import local_files
from inventory_cli.objects import folder_of
from inventory_cli.records import Record, await_record, show_record
from inventory_cli.rendering import complain, emit_json, figure, parse_moment, progress, remark, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory_cli.session import Session

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html
# and https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html
_NO_RECORD_YET = (
    "no record after a minute. A new bucket sends events after about 5 minutes, and may hide a "
    "version for 15; the hourly reconcile finds what they miss. Else ask `inventory doctor`"
)

# Lambda's longest invocation; a file that needs longer goes on in parts, see --timeout.
_DEFAULT_TIMEOUT_SECONDS = 900

_CONTENT_TYPES = {
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".tsv": "text/tab-separated-values",
    ".gz": "application/gzip",
    ".zip": "application/zip",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(upload)


def upload(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Stock files, exactly as their system exported them; - for standard input.",
        ),
    ],
    prefix: Annotated[
        str, typer.Option(metavar="PREFIX", help="Folder in the bucket, such as stores/north.")
    ] = "",
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Name of what comes from standard input.", show_default=False
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            help="Time of the stock, ISO 8601. Default: the time of the upload.",
            show_default=False,
        ),
    ] = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the outcome and print the counts.")
    ] = False,
    timeout: Annotated[
        int, typer.Option(metavar="SECONDS", help="How long to wait for each file.", min=1)
    ] = _DEFAULT_TIMEOUT_SECONDS,
    json_: JsonOption = False,
    outputs: OutputsOption = None,
    env: EnvironmentOption = None,
) -> None:
    """Upload stock files and, with --wait, show what became of them.

    With --wait the exit code is 0 when all rows loaded, 1 when some were rejected, all are stale or
    none became stock, 2 when a file was refused and 5 when the time was over first.
    """
    metadata = _metadata(as_of)
    if Path("-") in files and (not name or Path(name).name != name or name == ".."):
        raise UsageError("what comes from standard input needs a --name, such as stock.csv")
    paths = local_files(files, name or "")
    session = connect(outputs, env)
    remark(session.where)
    _check_as_of(session, metadata)
    keys = _keys(session, paths, prefix)
    total = sum(map(_size, paths))
    uploaded: list[str] = []
    try:
        with progress("uploading", total, quiet=json_) as advance:
            for path, key in zip(paths, keys, strict=True):
                uploaded.append(_store(session, path, key, metadata, advance))
        worst = Exit.OK
        if wait:
            worst = _report(session, uploaded, timeout_seconds=timeout, as_json=json_)
        elif json_:
            emit_json([{"object_id": object_id} for object_id in uploaded])
        else:
            for object_id in uploaded:
                say(object_id)
        sys.stdout.flush()
    except BaseException:
        _tell_uploaded(uploaded, len(paths))
        raise
    raise typer.Exit(worst)


def _size(path: Path) -> int:
    """Bytes of a file.

    Raises:
        CliError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.seek(0, SEEK_END)
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}") from error


def _keys(session: Session, files: list[Path], prefix: str) -> list[str]:
    """The key of each file.

    Raises:
        UsageError: Two files would get the same one.
    """
    folder = folder_of(session, prefix)
    taken: dict[str, Path] = {}
    for path in files:
        key = f"{folder}{path.name}"
        if key in taken:
            raise UsageError(
                f"{taken[key]} and {path} would both become {key}; upload them one after the "
                "other, or with a --prefix of its own each"
            )
        taken[key] = path
    return list(taken)


def _tell_uploaded(uploaded: list[str], total: int) -> None:
    """Say, where a command breaks off, what is in the bucket and loads all the same."""
    if uploaded:
        complain(
            f"{figure(len(uploaded))} of {figure(total)} files are uploaded and load all the same:"
        )
        for object_id in uploaded:
            remark(f"  {object_id}")
        remark("see what becomes of them with `inventory files`; upload only the others again")


def _metadata(as_of: str | None) -> dict[str, str]:
    if as_of is None:
        return {}
    moment = parse_moment(as_of)
    if moment is None:
        raise UsageError(f"--as-of {as_of!r} is not a time such as 2026-11-22T20:18:05Z")
    return {AS_OF: timestamp(moment)}


def _check_as_of(session: Session, metadata: dict[str, str]) -> None:
    """Refuse a time that lies ahead: the file would be uploaded, and refused where nobody looks.

    Raises:
        UsageError: It lies further ahead than the stack tolerates.
    """
    now = datetime.now(UTC)
    if metadata.get(AS_OF, "") <= timestamp(now):
        return
    # The reader is slow to import, and only this needs it.
    from inventory_cli.deployed import Deployed

    latest = latest_time(now, Deployed(session).tolerance)
    if metadata[AS_OF] > latest:
        raise UsageError(
            f"--as-of {metadata[AS_OF]} is later than {latest}, now plus the tolerance: stock "
            "cannot be known in advance"
        )


def _store(
    session: Session,
    path: Path,
    key: str,
    metadata: dict[str, str],
    advance: Callable[[int], None],
) -> str:
    """Upload one file, in parts where it is large; gives the key of its record."""
    bucket = session.outputs.uploads_bucket_name
    answers: list[dict[str, Any]] = []

    def keep(parsed: dict[str, Any], **_: object) -> None:
        answers.append(parsed)

    # upload_file tells nobody which version it made; the answers of these two requests do.
    events = session.s3.meta.events
    operations = ("after-call.s3.PutObject", "after-call.s3.CompleteMultipartUpload")
    for operation in operations:
        events.register(operation, keep)
    try:
        session.s3.upload_file(
            str(path),
            bucket,
            key,
            ExtraArgs={
                "Metadata": metadata,
                "ContentType": _CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream"),
            },
            Callback=advance,
        )
    finally:
        for operation in operations:
            events.unregister(operation, keep)
    if not answers:
        raise CliError(f"{path} was uploaded, but S3 did not say as which version")
    version = answers[-1].get("VersionId") or str(answers[-1]["ETag"]).strip('"')
    return f"{bucket}/{key}#{version}"


def _report(
    session: Session, object_ids: list[str], *, timeout_seconds: float, as_json: bool
) -> Exit:
    worst = Exit.OK
    records: list[Record] = []
    warn = cache(partial(remark, _NO_RECORD_YET))  # once, for however many files
    for object_id in object_ids:
        try:
            record = await_record(
                session, object_id, timeout_seconds=timeout_seconds, on_silence=warn
            )
        except NotYetError as error:
            complain(str(error))
            worst = max(worst, Exit.NOT_YET)
            continue
        records.append(record)
        worst = max(worst, record.exit_code)
        if not as_json:
            show_record(record)
    if as_json:
        emit_json([record.attributes for record in records])
    elif any(record.count("rejected") or record.status == "FAILED" for record in records):
        remark("see why with `inventory rejects`")
    return worst
