"""Lines and columns that sum others up: counted as stock, they would count everything twice."""

from __future__ import annotations

import re
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
_PHRASES = [_GAP.join(map(re.escape, phrase.split())) for phrase in _WORDS.casefold().split(",")]
# A key without a letter and a digit ("*", "---") marks such a line, too.
_TOTAL = rf"{_GAP}(?:(?:{'|'.join(_PHRASES)}){_GAP})?"
_ALONE = re.compile(_TOTAL)
_AMONG = re.compile(rf"\n{_TOTAL}(?=\n)")


def is_total(key: str) -> bool:
    """Tell whether a SKU or a location is that of a total; not where it is blank.

    Example:
        >>> is_total("Grand Total:"), is_total("*"), is_total("Total-01")
        (True, True, False)
    """
    found = _ALONE.fullmatch(_comparable(key))
    return found is not None and bool(key.strip()) and not is_ruined(key)


def has_total(keys: Iterable[str]) -> bool:
    """Tell quickly whether there may be a total among keys of which none is blank."""
    return _AMONG.search(_comparable("\n" + "\n".join(keys) + "\n")) is not None


def _comparable(text: str) -> str:
    return text.casefold().replace("_", " ")
