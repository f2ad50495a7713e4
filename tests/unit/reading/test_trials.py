"""Files that were once taken for what they are not, each with what is right."""

from __future__ import annotations

import pytest

from feeds import opened, read
from inventory.domain.errors import BadFileError


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Type,SKU,Name,Stock", "Sale,M-1,Mug,-2"),
        ("id,handle,title,sku,price,inventory_item_id,inventory_quantity", "1,m,Mug,M,9,5,40"),
        ("id,handle,sku,name,inventory_quantity", "1,mug,M-1,Mug,40"),
        ("id,handle,sku,name,retail_price,inventory_quantity", "1,mug,M-1,Mug,9,40"),
        ("SKU,Name,Quantity,Location_1,Qty_1", "M-1,Mug,0,Z,16"),
        ("sku,warehouse,bin,quantity", "M-1,W1,B1,4"),
        ("Name,SKU,Quantity,Order", "Mug,M-1,4,7"),
        ("code,quantity,location,lot", "M-1,4,W1,L1"),
        ("Handle,Title,SKU,COO,Location,On hand (current),Damaged", "m,Mug,M-1,,x,4,1"),
    ],
)  # fmt: skip
def test_fails_on_what_may_be_something_else_than_stock(header: str, row: str) -> None:
    """The message says how to have it load if it is stock after all."""
    with pytest.raises(BadFileError, match=r"inventory profile|no stock"):
        opened(f"{header}\n{row}\n")


def test_a_column_of_warehouses_is_the_location() -> None:
    """Not one default for all of them, where the last row would win."""
    data = "sku,warehouse,quantity\nM-1,W1,40\nM-1,W2,25\nM-1,SHOP,0\n"
    assert read(data).items == {("M-1", "W1"): "40", ("M-1", "W2"): "25", ("M-1", "SHOP"): "0"}


def test_a_parent_that_holds_the_stock_of_its_variations_loads() -> None:
    """WooCommerce: the variations say where it is."""
    data = (
        "ID,Type,SKU,Name,Published,In stock?,Stock,Low stock amount,Regular price,Parent\n"
        "1,variable,TEE,Tee,1,1,50,,,\n2,variation,TEE-S,Tee S,1,1,parent,,10,TEE\n"
    )
    outcome = read(data)
    assert outcome.items == {("TEE", "default"): "50"}
    assert outcome.reasons == [(3, "stock is kept by the parent")]


def test_the_newest_day_of_a_ledger_has_the_latest_time() -> None:
    """Amazon: a row a day, in any order, a state of goods a location."""
    data = (
        "Date,FNSKU,ASIN,MSKU,Title,Disposition,Ending Warehouse Balance,Location\n"
        "05/02/2026,X,B,M-1,Mug,SELLABLE,38,ABE2\n05/02/2026,X,B,M-1,Mug,DEFECTIVE,2,ABE2\n"
        "05/01/2026,X,B,M-1,Mug,SELLABLE,40,ABE2\n"
    )
    rows = {row.line: row for row in read(data).rows}
    assert {row.location for row in rows.values()} == {"FBA-ABE2-SELLABLE", "FBA-ABE2-DEFECTIVE"}
    assert max(rows.values(), key=lambda row: row.updated_at or "").quantity in {"38", "2"}
    assert (rows[2].updated_at or "") > (rows[4].updated_at or "")
