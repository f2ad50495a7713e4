"""Columns that no file may hold unread: where, in which state, when, and for what order.

Reports of orders, returns and movements have a SKU and a quantity too, and a column of warehouses
that nobody reads puts all of them on one location. So a column whose label has one of these words
refuses the file, unless the profile uses it, knows it as an attribute, or the feed is pinned.
"""

from __future__ import annotations

import re

from inventory.domain.reading.profiles import normalised

_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

AN_EVENT = "an order, a sale or a movement"
A_PLACE = "a location"
A_TIME = "a time"
#: What a column may look like, to the words (separated by blanks) and the phrases that say so.
_WORDS = {
    AN_EVENT: (
        """
        order orders ordered po invoice receipt receipts received shipment shipments
        shipped transaction transactions transfer movement moved adjustment adjusted
        adjust change delta difference variance counted refund refunded return returned
        returns reason disposition disposal event voucher document ledger lineitem buyer
        customer recipient cashier sold sales sale purchased consumed issued scrapped
        forecast recommended reimbursement tracking from to source destination
        bestellung bestellungen bestellt auftrag aufträge retoure retouren verkäufe verkauft
        umsatz bewegung bewegungen wareneingang warenausgang lieferung commande commandes
        ventes vendu retours mouvement mouvements pedido pedidos ventas vendido devolución
        devoluciones movimiento movimientos ordine ordini vendite venduto resi movimenti
        bestelling bestellingen verkopen verkocht retouren
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
    "a state of goods": (
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
#: Words of one of these kinds that mean another one, or none, beside each other.
_MEANINGS = {
    "re order": "reorder",
    "on order": "incoming",
    "expiry date": "lot",
    "expiration date": "lot",
}
_PATTERNS = {
    what: re.compile(rf"\b(?:{'|'.join(map(re.escape, (*words.split(), *phrases)))})\b")
    for what, (words, phrases) in _WORDS.items()
}


def looks_like(label: str) -> str | None:
    """Tell what a column must not be left unread for by its label; None if it may be.

    Example:
        >>> looks_like("FulfillmentCenter"), looks_like("Re-order level")
        ('a location', None)
    """
    text = normalised(_CAMEL_CASE.sub(" ", label))
    for words, meaning in _MEANINGS.items():
        text = text.replace(words, meaning)
    return next((what for what, pattern in _PATTERNS.items() if pattern.search(text)), None)
