"""A profile proposed from the beginning of a file: what its columns are called and how they look.

The proposal is tried on the file by whoever asks for it; nothing here decides what loads.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inventory.domain.reading.evidence import (
    A_PLACE,
    A_TIME,
    A_TOTAL,
    AN_EVENT,
    evidence_in,
    is_no_count,
    location_looks_like,
    looks_like,
)
from inventory.domain.reading.not_stock import report_of
from inventory.domain.reading.profiles import DELIMITERS, normalised
from inventory.domain.reading.quantities import Decimals, number_converter, seen, time_converter
from inventory.domain.reading.totals import is_total
from inventory.domain.reading.workbooks import SHEET_DELIMITER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

#: Lines that are looked at; a header stands below fewer title lines.
_LINES = 200
_HEADER_LINES = 20
#: Cells of a line that may be a header although none of its labels is known.
_HEADER_CELLS = 3
#: What labels of a field are called, the likeliest first; a label that holds one counts too.
_CALLED = {
    "sku": (
        "sku, seller sku, variant sku, item sku, product code, item code, article number,"
        " article code, article no, artikelnummer, artikelnr, artikel nr, artikel, art nr,"
        " part number, partnumber, part no, stock code, item number, item no, material,"
        " code article, référence article, reference, referencia, référence, réf, codice articolo,"
        " codice, artikelcode, código, codigo, code, item, article, product id, ean, barcode,"
        " upc, gtin"
    ),
    "quantity": (
        "quantity on hand, qty on hand, on hand, stock on hand, in stock, stock level, quantity,"
        " qty, available quantity, available, stock, bestand, lagerbestand, menge, existencia,"
        " existencias, cantidad, quantité, qté, voorraad, aantal, giacenza, quantità, quantidade,"
        " estoque, inventory, soh, qoh, units, unrestricted"
    ),
    "location": (
        "location, warehouse, store, shop, branch, outlet, site, plant, depot, lager, lagerort,"
        " filiale, magasin, entrepôt, dépôt, almacén, almacen, tienda, magazzino, magazijn"
    ),
    "name": (
        "name, title, product, description, bezeichnung, artikelname, nombre, descripción, nom,"
        " désignation, libellé, naam, omschrijving, descrizione"
    ),
    "unit_price": (
        "price, unit price, retail price, preis, verkaufspreis, precio, prix, prijs, prezzo"
    ),
    "reorder_point": (
        "reorder point, reorder level, re-order level, re-order point, minimum level, low stock,"
        " min stock, mindestbestand, mindestlagerbestand, stock mini"
    ),
}
_WORDS = {name: [text.strip() for text in called.split(",")] for name, called in _CALLED.items()}
#: The label of the SKU itself, which beats that of an item or a code.
_SKU = re.compile(
    r"(?!.*\b(?:parent|supplier|vendor|manufacturer|included|related|old)\b)"
    r"(?:.* )?sku(?: (?:code|number|no|nr|id))?"
)
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER = re.compile(r"[-+]?[0-9][0-9., ']*-?")
#: Cells of a column that says of each article if something is so.
_ANSWERS = {"", "0", "1", "true", "false", "yes", "no", "y", "n", "ja", "nein", "oui", "non"}
_NOT_STOCKED = {"", "-", "n/a", "not stocked", "not tracked"}
_TOTAL = re.compile(r"(grand |sub)?(total|totals|summe|gesamt|totaal|totale)\b.*", re.IGNORECASE)
#: Words in the label of an event or a time that make it one of the article, not of the row.
_OF_ARTICLE = re.compile(
    r"\b(?:last|latest|next|created|updated|modified|changed"
    r"|letzte[rs]?|zuletzt|nächste[rs]?|angelegt|geändert|änderung"
    r"|dernier|dernière|prochain|prochaine|création|modification"
    r"|último|última|ultimo|ultima|próximo|próxima|laatste?|volgende|gewijzigd)\b"
)
#: How people write times, besides ISO 8601.
_TIME_FORMATS = tuple(
    f"{day}{time}"
    for day in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y")
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
)


@dataclass(slots=True)
class Guess:
    """Guess at the format of a file.

    Attributes:
        labels: Its header.
        delimiter: What separates its cells; "" in a sheet.
        legacy: Encoding besides UTF-8 that it is in; "" for none.
        rows: The first rows below the header.
        columns: Field to the labels that may feed it, the likeliest first.
        sheet: Name of its sheet, where others of the workbook have such a header, too.
    """

    labels: list[str]
    delimiter: str
    legacy: str
    rows: list[list[str]]
    columns: dict[str, list[str]] = field(default_factory=dict)
    sheet: str = ""

    def cells(self, label: str) -> list[str]:
        """The cells of a column, as people see them."""
        at = self.labels.index(label)
        return [seen(row[at]) for row in self.rows]

    def holds_numbers(self, label: str) -> bool:
        """Tell whether most cells of a column that are not blank are numbers."""
        cells = list(filter(None, self.cells(label)))
        return sum(map(bool, map(_NUMBER.fullmatch, cells))) * 2 > len(cells)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The columns that somebody has chosen.

    Attributes:
        sku: Label of the SKU.
        quantity: Label of the stock; "" where each location has a column.
        location: Label of the location; "" where there is none.
        constant: The one location where nothing else says it.
        stores: Label of the quantity columns with `*` in place of the location; "" for none.
        stores_after: Label after which each column is a location; "" for none.
        time: Label of the time as of which a row is meant; "" for none.
    """

    sku: str
    quantity: str = ""
    location: str = ""
    constant: str = "default"
    stores: str = ""
    stores_after: str = ""
    time: str = ""

    def location_columns(self, labels: Sequence[str]) -> list[str]:
        """The labels that hold a location each, totals left out."""
        if self.stores_after:
            names = {label: label for label in labels[labels.index(self.stores_after) + 1 :]}
        else:
            before, _, after = self.stores.casefold().partition("*")
            names = {
                label: label[len(before) : len(label) - len(after)].strip()
                for label in labels
                if self.stores
                and len(label) > len(before) + len(after)
                and label.casefold().startswith(before)
                and label.casefold().endswith(after)
            }
        return [
            label
            for label, name in names.items()
            if name and not _TOTAL.fullmatch(name) and location_looks_like(name) != A_TOTAL
        ]


