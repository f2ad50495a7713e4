"""How refused rows leave: as messages and as a file that can be corrected and uploaded again."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Protocol

from inventory.domain.errors import BadFileError, ErrorCode, ObjectGoneError
from inventory.domain.model import Reject
from inventory.domain.reading.encodings import printable
from inventory.domain.reading.profiles import REJECT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.model import ObjectVersion

#: Largest body of a message in bytes of JSON. SQS takes 1 MiB now and took 256 KiB for long, which
#: older emulators and consumers still assume; the rest is room for attributes and for one batch of
#: ten. Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES = 240 * 1024
#: Most characters of an offending value and of a message; the row holds all of it.
MAX_TEXT_CHARACTERS = 1_000

_UTF_8_MARK = b"\xef\xbb\xbf"
_LINE_BREAKS = str.maketrans("\r\n\t", "   ")


def reject_key(version: ObjectVersion) -> str:
    """Key of the reject file of an object version in the reports bucket."""
    return f"rejects/{version.key}/{version.version_id or version.etag}.csv"


def reject_message(
    reject: Reject, version: ObjectVersion, profile: str, timestamp: str
) -> dict[str, Any]:
    r"""Body of the message about one reject.

    A row that would make the message larger than `MAX_MESSAGE_BYTES` is cut; then `row_truncated`
    is true and `reject_file` says where the whole row stands (a key in the reports bucket). Bytes
    that are no text stand as `\xNN`.

    Args:
        reject: The reject; line 0 for a whole file.
        version: The object version it is of.
        profile: Name of the feed's profile; "" when none was found.
        timestamp: ISO 8601 time of the refusal.

    Source: DESIGN.md 3.7.
    """
    body: dict[str, Any] = {
        "id": f"{version.object_id}/{reject.line}",
        "error": str(reject.error),
        "message": _cut(reject.message),
        "column": None if reject.column is None else _cut(reject.column),
        "value": None if reject.value is None else _cut(reject.value),
        "line": reject.line,
        "byte_offset": reject.byte_offset,
        "row": printable(reject.row),
        "bucket": version.bucket,
        "key": version.key,
        "version_id": version.version_id,
        "profile": profile,
        "timestamp": timestamp,
    }
    if 6 * len(body["row"]) > MAX_MESSAGE_BYTES // 2 and _json_bytes(body) > MAX_MESSAGE_BYTES:
        row = body["row"]
        body |= {"row": "", "row_truncated": True, "reject_file": reject_key(version)}
        # A character takes at most 12 bytes of JSON (a pair of escapes): halve until it fits.
        room = MAX_MESSAGE_BYTES - _json_bytes(body)
        while _json_bytes(row) > room:
            row = row[: max(len(row) * room // _json_bytes(row) - 1, 0)]
        body["row"] = row
    return body


def as_refusal(error: BadFileError | ObjectGoneError) -> BadFileError:
    """The refusal of a file, also of one that was gone before it was read."""
    if isinstance(error, BadFileError):
        return error
    return BadFileError(ErrorCode.SOURCE_ERROR, str(error))


def file_reject(error: BadFileError) -> Reject:
    """The one reject of a file that is refused as a whole."""
    return Reject(
        line=error.line,
        byte_offset=0,
        error=error.code,
        message=error.message,
        column=error.column,
        value=error.value,
        row="",
        cells=(),
    )


def overflow_reject(more: int, version: ObjectVersion) -> Reject:
    """The one reject that stands for those past the limit of messages of a file.

    Args:
        more: How many have no message of their own.
        version: The object version they are of.
    """
    return Reject(
        line=0,
        byte_offset=0,
        error=ErrorCode.CONSTRAINT_ERROR,
        message=f"{more} more rows were refused; all stand in {reject_key(version)}",
        column=None,
        value=None,
        row="",
        cells=(),
    )


class ByteSink(Protocol):
    """Takes bytes, as a file opened for writing does."""

    def write(self, data: bytes, /) -> Any:  # noqa: ANN401  what files return is of no interest
        """Take all of the bytes."""
        ...


class RejectFile:
    """Writes the reject file: the feed's own columns and dialect, plus line, error and message.

    Correct the cells and upload it: the reader knows the three last columns and drops them. It is
    UTF-8 with a byte order mark, so that spreadsheets read it right. No cell is ever lost: rows of
    another width than the header keep all their cells, damaged ones are split at the delimiters
    with their quotes as text, undecodable bytes stay as they were. Several rejects of one record
    (one per location) make one line, with all errors and messages.

    Args:
        sink: Takes the file; not closed.
        header: The feed's columns, `Feed.header`.
        delimiter: `Feed.delimiter`.
        quoted: `Feed.quoted`.
    """

    def __init__(
        self, sink: ByteSink, *, header: Sequence[str], delimiter: str = ",", quoted: bool = True
    ) -> None:
        self._sink = sink
        self._delimiter = delimiter
        self._quoted = quoted
        self._waiting: list[Reject] = []
        sink.write(_UTF_8_MARK)
        self._write((*header, *REJECT_COLUMNS))

    def add(self, reject: Reject) -> None:
        """Take a reject of a row; those of one record come one after another."""
        if self._waiting and self._waiting[-1].line != reject.line:
            self.finish()
        self._waiting.append(reject)

    def finish(self) -> None:
        """Write what still waits; call it once after the last reject."""
        if not self._waiting:
            return
        first = self._waiting[0]
        codes = dict.fromkeys(str(reject.error) for reject in self._waiting)
        messages = dict.fromkeys(_cut(reject.message) for reject in self._waiting)
        self._write((*first.cells, str(first.line), " ".join(codes), "; ".join(messages)))
        self._waiting = []

    def _write(self, cells: Sequence[str]) -> None:
        if self._quoted:
            line = io.StringIO(newline="")
            csv.writer(line, delimiter=self._delimiter, lineterminator="\n").writerow(cells)
            text = line.getvalue()
        else:
            *own, message = cells
            message = message.translate(_LINE_BREAKS)
            text = self._delimiter.join((*own, message)) + "\n"
        self._sink.write(_encoded(text))


def _cut(text: str) -> str:
    return printable(text[:MAX_TEXT_CHARACTERS])


def _json_bytes(value: object) -> int:
    return len(json.dumps(value))


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
