"""Columns that no file may hold unread: where, in which state, when, and for what order.

Reports of orders, returns and movements have a SKU and a quantity too, and a column of warehouses
that nobody reads puts all of them on one location. So a column whose label has one of these words
refuses the file, unless the profile uses it, knows it as an attribute, or the feed is pinned.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from inventory.domain.reading.profiles import normalised
from inventory.domain.reading.totals import is_total

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

AN_EVENT = "an order, a sale or a movement"
A_PLACE = "a location"
A_STATE = "a state of goods"
A_TIME = "a time"
A_LIST = "another list than one of stock"
A_TOTAL = "a total"
#: What a column may look like, to the words (separated by blanks) and the phrases that say so.
_WORDS = {
    AN_EVENT: (
        """
        order orders ordered po invoice receipt receipts received shipment shipments
        shipped transaction transactions transfer movement moved adjustment adjusted
        adjust change delta difference variance counted refund refunded return returned
        returns reason disposition disposal event voucher document ledger lineitem buyer
        customer recipient cashier sold sales sale purchased consumed issued scrapped
        forecast recommended reimbursement tracking transferred delivered dispatched client
        bestellung bestellungen bestellt auftrag aufträge retoure retouren verkäufe verkauft
        umsatz bewegung bewegungen wareneingang warenausgang lieferung commande commandes
        ventes vendu retours mouvement mouvements pedido pedidos ventas vendido devolución
        devoluciones movimiento movimientos ordine ordini vendite venduto resi movimenti
        bestelling bestellingen verkopen verkocht cliente clienti bolla bolle ddt beleg belege
        belegnummer belegdatum
        """,
        ("entry no", "line item"),
    ),
    A_PLACE: (
        """
        location locations warehouse store stores shop branch site outlet plant depot
        bin aisle shelf rack facility fulfillmentcenter dc fc node lager lagerort
        filiale standort magasin entrepôt emplacement almacén almacen tienda centro
        magazzino sede magazijn locatie deposito склад
        """,
        ("fulfillment center", "fulfilment centre", "distribution center"),
    ),
    A_STATE: (
        """
        damaged defective reserved reserve committed allocated transit quarantine
        quarantined unsellable unfulfillable unavailable blocked inspection hold held
        incoming inbound outbound expired lost found missing refurbished lot batch
        reserviert reservierter reservierte gesperrt gesperrte beschädigt beschädigte defekt
        defekte réservé réservée endommagé endommagés reservado reservados dañado dañados
        bloqueado riservato danneggiato gereserveerd beschadigd geblokkeerd
        """,
        ("stock type", "inventory type", "stock status"),
    ),
    A_TIME: (
        """
        date day week month year time timestamp datetime snapshot period created updated
        modified datum fecha data дата
        """,
        ("as of",),
    ),
}
#: How words begin that say the same, in compounds too: a pattern each.
_STEMS = {
    AN_EVENT: r"""
        bestell(?!punkt|einheit|grenze) bestel(?:nummer|datum|d) auftrag aufträge retour rücksend
        rückgabe rücklieferung kunden(?!preis|gruppe) rechnung lieferschein lieferung liefertermin
        lieferdatum wareneing warenausg zugang(?!scode) zugänge abgang abgänge umlager umbuch
        bestandsänderung bestandskorrektur bestandsbewegung lagerbewegung
        inventurdifferenz factur factuur fattur fatura klant(?!prijs) pakbon albar[aá]n devoluci
        order(?:id|no|nr|num|ref|date|status|items?|lines?|qty|datum|code)
        (?:sales|purchase|work)orders? customer invoice shipment transact
        (?:po|so|rma)(?:number|num|no|nr|id)\b
    """,
    A_STATE: "reservier reservation réserv beschädig gesperrt defekt gereserveerd",
}
#: Lists that are called by these, and are no stock.
_LISTS = re.compile(
    r"\b(?:(?:packing|pick|picking|shipping|loading) (?:list|slip)s?|deliver(?:y notes?|ies)"
    r"|dispatch(?:es)?|quotes?|quotations?|pro ?forma|purchases|back ?orders?|open pos"
    r"|write offs?|(?:on )?loans?|scrap|waste|shortages?|consumption|demand|replenishment|expected"
    r"|production plan|reorder|(?:minimum|min|maximum|max|safety|target) (?:stock|levels?)"
    r"|stock required|required stock|goods (?:in|out)$|packliste|pickliste|stückliste"
    r"|angebote?|bedarf|fehlmengen?"
    r"|mindestbest[aä]nde?|meldebest[aä]nde?|nachbestell\w*|einkäufe|verbrauch|ausschuss"
    r"|schwund|livraisons?|expéditions?|réceptions?|entrées|sorties|devis|entradas|salidas"
    r"|compras|leveringen)\b"
)
_PRICES = re.compile(r"\b(?:price list|preisliste|tarif|listino|prijslijst)\b")
_OF_GOODS = re.compile(r"\b(?:stock|inventory|availability|bestand|lager|giacenz|voorraad)")
#: Words of one of these kinds that mean another one, or none, beside each other.
_MEANINGS = {
    "re order": "reorder",
    "on order": "incoming",
    "expiry date": "lot",
    "expiration date": "lot",
    "sale price": "price",
    "sales price": "price",
    "min sale qty": "minimum",
    "max sale qty": "maximum",
    "goods sold": "goods",
    "minimum order": "minimum",
    "min order": "minimum",
    "maximum order": "maximum",
    "max order": "maximum",
    "order minimum": "minimum",
    "order unit": "unit",
    "order level": "reorder",
    "order point": "reorder",
    "order multiple": "multiple",
    "point de commande": "reorder",
    "seuil de commande": "reorder",
}
#: From where to where something went: a whole label, or what two labels differ in.
_DIRECTION = re.compile(r"\b(?:from|to|source|destination)\b")
#: What parts a title; where a place is named, its word is the first of a part.
_PARTS = re.compile(r"\t|;|\||\(| [-\N{EN DASH}] |, |\bof (?=[^:]*:)")
_SOURCE = re.compile(
    r"\b(?:exported|export|printed|generated|downloaded|created|taken|report|data) (?:from|to)\b",
    re.IGNORECASE,
)
#: Words after that for a place which say that it belongs to the name of a list or of a company.
_OF_TITLE = re.compile(
    r"\b(?:reports?|list|listing|inventory|stock|stocks|export|overview|summary|levels?|status|items"
    r"|bestand|bestandsliste|liste|übersicht|inventar|bericht|inventaire|inventario|listado|elenco"
    r"|ltd|limited|llc|inc|corp|co|company|gmbh|ag|kg|sa|sarl|srl|bv|management|system)\b"
)
_PATTERNS = {
    what: re.compile(
        rf"\b(?:(?:{'|'.join(map(re.escape, (*words.split(), *phrases)))})\b"
        rf"|{'|'.join(_STEMS.get(what, '(?!)').split())})"
    )
    for what, (words, phrases) in _WORDS.items()
}
#: In the order in which a refusal names them.
_KINDS = (*_PATTERNS, A_LIST)
_NAMED_PLACE = re.compile(
    _PATTERNS[A_PLACE].pattern + r"(?: (?:name|code|id|no|nr|number|nummer|nom|nombre))? (.+)"
)
#: What stands besides locations in a header, each the whole of a label.
_OF_ARTICLE = re.compile(
    r"vendor|supplier|brand|manufacturer|lieferant|hersteller|marke|proveedor|fournisseur"
    r"|barcode|ean|upc|gtin|id|type|category|tags?|notes?|comments?|status|policy|tracked|tracker"
    r"|price|cost|value|weight|units?|uom|preis|wert|gewicht|einheit"
    r"|(?:min|max|minimum|maximum|safety|optimal|target|alert|low|reorder)"
    r"(?: (?:stock|qty|quantity|levels?|point))?|mindestbestand|meldebestand"
)
_OF_STOCK = re.compile(r"\b(?:stock|qty|quantity|units|inventory|on hand|available|bestand)\b")

#: Signs in the label of a share, of a value or of a change.
_SIGN = re.compile(r"[%\N{PER MILLE SIGN}\N{PLUS-MINUS SIGN}]|[+]\s*/\s*[-\N{MINUS SIGN}]")


def is_no_count(label: str) -> bool:
    """Tell by the signs in a label, which `normalised` drops, that its numbers count no goods.

    Example:
        >>> is_no_count("Stock (\N{EURO SIGN})"), is_no_count("Qty. (on hand)")
        (True, False)
    """
    text = unicodedata.normalize("NFKC", label)
    return bool(_SIGN.search(text)) or any(unicodedata.category(each) == "Sc" for each in text)


def looks_like(label: str) -> str | None:
    """Tell what a column must not be left unread for by its label; None if it may be.

    Example:
        >>> looks_like("FulfillmentCenter"), looks_like("Re-order level")
        ('a location', None)
    """
    return next(iter(_kinds(label)), None)


def _kinds(label: str) -> Iterator[str]:
    text = normalised(_CAMEL_CASE.sub(" ", label))
    for words, meaning in _MEANINGS.items():
        text = text.replace(words, meaning)
    if _DIRECTION.fullmatch(text):
        yield AN_EVENT
    yield from (what for what, pattern in _PATTERNS.items() if pattern.search(text))


def evidence_in(labels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Labels that columns of one header must not be left unread for, each with what it looks like.

    A direction counts where two labels differ in it, not as a word of one ("Publish to shop").

    Example:
        >>> list(evidence_in(["Moved from shelf", "Moved to shelf", "Linked to"]))[0][1]
        'an order, a sale or a movement'
    """
    labels = list(labels)
    sides: dict[str, set[str]] = {}
    for label in labels:
        text = normalised(_CAMEL_CASE.sub(" ", label))
        for match in _DIRECTION.finditer(text):
            rest = text[: match.start()] + "*" + text[match.end() :]
            sides.setdefault(rest, set()).add(label)
    paired = {label for same in sides.values() if len(same) > 1 for label in same}
    for label in labels:
        kind = looks_like(label) or (AN_EVENT if label in paired else None)
        if kind is not None:
            yield label, kind