def guess(beginnings: Mapping[str, bytes], given: Collection[str] = ()) -> Guess | None:
    """Look at the beginning of a file; None where nothing looks like a header of stock.

    Args:
        beginnings: Its first bytes, unpacked; of a workbook those of each sheet by its name.
        given: Labels that somebody has named.
    """
    found = [
        (score, name, each)
        for name, data in beginnings.items()
        for score, each in _headers(data, set(given), of_sheet=bool(name))
    ]
    if not found:
        return None
    _, sheet, best = max(found, key=lambda entry: entry[0])
    if any(name != sheet and each.labels == best.labels for _, name, each in found):
        best.sheet = sheet
    quantities = best.columns["quantity"]
    best.columns["quantity"] = list(filter(best.holds_numbers, quantities)) or quantities
    best.columns["location"] = [
        label
        for label in best.columns["location"]
        if not _ANSWERS.issuperset(map(str.casefold, best.cells(label)))
    ]
    return best


def _headers(data: bytes, given: set[str], *, of_sheet: bool) -> Iterator[tuple[int, Guess]]:
    """Lines that may be the header, each with how much speaks for it."""
    text, legacy = _decoded(data)
    lines = text.splitlines(keepends=True)[:_LINES]
    for delimiter in (SHEET_DELIMITER,) if of_sheet else DELIMITERS:
        records = list(csv.reader(lines, delimiter=delimiter))
        for at, record in enumerate(records[:_HEADER_LINES]):
            labels = [label.strip() for label in record]
            rows = [row for row in records[at + 1 :] if len(row) == len(labels)]
            found = Guess(labels, "" if of_sheet else delimiter, legacy, rows, _columns(labels))
            fields = sum(map(bool, found.columns.values()))
            if given:
                likely = given <= set(labels)
            else:
                likely = bool(found.columns["sku"]) or _could_be_header(found)
            if likely and len(labels) > 1:
                yield 10 * fields + len(labels), found


def _could_be_header(found: Guess) -> bool:
    """Tell whether names stand above numbers, whatever they mean."""
    named = [label for label in found.labels if label and not _NUMBER.fullmatch(label)]
    return (
        len(named) >= max(_HEADER_CELLS, len(found.labels) - 1)
        and len(set(named)) == len(named)
        and any(any(found.cells(label)) and found.holds_numbers(label) for label in named)
    )


def proposal(found: Guess, choice: Choice) -> dict[str, Any]:
    """The entry of a profile for a file.

    Args:
        found: What was found in it.
        choice: Its columns.
    """
    stores = choice.location_columns(found.labels)
    fields = {"sku": choice.sku, "quantity": choice.quantity, "updated_at": choice.time}
    fields = {name: label for name, label in fields.items() if label}
    for name in ("name", "unit_price", "reorder_point"):
        taken = {*fields.values(), *stores}
        label = next((each for each in found.columns[name] if each not in taken), None)
        if label is not None:
            fields[name] = label
    entry: dict[str, Any] = {"columns": fields}
    if found.delimiter:
        entry["delimiters"] = [found.delimiter]
    if found.legacy:
        entry["encodings"] = [found.legacy]
    entry["location"] = _location(choice)
    known = {*fields.values(), choice.location, *stores}
    # What is listed is known, so that only a column that comes later is asked about.
    needed = known - {choice.sku, choice.quantity, *stores}
    entry["required"] = [label for label in found.labels if label in needed]
    entry["attributes"] = [each for each in found.labels if each and each not in known]
    entry |= _numbers(found, stores or [choice.quantity])
    if choice.time and (form := time_format(found.cells(choice.time))):
        entry["time_formats"] = [form]
    stock = [cell for label in stores or [choice.quantity] for cell in found.cells(label)]
    # Only what surely means that there is none here: "many" or "sold out" is for people to decide.
    if words := sorted({cell for cell in stock if cell.casefold() in _NOT_STOCKED}):
        entry["not_stocked"] = words
    skus = found.cells(choice.sku)
    # Those that are a word for a total alone are skipped in any feed.
    if totals := sorted({sku for sku in skus if _TOTAL.match(sku) and not is_total(sku)}):
        entry["skip_rows"] = [{"column": choice.sku, "words": totals, "reason": "total line"}]
    return entry


