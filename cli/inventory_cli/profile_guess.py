"""A profile proposed from the beginning of a file: what its columns are called and how they look.

The proposal is tried on the file by whoever asks for it; nothing here decides what loads.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inventory.domain.reading.evidence import A_TIME, AN_EVENT, looks_like
from inventory.domain.reading.profiles import DELIMITERS, normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Lines that are looked at; a header stands below fewer title lines.
_LINES = 200
_HEADER_LINES = 20
#: What labels of a field are called, the likeliest first; a label that holds one counts too.
_CALLED = {
    "sku": (
        "sku, seller sku, variant sku, item sku, product code, item code, article number,"
        " artikelnummer, artikel, art nr, part number, partnumber, stock code, item number,"
        " item no, material, reference, referencia, référence, código, codigo, code, item,"
        " product id, ean, barcode, upc, gtin"
    ),
    "quantity": (
        "quantity on hand, qty on hand, on hand, stock on hand, in stock, stock level, quantity,"
        " qty, available quantity, available, stock, bestand, lagerbestand, menge, existencia,"
        " existencias, cantidad, quantité, voorraad, aantal, giacenza, inventory, soh, units,"
        " unrestricted"
    ),
    "location": (
        "location, warehouse, store, shop, branch, outlet, site, plant, depot, lager, lagerort,"
        " filiale, magasin, entrepôt, almacén, almacen, tienda, magazzino, magazijn"
    ),
    "name": "name, title, product, description, bezeichnung, nombre, descripción, nom, naam",
    "unit_price": "price, unit price, retail price, preis, verkaufspreis, precio, prix, prijs",
    "reorder_point": (
        "reorder point, reorder level, re-order level, re-order point, minimum level, low stock,"
        " min stock, mindestbestand"
    ),
}
_WORDS = {name: [text.strip() for text in called.split(",")] for name, called in _CALLED.items()}
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COMMA_DECIMAL = re.compile(r"-?[0-9.]*[0-9],[0-9]{1,2}")
_NUMBER = re.compile(r"[-+]?[0-9][0-9., ']*-?")
_NOT_STOCKED = {"", "-", "n/a", "not stocked", "not tracked"}
_TOTAL = re.compile(r"(grand |sub)?(total|totals|summe|gesamt|totaal|totale)\b.*", re.IGNORECASE)


@dataclass(slots=True)
class Guess:
    """Guess at the format of a file.

    Attributes:
        labels: Its header.
        delimiter: What separates its cells.
        legacy: Encoding besides UTF-8 that it is in; "" for none.
        rows: The first rows below the header.
        columns: Field to the labels that may feed it, the likeliest first.
    """

    labels: list[str]
    delimiter: str
    legacy: str
    rows: list[list[str]]
    columns: dict[str, list[str]] = field(default_factory=dict)


def guess(data: bytes) -> Guess | None:
    """Look at the beginning of a file; None where nothing looks like a header of stock.

    Args:
        data: Its first bytes, unpacked.
    """
    text, legacy = _decoded(data)
    lines = text.splitlines()[:_LINES]
    best: tuple[int, Guess] | None = None
    for delimiter in DELIMITERS:
        records = list(csv.reader(lines, delimiter=delimiter))
        for at, labels in enumerate(records[:_HEADER_LINES]):
            columns = _columns(labels)
            score = 10 * sum(map(bool, columns.values())) + len(labels) * (len(labels) > 1)
            if columns["sku"] and (best is None or score > best[0]):
                rows = [row for row in records[at + 1 :] if len(row) == len(labels)]
                stripped = [label.strip() for label in labels]
                best = score, Guess(stripped, delimiter, legacy, rows, columns)
    if best is None:
        return None
    found = best[1]
    numbers = [label for label in found.columns["quantity"] if _is_number(found, label)]
    found.columns["quantity"] = numbers or found.columns["quantity"]
    return found


def proposal(
    found: Guess, *, sku: str, quantity: str, location: str | None, constant: str
) -> dict[str, Any]:
    """The entry of a profile for a file.

    Args:
        found: What was found in it.
        sku: Label of the SKU.
        quantity: Label of the stock.
        location: Label of the location; None for one location.
        constant: That one location.
    """
    chosen = {"sku": sku, "quantity": quantity}
    for name in ("name", "unit_price", "reorder_point"):
        label = next((each for each in found.columns[name] if each not in chosen.values()), None)
        if label is not None:
            chosen[name] = label
    entry: dict[str, Any] = {"delimiters": [found.delimiter], "columns": chosen}
    if found.legacy:
        entry["encodings"] = [found.legacy]
    taken = {*chosen.values()}
    if location is None:
        entry["location"] = {"constant": constant}
    else:
        entry["location"] = {"column": location}
        taken.add(location)
    # What is listed is known, so that only a column that comes later is asked about.
    entry["required"] = [label for label in taken if label not in {sku, quantity}]
    entry["attributes"] = [each for each in found.labels if each and each not in taken]
    at = {label: index for index, label in enumerate(found.labels)}
    stock = [row[at[quantity]].strip() for row in found.rows]
    if any(map(_COMMA_DECIMAL.fullmatch, stock)):
        entry["decimals"] = "comma"
    # Only what surely means that there is none here: "many" or "sold out" is for people to decide.
    if words := sorted({cell for cell in stock if cell.casefold() in _NOT_STOCKED}):
        entry["not_stocked"] = words
    if totals := sorted({row[at[sku]].strip() for row in found.rows if _TOTAL.match(row[at[sku]])}):
        entry["skip_rows"] = [{"column": sku, "words": totals, "reason": "total line"}]
    return entry


def against_stock(labels: Sequence[str]) -> dict[str, str]:
    """Those of some labels that say the rows are events or of past days, and what they look like.

    Args:
        labels: Of columns that nobody reads.
    """
    looks = {label: looks_like(label) for label in labels}
    return {label: what for label, what in looks.items() if what in {AN_EVENT, A_TIME}}


def as_toml(name: str, entry: dict[str, Any], prefix: str) -> str:
    """The lines of a feeds file for a profile and the feed that uses it."""
    lines = [f'[feeds."{prefix}"]', f'profile = "{name}"', "", f"[profiles.{name}]"]
    tables = {key: value for key, value in entry.items() if isinstance(value, dict)}
    lines += [f"{key} = {_value(entry[key])}" for key in entry if key not in tables]
    for key, table in tables.items():
        lines += ["", f"[profiles.{name}.{key}]"]
        lines += [f"{inner} = {_value(value)}" for inner, value in table.items()]
    return "\n".join([*lines, ""])


def _value(value: Any) -> str:  # noqa: ANN401  whatever a profile's entry holds
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        # A character cut off at the end of what was read is no sign of another encoding.
        if len(data) - error.start < len("é".encode()) * 2:
            return data[: error.start].decode("utf-8-sig"), ""
        return data.decode("cp1252", "replace"), "cp1252"


def _columns(labels: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, words in _WORDS.items():
        ranked = []
        for label in labels:
            text = normalised(_CAMEL_CASE.sub(" ", label))
            ranks = [rank for rank, word in enumerate(words) if _says(text, word)]
            if ranks:
                exact = text not in words
                ranked.append((exact, min(ranks), label.strip()))
        found[name] = [label for _, _, label in sorted(ranked)]
    taken = set(found["sku"][:1]) | set(found["location"])
    found["quantity"] = [
        label for label in found["quantity"] if label not in taken and looks_like(label) is None
    ]
    plain = [label for label in found["sku"] if normalised(label) in _WORDS["sku"]]
    # A code of its own beats what a label merely contains ("SKU of included item").
    found["sku"] = plain[:1] or [each for each in found["sku"] if looks_like(each) is None]
    return found


def _says(label: str, word: str) -> bool:
    return f" {normalised(word)} " in f" {label} "


def _is_number(found: Guess, label: str) -> bool:
    at = found.labels.index(label)
    cells = [row[at].strip() for row in found.rows if row[at].strip()]
    return sum(map(bool, map(_NUMBER.fullmatch, cells))) * 2 > len(cells)
