"""Other CSV readers over the damage corpus; run by an interpreter that has them.

    python peer_readers.py FOLDER READER

FOLDER holds the files and `manifest.json`. Prints JSON: for each file its rows as lists of text,
how many rejects the reader reported, and whether it refused the file. Stands alone on purpose: the
interpreter that has pandas and DuckDB has nothing of ours.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

Reading = tuple[list[list[str]], int]


def read_with_csv(path: Path) -> Reading:
    """Rows by csv.DictReader as every tutorial uses it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [[str(cell) for cell in row.values()] for row in csv.DictReader(file)], 0


def read_with_pandas(path: Path) -> Reading:
    """Rows by pandas.read_csv that leaves out what it cannot read."""
    import pandas as pd  # noqa: PLC0415  # only here when asked for

    frame = pd.read_csv(path, dtype=str, keep_default_na=False, on_bad_lines="skip")
    return frame.to_numpy().tolist(), 0


def read_with_duckdb(path: Path) -> Reading:
    """Rows by DuckDB that leaves out and counts what it cannot read."""
    import duckdb  # noqa: PLC0415  # only here when asked for

    connection = duckdb.connect()
    dialect = "delim=',', quote='\"', escape='\"', header=true, all_varchar=true"
    query = f"SELECT * FROM read_csv(?, {dialect}, store_rejects=true)"  # noqa: S608  constant
    found = connection.execute(query, [str(path)]).fetchall()
    counted = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchall()
    return [["" if cell is None else cell for cell in row] for row in found], counted[0][0]


READERS = {"csv": read_with_csv, "pandas": read_with_pandas, "duckdb": read_with_duckdb}


def main(folder: Path, reader: str) -> None:
    """Read every file of the folder and print what came of it."""
    read = READERS[reader]
    found: dict[str, Any] = {}
    for name in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        try:
            rows, rejects = read(folder / name)
            found[name] = {"rows": rows, "rejects": rejects, "refused": False}
        except Exception as error:  # noqa: BLE001  # any error is a refusal of the file
            found[name] = {"rows": [], "rejects": 0, "refused": True, "error": str(error)[:200]}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