def _location(choice: Choice) -> dict[str, str]:
    if choice.stores_after:
        return {"after_column": choice.stores_after}
    if choice.stores:
        before, _, after = choice.stores.partition("*")
        sides = {"header_prefix": before, "header_ending": after}
        return {name: text for name, text in sides.items() if text}
    return {"column": choice.location} if choice.location else {"constant": choice.constant}


def _numbers(found: Guess, stock: Sequence[str]) -> dict[str, str]:
    """How numbers are written: as what the stock says, else as all other cells do.

    The others make no fraction of a thousand: beside a price of 9.99, a stock of 1.200 is in doubt.
    """
    comma = number_converter(Decimals.COMMA, money=True)
    point = number_converter(Decimals.POINT, group=",", money=True)
    others = [label for label in found.labels if label not in stock]
    said: list[str] = []
    for labels in (stock, others):
        cells = [cell for label in labels for cell in found.cells(label)]
        commas = any(comma[cell] and not point[cell] for cell in cells)
        points = any(point[cell] and not comma[cell] for cell in cells)
        if commas and points:
            return {}
        said.append("comma" if commas else "point" if points else "")
    of_stock, of_others = said
    decimals = of_stock or of_others
    if not decimals:
        return {}
    grouped = decimals == "point" and any(
        "," in cell and point[cell] for label in found.labels for cell in found.cells(label)
    )
    mark = "," if decimals == "comma" else "."
    if not of_stock and any(mark in cell for label in stock for cell in found.cells(label)):
        return {} if grouped else {"price_decimals": decimals}
    entry = {"decimals": decimals, "price_decimals": decimals}
    return {**entry, "group": ","} if grouped else entry


def time_format(cells: Sequence[str]) -> str:
    """The format of a column of times, as `strptime` takes it; "" for ISO 8601.

    Raises:
        ValueError: No format reads all of them, or several do.
    """
    times = set(filter(None, cells))
    if all(map(time_converter("").__getitem__, times)):
        return ""
    fitting = [
        form for form in _TIME_FORMATS if all(map(time_converter("", [form]).__getitem__, times))
    ]
    if len(fitting) != 1:
        message = f"is written as {' or '.join(fitting)}" if fitting else "holds no times"
        raise ValueError(message)
    return fitting[0]


def store_patterns(found: Guess) -> list[str]:
    """Labels of quantity columns that differ in a name only, with `*` in place of it."""
    families: dict[str, set[str]] = {}
    for label in filter(found.holds_numbers, filter(None, found.labels)):
        for word in _WORDS["quantity"]:
            text = re.escape(word).replace(r"\ ", r"[\s_]+")
            for pattern in (rf"({text}[\s_:\-(\[]+)(.+?)([)\]]?)", rf"()(.+?)([\s_:\-]+{text})"):
                if match := re.fullmatch(pattern, label, re.IGNORECASE):
                    families.setdefault(f"{match[1]}*{match[3]}", set()).add(match[2])
    return [
        pattern
        for pattern, names in sorted(families.items(), key=lambda entry: -len(entry[1]))
        if len(names) > 1 and all(looks_like(name) in {None, A_PLACE} for name in names)
    ]


def against_stock(labels: Sequence[str], header: Sequence[str]) -> list[str]:
    """What says that the rows of a file are events or of past days.

    Args:
        labels: Those of columns that nobody reads.
        header: All labels.
    """
    report = report_of(set(map(normalised, header)))
    doubts = [] if report is None else [report.refusal()]
    for label, what in evidence_in(labels):
        if what in {AN_EVENT, A_TIME} and not _OF_ARTICLE.search(normalised(label)):
            said = ": say --time if it is that of the row's stock" if what == A_TIME else ""
            doubts.append(f"nothing reads the column {label!r}, like {what}{said}")
    return doubts


def as_toml(name: str, entry: dict[str, Any], prefix: str, sheet: str = "") -> str:
    """The lines of a feeds file for a profile and the feed that uses it."""
    lines = [f"[feeds.{_value(prefix)}]", f'profile = "{name}"']
    lines += [f"sheet = {_value(sheet)}"] if sheet else []
    lines += ["", f"[profiles.{name}]"]
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
        label
        for label in found["quantity"]
        if label not in taken and looks_like(label) is None and not is_no_count(label)
    ]
    called = [label for label in found["sku"] if _SKU.fullmatch(normalised(label))]
    plain = called or [label for label in found["sku"] if normalised(label) in _WORDS["sku"]]
    # A code of its own beats what a label merely contains ("SKU of included item").
    found["sku"] = plain[:1] or [each for each in found["sku"] if looks_like(each) is None]
    return found


def _says(label: str, word: str) -> bool:
    return f" {normalised(word)} " in f" {label} "
