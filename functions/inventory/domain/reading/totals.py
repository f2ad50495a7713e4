"""Lines and columns that sum others up: counted as stock, they would count everything twice."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from inventory.domain.reading.quantities import is_ruined

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What stands in place of the SKU or the location, and nothing beside it but signs.
_WORDS = (
    "total, totals, grand total, grand totals, sub total, sub totals, subtotal, subtotals,"
    " overall total, total general, total général, total geral, total generale, totale, totali,"
    " totale generale, sous total, sum, summe, summen, gesamt, gesamtsumme, gesamtergebnis,"
    " zwischensumme, endsumme, teilergebnis, ergebnis, insgesamt, totaal, eindtotaal, subtotaal,"
    " suma, suma total, soma, somme, somma, razem, ogółem, celkem, summa, totalt, yhteensä,"
    " összesen, toplam, genel toplam, итого, всего, 合計, 小計, 総計, 合计, 小计, 总计, 總計"
)
_GAP = r"[^\w\n]*+"
_PHRASES = sorted(_GAP.join(map(re.escape, phrase.split())) for phrase in _WORDS.split(","))
# Parted by their first letters, which fails in a third of the time.
_LETTERS = groupby(_PHRASES, key=itemgetter(0))
_TREE = "|".join(f"{first}(?:{'|'.join(each[1:] for each in same)})" for first, same in _LETTERS)
# A key without a letter and a digit ("*", "---") marks such a line, too.
_TOTAL = rf"{_GAP}(?:(?=\n)|(?:{_TREE}){_GAP}(?=\n))"
_AMONG = re.compile(rf"\n{_TOTAL}")


def is_total(key: str) -> bool:
    """Tell whether a SKU or a location is that of a total; not where it is blank.

    Example:
        >>> is_total("Grand Total:"), is_total("*"), is_total("Total-01")
        (True, True, False)
    """
    return bool(key.strip()) and "\n" not in key and has_total((key,)) and not is_ruined(key)


def has_total(keys: Iterable[str]) -> bool:
    """Tell quickly whether there may be a total among keys of which none is blank."""
    text = "\n" + "\n".join(keys) + "\n"
    return _AMONG.search(text.casefold().replace("_", " ")) is not None
