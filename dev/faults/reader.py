"""The damage campaign: our reader and others over the same damaged files.

Others run in a subprocess, by the interpreter named in PEERS_PYTHON, else this one; a reader it
does not have is left out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from inventory.domain.errors import BadFileError
from inventory.domain.reading import BytesSource, ProfileSet, open_feed
from sample_feeds.corpus import DamagedFile, damaged_files
from sample_feeds.table import COLUMNS, table_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from inventory.domain.model import Row

Cells = tuple[str, ...]

_PEERS = {"csv": "csv.DictReader", "pandas": "pandas", "duckdb": "DuckDB"}
_PEER_TIMEOUT_SECONDS = 900


@dataclass(slots=True)
class Figures:
    """One reader's result of the corpus.

    Attributes:
        files: Files read.
        intact: Intact rows they hold.
        intact_exact: Those that were loaded exactly.
        wrong: Rows loaded that are damaged or that nobody wrote; files to refuse are not counted.
        damaged: Damaged rows they hold.
        rejects: Rejects reported.
        silent: Files with damaged rows of which nothing was reported.
        to_refuse: Files that must be refused: damaged headers, broken archives, no text.
        refused: Those that were refused.
        refused_in_vain: Files refused that hold rows to load.
    """

    files: int = 0
    intact: int = 0
    intact_exact: int = 0
    wrong: int = 0
    damaged: int = 0
    rejects: int = 0
    silent: int = 0
    to_refuse: int = 0
    refused: int = 0
    refused_in_vain: int = 0

    @property
    def flawless(self) -> bool:
        """Tell whether all intact rows were loaded, no wrong one was, and damage was reported."""
        return (
            self.intact_exact == self.intact
            and self.refused == self.to_refuse
            and not (self.wrong or self.silent or self.refused_in_vain)
        )

    def add(self, file: DamagedFile, rows: Iterable[Cells], rejects: int, *, refused: bool) -> None:
        """Count what the reader made of one file."""
        wanted = Counter(
            cells
            for index, cells in enumerate(table_rows())
            if not (file.refused or index in file.damaged or index in file.absent)
        )
        got = Counter(rows)
        self.files += 1
        self.intact += wanted.total()
        self.intact_exact += (wanted & got).total()
        self.rejects += rejects
        if file.refused:
            self.to_refuse += 1
            self.refused += refused
            return
        self.wrong += (got - wanted).total()
        self.damaged += len(file.damaged)
        self.silent += bool(file.damaged) and not rejects
        self.refused_in_vain += refused


def measure_ours(files: Iterable[DamagedFile]) -> Figures:
    """Our reader's result of the files."""
    figures = Figures()
    profiles = ProfileSet()
    for file in files:
        rows: list[Cells] = []
        rejects = 0
        refused = False
        try:
            feed = open_feed(BytesSource(file.data), key=file.key, profiles=profiles)
            for batch in feed.batches():
                rows += map(_cells_of, batch.rows)
                rejects += len(batch.rejects)
        except BadFileError:
            refused = True
        figures.add(file, rows, rejects, refused=refused)
    return figures


def measure_peer(reader: str, files: Sequence[DamagedFile], folder: Path) -> Figures | str:
    """Another reader's result of the files, or why it was not measured.

    Args:
        reader: A name of `peer_readers.READERS`.
        files: Files that plain readers can read.
        folder: Where the files lie, named by their place in the sequence.
    """
    interpreter = os.environ.get("PEERS_PYTHON") or sys.executable
    script = Path(__file__).with_name("peer_readers.py")
    module = [interpreter, "-c", f"import {reader}"]
    present = shutil.which(interpreter) is not None
    if not present or subprocess.run(module, check=False, capture_output=True).returncode:
        return "not installed"
    done = subprocess.run(
        [interpreter, str(script), str(folder), reader],
        check=True,
        capture_output=True,
        timeout=_PEER_TIMEOUT_SECONDS,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    figures = Figures()
    for number, file in enumerate(files):
        reading = found[f"{number}.csv"]
        rows = [tuple(row) for row in reading["rows"]]
        figures.add(file, rows, reading["rejects"], refused=reading["refused"])
    return figures


def run(console: Console | None = None) -> dict[str, Any]:
    """Run the campaign and print its table.

    Args:
        console: Where to print; None for standard output.

    Returns:
        Figures by reader, of the files with one damaged row or header and, for our reader alone
        (others are not told encoding and packing), of the files with a trait as a whole.
    """
    console = console or Console()
    files = list(damaged_files())
    places = [file for file in files if not file.family.startswith("file-")]
    wholes = [file for file in files if file.family.startswith("file-")]
    measured: dict[str, Figures | str] = {"ours": measure_ours(places)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = [f"{number}.csv" for number in range(len(places))]
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        for entry, file in zip(manifest, places, strict=True):
            (folder / entry).write_bytes(file.data)
        for reader, title in _PEERS.items():
            measured[title] = measure_peer(reader, places, folder)
    measured["ours, file traits"] = measure_ours(wholes)
    console.print(_table(measured))
    return {
        "corpus_files": len(files),
        "flawless": all(
            isinstance(figures, Figures) and figures.flawless
            for name, figures in measured.items()
            if name.startswith("ours")
        ),
        "readers": {
            name: asdict(figures) if isinstance(figures, Figures) else figures
            for name, figures in measured.items()
        },
    }


def _cells_of(row: Row) -> Cells:
    """The cells a row was read from; the table holds numbers in canonical text."""
    known: dict[str, str | None] = {
        **row.attributes,
        **{name: getattr(row, name) for name in COLUMNS if hasattr(row, name)},
    }
    return tuple(known.get(column) or "" for column in COLUMNS)


def _table(measured: dict[str, Figures | str]) -> Table:
    table = Table(title="Damaged files: what each reader loads, and what it says about it")
    table.add_column("")
    for name in measured:
        table.add_column(name, justify="right")
    lines: dict[str, Callable[[Figures], str]] = {
        "files": lambda f: f"{f.files:,}",
        "intact rows": lambda f: f"{f.intact:,}",
        "  loaded exactly": lambda f: f"{f.intact_exact:,}",
        "WRONG rows loaded": lambda f: f"{f.wrong:,}",
        "damaged rows": lambda f: f"{f.damaged:,}",
        "  rejects reported": lambda f: f"{f.rejects:,}",
        "  files that say nothing": lambda f: f"{f.silent:,}",
        "bad headers, archives": lambda f: f"{f.to_refuse:,}",
        "  refused": lambda f: f"{f.refused:,}",
        "good files refused": lambda f: f"{f.refused_in_vain:,}",
    }
    for line, show in lines.items():
        table.add_row(
            line,
            *(
                show(figures) if isinstance(figures, Figures) else figures
                for figures in measured.values()
            ),
        )
    return table


if __name__ == "__main__":
    run()