def location_looks_like(name: str) -> str | None:
    """Tell what a column among those of the locations may hold instead; None if nothing says it.

    Args:
        name: The location, as the column's label gives it.

    Example:
        >>> location_looks_like("Total"), location_looks_like("Main Street")
        ('a total', None)
    """
    text = normalised(_CAMEL_CASE.sub(" ", name))
    if is_total(_OF_STOCK.sub(" ", text)) or text.partition(" ")[0] == "all":
        return A_TOTAL
    if _OF_ARTICLE.fullmatch(text):
        return "a property of the article"
    return next((kind for kind in _kinds(name) if kind != A_PLACE), None)


def title_looks_like(title: str) -> str | None:
    """Tell what a line above a header says that all rows are of; None if it says nothing of them.

    A place counts where it is named ("Warehouse: Berlin", "Store 12"), not where its word is part
    of another name ("Corner Store Ltd") or tells what the list is ("Store report").

    Example:
        >>> title_looks_like("Corner Store"), title_looks_like("Store: Corner")
        (None, 'a location')
    """
    text = _SOURCE.sub(" ", title)
    kinds = set(_kinds(text)) - {A_TIME}
    if _DIRECTION.search(normalised(text)):
        kinds.add(AN_EVENT)
    if _is_other_list(text):
        kinds.add(A_LIST)
    if A_PLACE in kinds and not any(map(_names_a_place, _PARTS.split(text))):
        kinds.remove(A_PLACE)
    return next((kind for kind in _KINDS if kind in kinds), None)


def _is_other_list(title: str) -> bool:
    """Tell whether a title is that of orders, plans or prices; a list of stock may have prices."""
    text = normalised(_CAMEL_CASE.sub(" ", title))
    return bool(_LISTS.search(text) or (_PRICES.search(text) and not _OF_GOODS.search(text)))


def name_looks_like(name: str) -> str | None:
    """Tell what the name of a sheet or of a packed file says that its rows are; None for stock.

    Places and times say whose list it is, and of when.

    Example:
        >>> name_looks_like("Returns May"), name_looks_like("Warehouse May")
        ('an order, a sale or a movement', None)
    """
    kinds = set(_kinds(_SOURCE.sub(" ", name))) - {A_PLACE, A_TIME}
    if _is_other_list(name):
        kinds.add(A_LIST)
    return next((kind for kind in _KINDS if kind in kinds), None)


def _names_a_place(part: str) -> bool:
    """Tell whether a part of a title is the word for a place and then a name of one."""
    match = _NAMED_PLACE.match(normalised(part))
    return match is not None and _OF_TITLE.search(match[1]) is None
