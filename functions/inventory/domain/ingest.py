"""One object version from its delivery to the end of its record.

Order of effects: the run is entered in the record; lanes are announced; items are read, decided
and written batch by batch; reject messages and the reject file leave; whoever relied on an
overwritten item is sent again; the record ends. Every step may be repeated, and a delivery that
fails anywhere before the end is simply delivered again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventory.domain.errors import BadFileError, ObjectGoneError, OutOfTimeError, RetryableError
from inventory.domain.hold import Weighing
from inventory.domain.ledger import Admission, Mode, RunReport, Status, admit
from inventory.domain.model import Counts
from inventory.domain.order import Tokens, base_of, object_time, timestamp
from inventory.domain.outcome import Outcome
from inventory.domain.publishing import RejectPublisher
from inventory.domain.reading import Feed as WholeFeed
from inventory.domain.rejects import as_refusal, file_reject, piece_key, reject_message
from inventory.domain.seen import MOST_SLOTS, SeenKeys
from inventory.domain.writing import RowWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.chunks.service import Chunks
    from inventory.domain.hold import StockDropHold
    from inventory.domain.ingest_ports import IngestPorts
    from inventory.domain.model import ObjectVersion
    from inventory.domain.ports import Feed, ObjectInfo
    from inventory.domain.work import Delivery

_ADMISSION_ATTEMPTS = 20


@dataclass(kw_only=True, slots=True)
class _Run:
    """What one run has come to so far."""

    admission: Admission
    report: RunReport
    written: int = 0
    rechecks: int = 0
    reject_messages: int = 0
    in_parts: bool = False


class Ingest:
    """Processes deliveries of object versions; deliveries of one version are idempotent.

    Idempotency: every item write is conditional on what was read and carries the row's token, the
    record is keyed by the object version, and messages carry stable ids.

    Args:
        ports: The world.
        batch_rows: Rows that are read, decided and written together.
        seen_slots: Memory for the keys of a file, see `seen.SeenKeys`.
        chunks: Takes over files that are too large for one invocation, or turn out to be.
        hold: Weighs files before they load; None when nothing is held.
    """

    def __init__(
        self,
        ports: IngestPorts,
        *,
        batch_rows: int = 1000,
        seen_slots: int = MOST_SLOTS,
        chunks: Chunks | None = None,
        hold: StockDropHold | None = None,
    ) -> None:
        self._ports = ports
        self._batch_rows = batch_rows
        self._seen_slots = seen_slots
        self._chunks = chunks
        self._hold = hold

    def run(self, delivery: Delivery, *, time_left: Callable[[], float]) -> Outcome:
        """Process one delivery.

        Args:
            delivery: What came and why.
            time_left: Seconds until the invocation ends.

        Raises:
            RetryableError: The delivery must come again.
        """
        if delivery.task is not None and self._chunks is not None:
            return self._chunks.run(delivery, time_left=time_left)
        ports = self._ports
        ports.deadline.start(time_left)
        began = ports.now()
        reads, writes = ports.usage.read_units, ports.usage.write_units
        info, refusal, base = self._describe(delivery.version)
        admission = self._admit(
            replace(delivery, version=info.version if info else delivery.version), base
        )
        run = _Run(admission=admission, report=RunReport())
        status: Status | None = None
        if admission.mode is not Mode.ANSWERED:
            try:
                if refusal is not None:
                    raise refusal
                self._load(run)
            except (BadFileError, ObjectGoneError) as error:
                refusal = error
                self._refuse(run, error)
            ended = ports.now()
            run.report.read_units = ports.usage.read_units - reads
            run.report.write_units = ports.usage.write_units - writes
            run.report.finished_at = timestamp(ended)
            if not run.in_parts:
                status = self._end(run, refused=refusal is not None)
        report = run.report
        return Outcome(
            object_id=admission.version.object_id,
            mode=admission.mode,
            status=status,
            profile=report.profile,
            size_bytes=admission.version.size_bytes,
            counts=report.counts,
            skipped_by_reason=report.skipped_by_reason,
            written=run.written,
            rechecks=run.rechecks,
            reject_messages=run.reject_messages,
            error=report.error,
            read_units=ports.usage.read_units - reads,
            write_units=ports.usage.write_units - writes,
            seconds=(ports.now() - began).total_seconds(),
        )

    def _describe(
        self, version: ObjectVersion
    ) -> tuple[ObjectInfo | None, BadFileError | ObjectGoneError | None, str]:
        """What S3 says, what is wrong with that, and the base it gives ("" without one)."""
        try:
            info = self._ports.objects.describe(version)
        except ObjectGoneError as error:
            return None, error, ""
        try:
            time = object_time(info.last_modified, info.metadata)
        except BadFileError as error:
            return info, error, ""
        return info, None, base_of(time, version.sequencer)

    def _admit(self, delivery: Delivery, base: str) -> Admission:
        ledger = self._ports.ledger
        for _ in range(_ADMISSION_ATTEMPTS):
            admission = admit(
                ledger.get(delivery.version.object_id),
                kind=delivery.kind,
                version=delivery.version,
                base=base,
                delivery_id=delivery.delivery_id,
                now=self._ports.now(),
            )
            if admission.mode is Mode.ANSWERED or ledger.open(admission):
                return admission
        raise RetryableError(f"{delivery.version.object_id}: the record keeps changing")

    def _load(self, run: _Run) -> None:
        """Everything between the beginning and the end of the record."""
        admission = run.admission
        version = admission.version
        if version.key.endswith("/") and version.size_bytes == 0:
            return  # what consoles create as a folder; it holds no rows
        feed = self._ports.open_feed(self._ports.objects.source(version), key=version.key)
        run.report.profile = feed.profile
        tokens = Tokens(admission.base, version.object_id)
        if self._hold is not None and _undecided(admission):
            if not self._weigh(self._hold, run, feed, tokens):
                return
            self._ports.ledger.accept(admission)
        if self._chunks is not None and self._chunks.takes(version):
            self._hand_over(run, feed)
            return
        writer = RowWriter(
            items=self._ports.items,
            lanes=self._ports.lanes,
            deadline=self._ports.deadline,
            admission=admission,
            tokens=tokens,
            counts=run.report.counts,
            seen=SeenKeys(self._seen_slots),
            now=lambda: timestamp(self._ports.now()),
        )
        publisher = self._publisher(run, feed)
        try:
            self._process(run, feed, writer, publisher)
        except BadFileError:
            # Damage that nobody could know before: what stood before it is loaded and accounted
            # for like any row, so its rejects leave and its overwritten items are looked after.
            self._settle(run, writer, publisher)
            raise
        except OutOfTimeError:
            if self._chunks is None:
                raise
            self._hand_over(run, feed)
        else:
            self._settle(run, writer, publisher)
        finally:
            publisher.close()

    def _weigh(self, hold: StockDropHold, run: _Run, feed: Feed, tokens: Tokens) -> bool:
        """Weigh a file before anything of it loads.

        Returns:
            Whether it may load; else other invocations find that out.
        """
        admission, chunks = run.admission, self._chunks
        weighing: Weighing | None = None
        if chunks is None or not chunks.has_begun(admission):
            weighing = Weighing()
            if hold.weigh(feed, tokens, weighing):
                hold.judge(weighing)
                return True
        if chunks is None or not isinstance(feed, WholeFeed):
            raise OutOfTimeError(
                f"{admission.version.object_id} is too large to be weighed at once"
            )
        run.in_parts = True
        chunks.weigh(admission, feed, weighing)
        return False

    def _hand_over(self, run: _Run, feed: Feed) -> None:
        """Have the file processed in parts, each by an invocation of its own.

        What this run has written counts again there, and is looked after there.
        """
        if self._chunks is None or not isinstance(feed, WholeFeed):
            raise OutOfTimeError(f"{run.admission.version.object_id} is too large")
        started = run.report.counts.rows_read > 0
        run.in_parts = True
        run.report.counts = Counts()
        run.report.skipped_by_reason.clear()
        run.report.rejected_by_error.clear()
        self._chunks.begin(run.admission, feed, thorough=started)

    def _publisher(self, run: _Run, feed: Feed) -> RejectPublisher:
        return RejectPublisher(
            self._ports.rejects,
            version=run.admission.version,
            feed=feed,
            timestamp=run.admission.now,
            piece_key=piece_key(run.admission.version, run.admission.run),
        )

    def _process(
        self, run: _Run, feed: Feed, writer: RowWriter, publisher: RejectPublisher
    ) -> None:
        report = run.report
        counts = report.counts
        for batch in feed.batches(self._batch_rows):
            writer.check_time()
            counts.rows_read += len(batch.rows) + len(batch.rejects) + len(batch.skips)
            counts.rejected += len(batch.rejects)
            counts.skipped += len(batch.skips)
            report.skipped_by_reason.update(skip.reason for skip in batch.skips)
            if batch.rejects:
                if report.first_error_line is None:
                    report.first_error_line = batch.rejects[0].line
                report.rejected_by_error.update(str(reject.error) for reject in batch.rejects)
                if run.admission.mode is Mode.WORK:
                    publisher.add(batch.rejects)
            writer.write(batch.rows)

    def _settle(self, run: _Run, writer: RowWriter, publisher: RejectPublisher) -> None:
        """After the last write: rejects out, then whoever relied on overwritten items again."""
        run.written = writer.written
        publisher.finish()
        run.reject_messages = publisher.sent
        run.rechecks = writer.look_back(self._ports.work)

    def _refuse(self, run: _Run, error: BadFileError | ObjectGoneError) -> None:
        """Send the one reject of a refused file."""
        refusal = as_refusal(error)
        run.report.error = f"{refusal.code}: {refusal}"
        if run.report.first_error_line is None:
            run.report.first_error_line = refusal.line
        found = run.admission.found
        if run.admission.mode is Mode.RECHECK and found and found.status is not Status.COMPLETED:
            return  # the delivery that ends the record says so
        body = reject_message(
            file_reject(refusal), run.admission.version, run.report.profile, run.admission.now
        )
        self._ports.rejects.queue.send("file", [body])
        run.reject_messages += 1

    def _end(self, run: _Run, *, refused: bool) -> Status | None:
        ledger = self._ports.ledger
        admission = run.admission
        if admission.mode is Mode.RECHECK or (admission.mode is Mode.REWORK and refused):
            ledger.close(admission, written=run.written)
            return None
        if refused:
            ledger.fail(admission, run.report)
            return Status.FAILED
        ledger.complete(admission, run.report)
        return Status.COMPLETED


def _undecided(admission: Admission) -> bool:
    """Whether nobody has decided yet that the file may load."""
    if admission.mode is not Mode.WORK:
        return False
    return admission.found is None or not admission.found.accepted
