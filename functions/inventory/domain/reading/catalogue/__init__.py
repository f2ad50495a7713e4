"""Built-in profiles: what the systems in use at shops export.

Name to data, in the order in which profiles are tried, which decides where two fit equally well.
Each needs labels that no other report of its system has; what its system puts beside them and is
no stock is listed under `attributes`. The entries are those of `inventory.feeds_file.ProfileEntry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inventory.domain.reading.catalogue.business import BUSINESS
from inventory.domain.reading.catalogue.marketplaces import MARKETPLACES
from inventory.domain.reading.catalogue.tills import TILLS
from inventory.domain.reading.catalogue.webshops import WEBSHOPS
from inventory.domain.removals import REASON, REMOVED

if TYPE_CHECKING:
    from collections.abc import Mapping

CANONICAL: Mapping[str, Any] = {
    "title": "Canonical (our own)",
    "closed": True,
    "columns": {
        "sku": "sku",
        "quantity": "quantity",
        "name": "name",
        "category": "category",
        "unit_price": "unit_price",
        "currency": "currency",
        "reorder_point": "reorder_point",
        "updated_at": "updated_at",
    },
    "attributes": ["description", "url", "attr_*", REMOVED, REASON],
    "location": {
        "column": [
            "location",
            "location_name",
            "stock_location",
            "warehouse",
            "warehouse_code",
            "warehouse_name",
            "store",
            "shop",
            "branch",
            "outlet",
            "site",
        ]
    },
    "skip_blank_sku": False,
}

BUILT_IN: Mapping[str, Mapping[str, Any]] = {
    "canonical": CANONICAL,
    **WEBSHOPS,
    **MARKETPLACES,
    **TILLS,
    **BUSINESS,
}
