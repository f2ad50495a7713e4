"""One segment: what one invocation of a worker brings from a file into the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventory.domain.absences import (
    ASKED,
    BLOCK_KEYS,
    KeyNotes,
    absent_keys,
    implied_row,
    list_name,
)
from inventory.domain.changelog import log_of
from inventory.domain.errors import BadFileError, ObjectGoneError, OutOfTimeError, ThrottledError
from inventory.domain.fingerprints import (
    BLOCK_HASHES,
    FingerprintSet,
    Notes,
    Promises,
    full_read_due,
    usable,
)
from inventory.domain.ingestions import Mode, messages_note, messages_taken, touched_shards
from inventory.domain.jobs import SegmentReport, digest_of, job_id, refusal_to_data
from inventory.domain.model import Counts, Rows
from inventory.domain.order import Tokens, timestamp
from inventory.domain.publishing import RejectPublisher
from inventory.domain.reading import Share
from inventory.domain.rejects import as_refusal, piece_key
from inventory.domain.seen import MOST_SLOTS, SeenKeys
from inventory.domain.settings import FULL_READ_DAYS
from inventory.domain.writing import RESERVE_SECONDS, RowWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inventory.domain.absences import Absence, Absences, Key
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.ingestions import Record
    from inventory.domain.jobs import Job
    from inventory.domain.keysets import KeySets
    from inventory.domain.model import Batch, ObjectVersion
    from inventory.domain.ports import Feed

#: Share of an invocation that is kept to end it in order, besides what a batch may take.
_RESERVED_SHARE = 0.05
_LONGEST_SECONDS = 900.0
#: Seconds that a segment must have left to join a reject file that was stored in pieces: at 50 MB a
#: second enough for 15 GB, and a whole invocation is enough for three times as much.
_JOINING_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """Order to one invocation of a worker.

    Attributes:
        job: The job; of a file that is processed in one go, one that is stored nowhere.
        version: The object version.
        record: Its record.
        worker: Number of the worker.
        attempt: Name of the run.
        before: Report of the segment before; None for the first.
        recovering: See `Admission.recovering`.
        reports: Reports of all workers, for the one that looks for what a complete file lacks.
    """

    job: Job
    version: ObjectVersion
    record: Record | None
    worker: int
    attempt: str
    before: SegmentReport | None = None
    recovering: bool = False
    reports: Sequence[SegmentReport] = ()

    @property
    def start(self) -> tuple[int, int]:
        """Byte of the unpacked file and physical line at which it begins."""
        if self.before is None:
            return self.job.start_byte, self.job.start_line
        return self.before.end_byte, self.before.end_line

    @property
    def publishes(self) -> bool:
        """Tell whether it publishes what is rejected."""
        return self.worker == 0 and self.job.mode is not Mode.RECHECK


class SegmentProcessor:
    """Processes segments; one that is processed twice writes nothing the second time.

    Args:
        ports: The world.
        absences: Lists of complete feeds.
        batch_rows: Rows that are read, decided and written together.
        seen_slots: Memory for the keys of a file, see `seen.SeenKeys`.
        full_read_days: See `settings.IngestSettings`.
        block_hashes: Fingerprints of a block, see `fingerprints.Window`.
    """

    def __init__(
        self,
        ports: IngestPorts,
        absences: Absences,
        *,
        batch_rows: int = 1000,
        seen_slots: int = MOST_SLOTS,
        full_read_days: int = FULL_READ_DAYS,
        block_hashes: int = BLOCK_HASHES,
    ) -> None:
        self._ports = ports
        self._absences = absences
        self._batch_rows = batch_rows
        self._seen_slots = seen_slots
        self._full_read_days = full_read_days
        self._block_hashes = block_hashes

    def process(self, segment: Segment) -> tuple[SegmentReport, KeySets]:
        """Bring rows of a worker's share into the table, as many as the time allows.

        Damage that ends the file is no error here: what stood before it is loaded and accounted
        for like any row, and the report says what it was.

        Returns:
            The report; and the read and write sets.

        Raises:
            RetryableError: The segment must come again; also when it made no progress at all.
        """
        if segment.worker == segment.job.workers:
            return self._imply(segment)
        ports, job = self._ports, segment.job
        byte, line = segment.start
        feed = ports.open_part(
            job.state,
            ports.objects.source(segment.version),
            start_byte=byte,
            start_line=line,
            latest=job.latest,
        )
        report = SegmentReport(attempt=segment.attempt, end_byte=byte, end_line=line)
        if segment.before is not None:
            report.rejects, report.pieces = segment.before.rejects, list(segment.before.pieces)
            report.listed = list(segment.before.listed)
        writer = self._writer(segment, report, report.counts)
        listing = self._key_notes(segment) if job.complete else None
        publisher = self._publisher(segment, feed) if segment.publishes else None
        try:
            self._load(segment, feed, writer, report, publisher=publisher, listing=listing)
            writer.close()
            if publisher is not None:
                self._publish(segment, publisher, report)
        finally:
            if publisher is not None:
                publisher.close()
        report.written = writer.written
        if listing is not None:
            report.listed.append(listing.store())
        return self._reported(report, writer, job)

    def _imply(self, segment: Segment) -> tuple[SegmentReport, KeySets]:
        """Bring into the table what a complete file implies, when all of its rows are there."""
        job, version, attempt = segment.job, segment.version, segment.attempt
        report = SegmentReport(attempt=attempt, end_byte=0, end_line=0)
        if segment.before is not None:
            report.gone = list(segment.before.gone)
        counts = Counts()
        writer = self._writer(segment, report, counts)
        absence = self._absences.begin(job, version, attempt, segment.reports)
        gone = self._key_notes(segment)
        self._write_absent(segment, absence, writer, gone, report)
        report.gone.append(gone.store())
        if report.ended:
            self._absences.end(job, version, attempt, absence, report.gone)
        # What an earlier run has counted, a recheck finds loaded already.
        report.absent = writer.written if job.mode is Mode.RECHECK else counts.loaded
        return self._reported(report, writer, job)

    def _write_absent(
        self,
        segment: Segment,
        absence: Absence,
        writer: RowWriter,
        gone: KeyNotes,
        report: SegmentReport,
    ) -> None:
        reserve = self._reserve()
        absent = absent_keys(self._ports.files, absence.own, report.gone, absence.older)
        progress = False
        for keys in _chunks(absent, self._batch_rows):
            if progress and self._ports.deadline.left() < reserve:
                return
            if absence.implies:
                try:
                    writer.write(Rows(implied_row(segment.job, key) for key in keys))
                except (OutOfTimeError, ThrottledError):
                    if not progress:
                        raise
                    report.unresolved = True
                    return
            gone.saw(keys)
            progress = True
        report.ended = True

    def _reserve(self) -> float:
        """Seconds that must be left to go on."""
        left = self._ports.deadline.left()
        return RESERVE_SECONDS + _RESERVED_SHARE * min(left, _LONGEST_SECONDS)

    def _writer(self, segment: Segment, report: SegmentReport, counts: Counts) -> RowWriter:
        ports, job, version = self._ports, segment.job, segment.version
        if segment.before is not None:
            report.fingerprints = list(segment.before.fingerprints)
        record, reading = segment.record, job.reading(ports.release)
        return RowWriter(
            items=ports.items,
            registry=ports.registry,
            ingestions=ports.ingestions,
            deadline=ports.deadline,
            version=version,
            tokens=Tokens(job.base, version.object_id),
            reading=reading,
            floors=touched_shards(record, of=reading) if record else {},
            recovering=segment.recovering,
            only=self._only(segment),
            first_line=report.end_line,
            counts=counts,
            seen=SeenKeys(self._seen_slots),
            now=lambda: timestamp(ports.now()),
            changes=log_of(ports, version, segment.attempt),
            promises=self._promises(segment),
            notes=self._notes(segment),
        )

    def _reported(
        self, report: SegmentReport, writer: RowWriter, job: Job
    ) -> tuple[SegmentReport, KeySets]:
        """Report what the writer did, and leave its fingerprints."""
        writer.changes.store()
        report.timed = writer.timed
        promises, notes = writer.promises, writer.notes
        if promises is not None:
            report.place, report.known = promises.place, writer.known
            report.drifted = self._unannounced(writer)
        if notes is not None:
            self._leave(notes, promises, job, report)
        report.read_units = self._ports.usage.read_units
        report.write_units = self._ports.usage.write_units
        return report, writer.keys

    def _load(
        self,
        segment: Segment,
        feed: Feed,
        writer: RowWriter,
        report: SegmentReport,
        *,
        publisher: RejectPublisher | None,
        listing: KeyNotes | None,
    ) -> None:
        deadline, reserve = self._ports.deadline, self._reserve()
        share = Share(segment.worker, segment.job.workers)
        progress = False
        try:
            for batch in feed.batches(self._batch_rows, share):
                if progress and deadline.left() < reserve:
                    return
                before = replace(report.counts)
                try:
                    writer.write(batch.rows)
                except (OutOfTimeError, ThrottledError):
                    if not progress:
                        raise  # it would begin here again and again
                    report.counts = before
                    report.unresolved = True
                    return
                if segment.worker == 0:
                    _account(batch, report)
                if publisher is not None and batch.rejects:
                    publisher.add(batch.rejects)
                if listing is not None:
                    listing.saw(batch.rows.keys)
                report.end_byte, report.end_line = batch.next_byte_offset, batch.next_line
                progress = True
        except (BadFileError, ObjectGoneError) as error:
            report.error = refusal_to_data(as_refusal(error))
        report.ended = True

    def _publish(self, segment: Segment, publisher: RejectPublisher, report: SegmentReport) -> None:
        """Complete the reject file, or store a piece of it if another segment follows."""
        if report.error and segment.job.mode is Mode.REPROCESS:
            return  # the record stays as it is, and so does the file
        got_on = (report.end_byte, report.end_line) != segment.start
        if report.ended and got_on and publisher.joins(report.pieces):
            # Pieces may be large; the next segment has nothing else to do than to join them.
            report.ended = self._ports.deadline.left() > _JOINING_SECONDS
        if not report.ended:
            report.error = None  # the next segment meets it again
            if piece := publisher.finish_piece():
                report.pieces.append(piece)
        elif publisher.has_file and self._stands(segment):
            publisher.finish(report.pieces)
        report.messages = publisher.sent

    def _stands(self, segment: Segment) -> bool:
        """Tell whether no other job has taken the place of the segment's, and stored its file."""
        record = self._ports.ingestions.get(segment.version.object_id)
        return record is None or segment.job.run in record.open_runs

    def _promises(self, segment: Segment) -> Promises | None:
        """Return what is known of the items; None where all are to be read.

        A run that takes over after one that crashed must see which items that has written.
        """
        ports, job = self._ports, segment.job
        unknown = segment.before is not None and not segment.before.read_at
        if not job.series or segment.recovering or unknown:
            return None
        text = ports.fingerprints.get(job.series)
        if text is None:
            return None
        given, now = FingerprintSet.from_text(text), ports.now()
        if not usable(given, base=job.base, workers=job.workers, now=now):
            return None
        due = full_read_due(given, began=job.began, days=self._full_read_days)
        before = segment.before
        return Promises(
            given,
            ports.files,
            segment.worker,
            own=before.fingerprints if before else (),
            place=before.place if before else 0,
            block_hashes=self._block_hashes,
            trusted=not due,
            now=now,
        )

    def _notes(self, segment: Segment) -> Notes | None:
        job = segment.job
        if not job.series:
            return None
        name = job_id(segment.version.object_id, segment.attempt)
        return Notes(
            self._ports.files,
            segment.worker,
            f"parts/{name}",
            block_hashes=self._block_hashes,
        )

    def _key_notes(self, segment: Segment) -> KeyNotes:
        name = list_name(segment.version.object_id, segment.attempt, segment.worker)
        return KeyNotes(self._ports.files, name, block_keys=min(BLOCK_KEYS, self._block_hashes))

    @staticmethod
    def _leave(notes: Notes, promises: Promises | None, job: Job, report: SegmentReport) -> None:
        """Store the fingerprints of a segment, unless it wrote over too much to say so."""
        piece = notes.store()
        if piece is None:
            return
        report.fingerprints.append(piece)
        trusted = promises is not None and promises.trusted
        report.read_at = promises.given.read_at if promises and trusted else job.began

    def _unannounced(self, writer: RowWriter) -> int:
        """Number of drifted items that nobody has written who says so."""
        drifted = writer.drifted
        for shard in {shard for shard, _ in drifted}:
            for entry in self._ports.registry.written_since(shard, writer.keys[shard].epoch):
                drifted = {
                    each for each in drifted if each[0] != shard or each[1] not in entry.writes
                }
        return len(drifted)

    def _only(self, segment: Segment) -> frozenset[int] | None:
        """Hashes of the keys that are decided again; None for every row."""
        job = segment.job
        if job.mode is not Mode.RECHECK:
            return None
        asked = {pointer for pointer in job.recheck if pointer.startswith(ASKED)}
        if asked and segment.worker == job.workers:
            return None
        found: set[int] = set()
        for pointer in sorted(set(job.recheck) - asked):
            hashes = self._ports.registry.writes_of(pointer).hashes()
            if hashes is None:
                return None
            found |= hashes
        return frozenset(found)

    def _publisher(self, segment: Segment, feed: Feed) -> RejectPublisher:
        job, object_id = segment.job, segment.version.object_id
        limit = job.message_limit
        what = {"message_limit": limit, "release": self._ports.release}
        digest = digest_of(job.state | what, job.base, job.latest)

        def note_sent(sent: int) -> None:
            self._ports.ingestions.note_messages(object_id, messages_note(digest, sent))

        return RejectPublisher(
            self._ports.rejects,
            version=segment.version,
            feed=feed,
            base=job.base,
            timestamp=job.began,
            # Two attempts may end at different places, so what they store stands apart.
            piece_key=piece_key(segment.version, segment.attempt),
            message_limit=limit,
            rejects_before=segment.before.rejects if segment.before else 0,
            already_sent=0 if job.untold else messages_taken(segment.record, digest),
            note_sent=note_sent,
            # Rows that an earlier reading has refused have messages, see `Finisher.end`.
            tells=job.mode is Mode.PROCESS,
            # There may be a reject file from an earlier reading.
            replaces=segment.recovering
            or (segment.record is not None and bool(segment.record.reads_by)),
        )


def _chunks(lists: Iterator[list[Key]], size: int) -> Iterator[list[Key]]:
    for keys in lists:
        for at in range(0, len(keys), size):
            yield keys[at : at + size]


def _account(batch: Batch, report: SegmentReport) -> None:
    counts = report.counts
    counts.rows_read += len(batch.rows) + batch.rows_of_others
    counts.rows_read += len(batch.rejects) + len(batch.skips)
    counts.rejected += len(batch.rejects)
    report.rejects += len(batch.rejects)
    counts.skipped += len(batch.skips)
    report.skipped_by_reason.update(skip.reason for skip in batch.skips)
    report.rejected_by_error.update(str(reject.error) for reject in batch.rejects)
    if batch.rejects and report.first_error_line is None:
        report.first_error_line = batch.rejects[0].line
