"""`inventory upload`: files into the uploads bucket, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventory.domain.order import AS_OF, timestamp
from inventory_cli.errors import CliError, NotYetError, UsageError
from inventory_cli.exits import Exit
from inventory_cli.records import Record, await_record, show_record
from inventory_cli.rendering import complain, emit_json, parse_moment, progress, remark, say
from inventory_cli.session import EnvironmentOption, JsonOption, OutputsOption, connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory_cli.session import Session

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
            help="Stock files, exactly as their system exported them.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    prefix: Annotated[
        str, typer.Option(metavar="PREFIX", help="Beginning of the keys, such as stores/north/.")
    ] = "",
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

    With --wait the exit code is 0 when all rows loaded, 1 when some were rejected, 2 when a file
    was refused and 3 when the time was over first.
    """
    metadata = _metadata(as_of)
    session = connect(outputs, env)
    remark(session.where)
    total = sum(path.stat().st_size for path in files)
    with progress("uploading", total, quiet=json_) as advance:
        uploaded = [_store(session, path, prefix, metadata, advance) for path in files]
    if not wait:
        if json_:
            emit_json([{"object_id": object_id} for object_id in uploaded])
        else:
            for object_id in uploaded:
                say(object_id)
        return
    raise typer.Exit(_report(session, uploaded, timeout_seconds=timeout, as_json=json_))


def _metadata(as_of: str | None) -> dict[str, str]:
    if as_of is None:
        return {}
    moment = parse_moment(as_of)
    if moment is None:
        raise UsageError(f"--as-of {as_of!r} is not a time such as 2026-11-22T20:18:05Z")
    return {AS_OF: timestamp(moment)}


def _store(
    session: Session,
    path: Path,
    prefix: str,
    metadata: dict[str, str],
    advance: Callable[[int], None],
) -> str:
    """Upload one file, in parts where it is large; gives the key of its record."""
    bucket = session.outputs.uploads_bucket_name
    key = f"{prefix}{path.name}"
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
    for object_id in object_ids:
        try:
            record = await_record(session, object_id, timeout_seconds=timeout_seconds)
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
    elif worst in (Exit.ATTENTION, Exit.REFUSED):
        remark("see why with `inventory rejects`")
    return worst
