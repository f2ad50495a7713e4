"""Refused rows as messages, and as a file that can be corrected and uploaded again."""

from __future__ import annotations

import csv
import io
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from inventory.domain.errors import BadFileError, ErrorCode, ObjectGoneError
from inventory.domain.messages import message_bytes
from inventory.domain.model import Reject
from inventory.domain.reading.corrections import guarded, place_of
from inventory.domain.reading.encodings import printable
from inventory.domain.reading.profiles import REJECT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.domain.model import ObjectVersion

#: Largest body of a message, in bytes. Smaller than a request (`messages.BYTES_PER_REQUEST`), which
#: counts attributes too.
MAX_MESSAGE_BYTES = 240 * 1024
#: Longest key of an S3 object, in bytes of UTF-8.
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES = 1024
#: Most characters of an offending value and of a message; the row holds all of it.
MAX_TEXT_CHARACTERS = 1_000

#: Media type of reject files.
REJECT_FILE_TYPE = "text/csv; charset=utf-8"

# A version id takes 32 bytes today, and may take as many as a key.
_MAX_VERSION_BYTES = 200
_UTF_8_MARK = b"\xef\xbb\xbf"
_LINE_BREAKS = str.maketrans("\r\n\t", "   ")


def reject_key(version: ObjectVersion) -> str:
    """Key of the reject file of an object version in the reports bucket.

    `rejects/<key>/<version>.csv`. Where that is longer than a key may be, the ends of the object's
    key and, if it is long too, of the version are left out in favour of `~` and a hash of both.
    """
    name = version.version_id or version.etag
    whole = f"rejects/{version.key}/{name}.csv"
    if len(whole.encode()) <= MAX_KEY_BYTES:
        return whole
    digest = blake2b(f"{version.key}\n{name}".encode(), digest_size=16).hexdigest()
    name = _shortened(name, _MAX_VERSION_BYTES, digest)
    room = MAX_KEY_BYTES - len(f"rejects//{name}.csv".encode())
    return f"rejects/{_shortened(version.key, room, digest)}/{name}.csv"


def piece_key(version: ObjectVersion, attempt: str) -> str:
    """Key under which an attempt stores its piece of the reject file, in the reports bucket.

    Args:
        version: The object version.
        attempt: Name of the attempt; another one may end at another row.
    """
    digest = blake2b(f"{version.object_id}\n{attempt}".encode(), digest_size=16).hexdigest()
    return f"parts/{digest}.csv"


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
    """
    body: dict[str, Any] = {
        "id": f"{version.object_id}/{reject.line}",
        "error": str(reject.error),
        "message": _cut(reject.message),
        "column": None if reject.column is None else _cut(reject.column),
        "value": None if reject.value is None else _cut(reject.value),
        "line": reject.line,
        "byte_offset": reject.byte_offset,
        "row": printable(reject.row[:MAX_MESSAGE_BYTES]),
        "bucket": version.bucket,
        "key": version.key,
        "version_id": version.version_id,
        "profile": profile,
        "timestamp": timestamp,
    }
    # A character takes at most 6 bytes, as an escape.
    large = 6 * len(body["row"]) > MAX_MESSAGE_BYTES // 2
    if large and (message_bytes(body) > MAX_MESSAGE_BYTES or len(reject.row) > MAX_MESSAGE_BYTES):
        row = body["row"]
        body |= {"row": "", "row_truncated": True, "reject_file": reject_key(version)}
        room = MAX_MESSAGE_BYTES - message_bytes(body)
        while (size := message_bytes(row)) > room:
            row = row[: max(len(row) * room // size - 1, 0)]
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


def pointer_message(
    refused: str, version: ObjectVersion, profile: str, timestamp: str
) -> dict[str, Any]:
    """Body of the one message that stands for rejects of a file without messages of their own.

    Args:
        refused: What was refused, such as "12 more rows were refused".
        version: The object version they are of.
        profile: Name of the feed's profile.
        timestamp: ISO 8601 time.
    """
    file = reject_key(version)
    message = f"{refused}; all stand in {file}"
    reject = file_reject(BadFileError(ErrorCode.CONSTRAINT_ERROR, message))
    # The message may be cut where keys are long; this never is.
    return reject_message(reject, version, profile, timestamp) | {"reject_file": file}


class ByteSink(Protocol):
    """Takes bytes, as a file opened for writing does."""

    def write(self, data: bytes, /) -> Any:  # noqa: ANN401  what files return is of no interest
        """Take all of the bytes."""
        ...


class RejectFile:
    """Writes the reject file: the feed's own columns and dialect, plus `REJECT_COLUMNS`.

    Correct the cells and upload it: the reader knows the four last columns, drops three and takes
    the rows' places in the order from the last. It is UTF-8 with a byte order mark, so that
    spreadsheets read it right, and nothing in it is run as a formula. No cell is ever lost: rows of
    another width than the header keep all their cells, damaged ones are split at the delimiters
    with their quotes as text, undecodable bytes stay as they were. Several rejects of one record
    (one per location) make one line, with all errors and messages.

    Args:
        sink: Takes the file; not closed.
        header: The feed's columns, `Feed.header`; None for rows that follow others.
        base: Base of the tokens of the object version.
        delimiter: `Feed.delimiter`.
        quoted: `Feed.quoted`.
    """

    def __init__(
        self,
        sink: ByteSink,
        *,
        header: Sequence[str] | None,
        base: str,
        delimiter: str = ",",
        quoted: bool = True,
    ) -> None:
        self._sink = sink
        self._base = base
        self._delimiter = delimiter
        self._quoted = quoted
        self._waiting: list[Reject] = []
        if header is not None:
            sink.write(_UTF_8_MARK)
            self._write((*map(guarded, header), *REJECT_COLUMNS))

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
        place = place_of(self._base, first.line) if first.place is None else first.place
        message = guarded("; ".join(messages))
        cells = map(guarded, first.cells)
        self._write((*cells, str(first.line), " ".join(codes), message, place))
        self._waiting = []

    def _write(self, cells: Sequence[str]) -> None:
        if self._quoted:
            line = io.StringIO(newline="")
            csv.writer(line, delimiter=self._delimiter, lineterminator="\n").writerow(cells)
            text = line.getvalue()
        else:
            *own, message, place = cells
            message = message.translate(_LINE_BREAKS)
            text = self._delimiter.join((*own, message, place)) + "\n"
        self._sink.write(_encoded(text))


def _cut(text: str) -> str:
    return printable(text[:MAX_TEXT_CHARACTERS])


def _shortened(text: str, most_bytes: int, digest: str) -> str:
    """The text, or its beginning, `~` and a digest where it has more bytes than that."""
    data = text.encode()
    if len(data) <= most_bytes:
        return text
    beginning = data[: most_bytes - len(digest) - 1].decode(errors="ignore")
    return f"{beginning}~{digest}"


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
