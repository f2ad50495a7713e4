"""Look-alikes of the stock files that shop systems export, with their traps and what must load.

Written from descriptions of the formats; nothing in here was exported by anyone. There is one or
more for every built-in profile, and a short one for each further generation of each system.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sample_feeds.table import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable

Items = dict[tuple[str, str], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A file as a system would export it.

    Attributes:
        name: What it is.
        profile: Profile it must be recognised as.
        data: The file.
        items: What must load: SKU and location to quantity.
        skips: Line and reason of each skip.
        rejects: Line, code and column of each reject.
        details: Fields of some rows by SKU, beyond the quantity.
        key: Object key it would have.
    """

    name: str
    profile: str
    data: bytes
    items: Items
    skips: list[tuple[int, str]] = field(default_factory=list)
    rejects: list[tuple[int, str, str | None]] = field(default_factory=list)
    details: dict[str, dict[str, str | None]] = field(default_factory=dict)
    key: str = "export.csv"


def _export(
    profile: str,
    table: str,
    items: Items,
    *,
    name: str = "",
    delimiter: str = ",",
    line_end: str = "\r\n",
    quote_all: bool = False,
    pack: Callable[[str], bytes] = str.encode,
    **expected: Any,
) -> Export:
    """An export from a table of records whose cells are parted by `|` and blanks.

    Args:
        profile: As in `Export`.
        table: In a cell, `~` stands for a blank and `¶` for a line break. Records may leave out
            their last cells; an empty one is a blank line.
        items: What must load.
        name: Default: the profile and the first two labels.
        delimiter: Of the file. Files with tabs quote nothing.
        line_end: Of its records.
        quote_all: True if every cell is quoted.
        pack: Makes its bytes.
        expected: The other attributes of an `Export`.
    """
    lines = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    labels = lines[0]
    dialect = Dialect(delimiter=delimiter, line_end=line_end, quote_all=quote_all)
    text = ""
    for line in lines:
        cells = (*line, *[""] * len(labels))[: len(labels)]
        whole = tuple(cell.replace("~", " ").replace("¶", "\n") for cell in cells)
        if line == [""]:
            text += line_end
        elif delimiter == "\t":
            text += "\t".join(whole) + line_end
        else:
            text += dialect.record(whole)
    name = name or f"{profile}: {', '.join(labels[:2])}"
    return Export(name=name, profile=profile, data=pack(text), items=items, **expected)


def _marked(text: str) -> bytes:
    return text.encode("utf-8-sig")


EXPORTS = (
    _export(
        "canonical",
        """SKU | Quantity | Location | Name | Category | Unit_Price | Currency | Reorder_Point | Updated_At | attr_shelf
        007 | +05.50 | Shop | Lamp | Home | 9.90 | eur | 2 | 2026-01-02 | A1
        ~7~ | -3 | default | | | | | | 2026-01-02T03:04:05+02:00 |
        7 | 4 | default | | | | | | |
         | 1 | Shop | | | | | | |
        8 | many | Shop | | | | | | |
        9 | 1e3 | Shop | | | | | | |
        10 | 1 | Shop | | | 1,500 | | | |
        11 | 1 | Shop | | | | Euro | | |
        12 | 1 | Shop | | | | | | yesterday |
         | | | | | | | | |""",
        {("007", "Shop"): "5.5", ("7", "default"): "4"},
        name="canonical with every column",
        rejects=[
            (5, "constraint-error", "SKU"),
            (6, "type-error", "Quantity"),
            (7, "type-error", "Quantity"),
            (8, "type-error", "Unit_Price"),
            (9, "type-error", "Currency"),
            (10, "type-error", "Updated_At"),
            (11, "blank-row", None),
        ],
        details={
            "007": {
                "name": "Lamp",
                "category": "Home",
                "unit_price": "9.9",
                "currency": "EUR",
                "reorder_point": "2",
                "updated_at": "2026-01-02T00:00:00.000000Z",
            }
        },
        line_end="\n",
    ),
    _export(
        "canonical",
        """sku | quantity | name
        A/1 & #2 | 10 | Größe 27"

        B | 2 | x""",
        {("A/1 & #2", "default"): "10", ("B", "default"): "2"},
        name="canonical from a spreadsheet: semicolons, UTF-16, CRLF, blank lines",
        skips=[(3, "blank row")],
        details={"A/1 & #2": {"name": 'Größe 27"'}},
        delimiter=";",
        # Without a line end after its last record.
        pack=lambda text: text.removesuffix("\r\n").encode("utf-16"),
    ),
    _export(
        "square",
        """Reference Handle | Token | Item Name | Variation Name | SKU | Category | Price | Enabled Joe's | Current Quantity Joe's | New Quantity Joe's | Stock Alert Enabled Joe's | Stock Alert Count Joe's | Enabled Pier 39, Hall "B" | Current Quantity Pier 39, Hall "B" | New Quantity Pier 39, Hall "B" | Stock Alert Enabled Pier 39, Hall "B" | Stock Alert Count Pier 39, Hall "B"
        #chair | T1 | Chair | Regular | Q1 | Home | 12.50 | Y | 5 | | Y | 2 | Y | 0 | | N |
        #tip | T2 | Tip | Regular | Q2 | | variable | Y | | | N | | Y | 3 | | N |
        #misc | T3 | Misc | Regular | | | 1 | Y | 1 | | N | | Y | 3 | | N |""",
        {
            ("Q1", "Joe's"): "5",
            ("Q1", 'Pier 39, Hall "B"'): "0",
            ("Q2", 'Pier 39, Hall "B"'): "3",
            ("T3", "Joe's"): "1",
            ("T3", 'Pier 39, Hall "B"'): "3",
        },
        name="Square item library, two locations",
        skips=[(3, "not stocked")],
        details={"Q1": {"unit_price": "12.5"}, "Q2": {"unit_price": None}},
        line_end="\n",
    ),
    _export(
        "lightspeed_x",
        """id | handle | sku | composite_name | composite_sku | composite_quantity | name | product_category | supply_price | retail_price | inventory_Main_Outlet | reorder_point_Main_Outlet | restock_level_Main_Outlet | inventory_Depot | reorder_point_Depot | restock_level_Depot
        1 | chair | X1 | | | | Chair | Home | 5 | 9.95 | 5.5000 | 2 | 10 | -1 | |
        2 | kit | X2 | Chair | X1 | 2 | Kit | Home | 9 | 19.95 | 0 | | | 0 | |""",
        {("X1", "Main Outlet"): "5.5", ("X1", "Depot"): "-1"},
        name="Lightspeed X-Series, two outlets, a kit",
        skips=[(3, "kit"), (3, "kit")],
        details={"X1": {"unit_price": "9.95", "category": "Home"}},
        line_end="\n",
    ),
    _export(
        "lightspeed_r",
        """System ID | UPC | EAN | Custom SKU | Manufact. SKU | Item | Qty. | Price
        21000000001 | | | R1 | | Chair | 4 | $1,299.00
        21000000002 | | | | | Lamp | -2 | €9,90
        21000000003 | | | R3 | | Desk | 1 | $1,299""",
        {("R1", "default"): "4", ("21000000002", "default"): "-2"},
        name="Lightspeed R-Series, all quoted",
        quote_all=True,
        rejects=[(4, "type-error", "Price")],
        details={"R1": {"unit_price": "1299"}, "21000000002": {"unit_price": "9.9"}},
        line_end="\n",
    ),
    _export(
        "shopify",
        """Handle | Title | Option1 Name | Option1 Value | Option2 Name | Option2 Value | SKU | HS Code | COO | Location | Bin name | Incoming (not editable) | Unavailable (not editable) | Committed (not editable) | Available (not editable) | On hand (current) | On hand (new)
        chair | Café chair, oak | Color | Red | | | 00-1 | | DE | Main, Street | B1 | 0 | 0 | 2 | 3 | 5 |
        chair | Café chair, oak | Color | Red | | | 00-1 | | DE | Depot | | | | | | not stocked |
        chair | Café chair, oak | Color | Blue | | | | | DE | Depot | | 0 | 0 | 0 | 7 | 7 |
        lamp | Lamp 12" | Title | Default | | | 00-2 | | | Depot | | 0 | 0 | 9 | -9 | -4 | 10""",
        {("00-1", "Main, Street"): "5", ("00-2", "Depot"): "-4"},
        name="Shopify, current",
        skips=[(3, "not stocked"), (4, "blank sku")],
        details={"00-2": {"name": 'Lamp 12"'}},
        line_end="\n",
    ),
    _export(
        "shopify",
        """Handle | Title | Option1 Name | Option1 Value | Option2 Name | Option2 Value | SKU | Barcode | HS Code | COO | Location | On hand (current)
        h | T | | | | | S | 123 | | | Shop | 1
        h | T | | | | | S | 123 | | | Shop | 2""",
        {("S", "Shop"): "2"},
        name="Shopify, current, with a barcode column",
        line_end="\n",
    ),
    _export(
        "shopify_2024",
        """Handle | Title | Option1 Name | Option1 Value | Option2 Name | Option2 Value | SKU | HS Code | COO | Location | Incoming | Unavailable | Committed | Available | On hand
        h | T | | | | | S1 | | | Shop | 0 | 0 | 1 | 2 | 3
        h | T | | | | | S2 | | | Shop | Not stocked | Not stocked | Not stocked | Not stocked | Not stocked
        h | T | | | | | S3 | | | Shop | 0 | 0 | 1 | 2 | three""",
        {("S1", "Shop"): "3"},
        name="Shopify, 2024",
        skips=[(3, "not stocked")],
        rejects=[(4, "type-error", "On hand")],
        line_end="\n",
    ),
    _export(
        "shopify_wide",
        """Handle | Title | Option1 Name | Option1 Value | Option2 Name | Option2 Value | SKU | HS Code | COO | Main, Street | Joe's
        h | T | | | | | S1 | | | 5 | not stocked
        h | T | | | | | | | | 1 | 2
        h | T | | | | | S3 | | | ? | 8""",
        {("S1", "Main, Street"): "5", ("S3", "Joe's"): "8"},
        name="Shopify, oldest: a column per location",
        skips=[(2, "not stocked"), (3, "blank sku"), (3, "blank sku")],
        rejects=[(4, "type-error", "Main, Street")],
        line_end="\n",
    ),
    _export(
        "woocommerce",
        """ID | Type | SKU | GTIN, UPC, EAN, or ISBN | Name | Published | Description | In stock? | Stock | Low stock amount | Sale price | Regular price | Categories
        1 | simple | W1 | | Chair | 1 | <p class="x">Two lines,¶one cell</p> | 1 | 4 | 2 | | 19,99 | Home
        2 | variable | W2 | | Shirt | 1 | | 1 | 9 | | | | Shirts
        3 | variation, virtual | W2-S | | Shirt S | 1 | | 1 | parent | | | 5.50 | Shirts
        4 | simple | '-W4 | | '=Sum | 1 | | 1 | '-2 | | | |
        5 | simple | W5 | | Card | 1 | | 1 | | | | |
        6 | simple | | | No SKU | 1 | | 1 | 3 | | | |
        7 | variable | W7 | | Sock | 1 | | 1 | | | | | Socks""",
        {("W1", "default"): "4", ("W2", "default"): "9", ("-W4", "default"): "-2"},
        name="WooCommerce, with a byte order mark",
        skips=[
            (5, "stock is kept by the parent"),
            (7, "not stocked"),
            (8, "blank sku"),
            (9, "not stocked"),
        ],
        details={
            "W1": {"unit_price": "19.99", "reorder_point": "2", "category": "Home"},
            "-W4": {"name": "=Sum"},
        },
        line_end="\n",
        pack=_marked,
    ),
    _export(
        "magento_msi",
        """source_code | sku | status | quantity
        default | M-1 | 1 | 5.0000
        berlin | M-1 | 1 | 0.5000
        berlin | M-2 | 0 | -0.0000""",
        {("M-1", "default"): "5", ("M-1", "berlin"): "0.5", ("M-2", "berlin"): "0"},
        name="Magento stock sources, gzip",
        key="stock.csv.gz",
        line_end="\n",
        pack=lambda text: gzip.compress(text.encode(), mtime=0),
    ),
    _export(
        "amazon_fba",
        """sku | fnsku | asin | product-name | condition | your-price | mfn-listing-exists | mfn-fulfillable-quantity | afn-listing-exists | afn-warehouse-quantity | afn-fulfillable-quantity | afn-unsellable-quantity
        A-1 | X1 | B1 | Screen 27" wide | New | 199.00 | No | | Yes | 12 | 10 | 2
        A-2 | X2 | B2 | "Quoted" name | New | 1.5 | No | | Yes | 1 | 1 | 0
        A-3 | X3 | B3 | "Open | New | 9 | No | | Yes | 4 | 4 | 0
        A-4 | X4 | B4 | Own | New | 9 | Yes | 5 | No | | |
        A-1 | X1 | B1 | Again | New | 199.00 | No | | Yes | 12 | 11 | 2""",
        {("A-1", "FBA"): "11", ("A-2", "FBA"): "1", ("A-3", "FBA"): "4"},
        name="Amazon FBA, with inch marks",
        skips=[(5, "not stocked")],
        details={"A-2": {"name": '"Quoted" name', "unit_price": "1.5"}},
        key="fba.txt",
        delimiter="\t",
    ),
    _export(
        "amazon_fba",
        """SKU | FNSKU | asin | product-name | condition | your-price | mfn-listing-exists | mfn-Fulfillable-quantity | afn-listing-exists | afn-warehouse-quantity | afn-Fulfillable-quantity | afn-unsellable-quantity
        A-1 | X1 | B1 | Men\u2019s café chair | New | 9,90 | No | | Yes | 12 | 10 | 2""",
        {("A-1", "FBA"): "10"},
        name="Amazon FBA in windows-1252, older header",
        details={"A-1": {"name": "Men\u2019s café chair", "unit_price": "9.9"}},
        key="fba.txt",
        delimiter="\t",
        pack=lambda text: text.encode("cp1252"),
    ),
    _export(
        "amazon_fba",
        """sku | fnsku | asin | product-name | condition | your-price | mfn-listing-exists | mfn-fulfillable-quantity | afn-listing-exists | afn-warehouse-quantity | afn-fulfillable-quantity | afn-unsellable-quantity
        A-1 | X1 | B1 | テスト帽子 | New | 1980 | No | | Yes | 12 | 10 | 2
        A-2 | X2 | B2 | 能力表 | New | 1980 | No | | Yes | 3 | 3 | 0""",
        {("A-1", "FBA"): "10", ("A-2", "FBA"): "3"},
        name="Amazon FBA from Japan in cp932",
        details={"A-1": {"name": "テスト帽子"}, "A-2": {"name": "能力表"}},
        key="fba.txt",
        delimiter="\t",
        pack=lambda text: text.encode("cp932"),
    ),
    _export(
        "amazon_afn",
        """seller-sku | fulfillment-channel-sku | asin | condition-type | Warehouse-Condition-code | Quantity Available
        A-1 | X1 | B1 | NewItem | SELLABLE | 10
        A-1 | X1 | B1 | NewItem | UNSELLABLE | 2""",
        {("A-1", "FBA-SELLABLE"): "10", ("A-1", "FBA-UNSELLABLE"): "2"},
        name="Amazon AFN inventory: two rows a SKU",
        key="afn.txt",
        delimiter="\t",
    ),
    _export(
        "amazon_listings",
        """sku | asin | price | quantity
        A-1 | B1 | 9.90 | 5
        A-2 | B2 | 9.90 |""",
        {("A-1", "default"): "5"},
        name="Amazon listings, four columns, byte order mark, lone CR",
        skips=[(3, "not stocked")],
        details={"A-1": {"unit_price": "9.9"}},
        key="listings.txt",
        delimiter="\t",
        line_end="\r",
        pack=_marked,
    ),
    _export(
        "amazon_listings",
        """seller-sku | quantity | price | product-id
        A 1 | 5 | 9.90 | B1""",
        {("A 1", "default"): "5"},
        name="Amazon listings, seller-sku first",
        key="listings.txt",
        delimiter="\t",
    ),
    _export(
        "amazon_listings_long",
        """item-name | item-description | listing-id | seller-sku | price | quantity | open-date | asin1 | status
        Pan 28 cm "Pro" | L1 | 0001 | A-1 | 25 | 7 | 2026-01-01 | B1 | Active
        Pan | L1 | 0002 | A-2 | 25 | 9 | 2026-01-01 | B2 | Inactive""",
        {("A-1", "default"): "7"},
        name="Amazon listings, all",
        skips=[(3, "listing is not active")],
        details={"A-1": {"name": 'Pan 28 cm "Pro"'}},
        key="listings.txt",
        delimiter="\t",
    ),
    _export(
        "shopify_products",
        """Handle | Title | Vendor | Type | Tags | Published | Variant SKU | Variant Inventory Tracker | Variant Inventory Qty | Variant Price | Image Src | Variant Weight Unit | Status
        mug | Mug | Us | Cups | blue | TRUE | M-1 | shopify | 7 | 9.90 | | kg | active
        mug | | | | | | M-2 | shopify | 3 | 9.90 | | kg |
        mug | | | | | | | | | | http://x/1.png | |
        fee | Fee | Us | | | TRUE | F-1 | | 0 | 1.00 | | kg | active""",
        {("M-1", "default"): "7", ("M-2", "default"): "3"},
        skips=[(4, "stock is not tracked"), (5, "stock is not tracked")],
    ),
    _export(
        "shopify_products",
        """URL handle | Title | Vendor | Product category | Tags | Published on online store | Status | SKU | Price | Inventory tracker | Inventory quantity | Image position
        mug | Mug | Us | Cups | blue | TRUE | Active | M-1 | 9.90 | shopify | 7 | 1""",
        {("M-1", "default"): "7"},
    ),
    _export(
        "woocommerce_stock_report",
        """Product / Variation | SKU | Status | Stock
        Mug | M-1 | In stock | 7
        Tee | T-1 | In stock | N/A""",
        {("M-1", "default"): "7"},
        skips=[(3, "not stocked")],
    ),
    _export(
        "woocommerce_stock_manager",
        """id | sku | Manage stock | Stock status | Backorders | Stock | Type | Parent ID
        1 | M-1 | yes | instock | no | 7 | simple |
        2 | M-2 | no | instock | no | | simple |""",
        {("M-1", "default"): "7"},
        skips=[(3, "stock is not tracked")],
        delimiter=";",
    ),
    _export(
        "bigcommerce",
        """Item Type | Product ID | Product Name | Product Code/SKU | Price | Sale Price | Track Inventory | Current Stock Level | Low Stock Level | Category
        Product | 1 | Mug | M-1 | 9.90 | | by product | 7 | 2 | Cups
        Product | 2 | Tee | T | 19.90 | | by option | 50 | 0 | Clothes
        SKU | 2 | | T-S | | | | 20 | 0 |
        Rule | 2 | | | | | | | |
        Product | 3 | Card | C | 5 | | none | 0 | 0 | Cards""",
        {("M-1", "default"): "7", ("T-S", "default"): "20"},
        skips=[(3, "parent product"), (5, "no product"), (6, "stock is not tracked")],
    ),
    _export(
        "prestashop_stock",
        """Product ID | Combination ID | Product reference | Combination reference | Product name | Combination name | Supplier | Status | Physical quantity | Reserved quantity | Available quantity | Low stock level
        1 | 0 | M-1 | | Mug | N/A | | 1 | 7 | 2 | 5 | 3
        2 | 9 | T | T-S | Tee | Size - S | | 1 | 4 | 0 | 4 |""",
        {("M-1", "default"): "7", ("T-S", "default"): "4"},
        delimiter=";",
    ),
    _export(
        "prestashop_products",
        """Product ID | Active (0/1) | Name | Categories (x,y,z...) | Price tax excl. | Tax rule ID | On sale (0/1) | Reference # | Supplier | Quantity | Minimal quantity
        1 | 1 | Mug | Home | 9.90 | 1 | 0 | M-1 | | 7 | 1""",
        {("M-1", "default"): "7"},
        delimiter=";",
    ),
    _export(
        "ebay",
        """Item number | Title | Variation details | Custom label (SKU) | Available quantity | Format | Currency | Start price | Current price | Sold quantity | Start date | P:UPC
        1 | Mug | Color=Red;Blue | MUG | 4 | FIXED_PRICE | USD | 9 | 9 | 1 | Jan-02-26 |
        1 | Mug | Color=Red | MUG-RED | 2 | FIXED_PRICE | USD | 9 | 9 | 1 | Jan-02-26 |
        2 | Bowl | | | 1 | FIXED_PRICE | USD | 5 | 5 | 0 | Jan-02-26 | """,
        {("MUG-RED", "default"): "2"},
        skips=[(2, "parent listing"), (4, "blank sku")],
    ),
    _export(
        "etsy",
        """TITLE | DESCRIPTION | PRICE | CURRENCY_CODE | QUANTITY | TAGS | MATERIALS | IMAGE1 | VARIATION 1 TYPE | VARIATION 1 NAME | VARIATION 1 VALUES | SKU
        Mug | Blue | 9.90 | EUR | 7 | | | | | | | M-1
        Tee | | 19.90 | EUR | 9 | | | | CUSTOM | Size | S,M | T-S,T-M""",
        {("M-1", "default"): "7"},
        rejects=[(3, "constraint-error", "SKU")],
    ),
    _export(
        "wix",
        """handleId | fieldType | name | collection | sku | price | surcharge | inventory | productOptionName1
        p1 | Product | Mug | Cups | M-1 | 9.90 | | 7 |
        p2 | Product | Card | | C-1 | 5 | | InStock |""",
        {("M-1", "default"): "7"},
        skips=[(3, "not stocked")],
    ),
    _export(
        "wix",
        """handle | fieldType | name | visible | price | strikethroughPrice | totalUnits | inventory | preOrderEnabled | preOrderLimit | sku
        mug | PRODUCT | Mug | true | 9.90 | | 500 | 7 | false | | M-1
        card | PRODUCT | Card | true | 5 | | | OUT_OF_STOCK | false | | C-1""",
        {("M-1", "default"): "7"},
        skips=[(3, "not stocked")],
    ),
    _export(
        "squarespace",
        """Product ID [Non Editable] | Variant ID [Non Editable] | Product Type [Non Editable] | Title | SKU | Price | Sale Price | On Sale | Stock | Categories
        1 | 2 | PHYSICAL | Mug | M-1 | 9.90 | 0 | No | 7 | Cups
        3 | 4 | SERVICE | Talk | S-1 | 50 | 0 | No | Unlimited |""",
        {("M-1", "default"): "7"},
        skips=[(3, "not stocked")],
    ),
    _export(
        "magento_products",
        """sku | store_view_code | attribute_set_code | product_type | categories | name | price | qty | out_of_stock_qty | created_at
        M-1 | | Default | simple | Cups | Mug | 9.90 | 7.0000 | 0 | 1/2/26
        M-1 | german | Default | simple | | Becher | | | | 1/2/26
        TEE | | Default | configurable | | Tee | | 0.0000 | 0 | 1/2/26""",
        {("M-1", "default"): "7"},
        skips=[(3, "not stocked"), (4, "parent product")],
    ),
    _export(
        "opencart",
        """product_id | name | categories | sku | upc | location | quantity | model | price | date_added | date_available | stock_status
        1 | Mug | Cups | | | shelf 3 | 7 | MOD-1 | 9.90 | 2026-01-02 | 2026-01-02 | In Stock""",
        {("MOD-1", "default"): "7"},
    ),
    _export(
        "lightspeed_c",
        """Internal_ID | Internal_Variant_ID | Visible | US_Title_Short | Price | Stock_Track | Stock_Disable_Sold_Out | Stock_Level | Stock_Min | Stock_Alert | Article_Code | SKU
        1 | 11 | Y | Mug | 9.90 | Y | Y | 7 | 0 | 2 | A-1 |
        2 | 22 | Y | Card | 5 | N | N | 0 | 0 | 0 | A-2 | C-1""",
        {("A-1", "default"): "7"},
        skips=[(3, "stock is not tracked")],
    ),
    _export(
        "storeden",
        """SKU | NAME | DESCRIPTION | PRICE | FINALPRICE | STOCKCOUNT | UNLIMITED | USEVARIANTS | VARIANTS | VARIANTSVALUE
        M-1 | Mug | x | 9.90 | 9.90 | 7 | 0 | 0 | |
        T-1 | Tee | x | 9.90 | 9.90 | 9 | 0 | 1 | Size | S#M""",
        {("M-1", "default"): "7"},
        skips=[(3, "variants in one cell")],
        delimiter=";",
    ),
    _export(
        "commercetools",
        """key | sku | quantityOnStock | availableQuantity | supplyChannel.key
        m-1 | M-1 | 7 | 5 | depot""",
        {("M-1", "depot"): "7"},
    ),
    _export(
        "lana",
        """product_variant | sku | inventory_location | bin_location | incoming | on_hand | committed | available | low_stock_level
        Mug | M-1 | Depot | B1 | 0 | 7 | 2 | 5 | 3""",
        {("M-1", "Depot"): "7"},
    ),
    _export(
        "amazon_ledger",
        """Date | FNSKU | ASIN | MSKU | Title | Disposition | StartingWarehouseBalance | InTransitBetweenWarehouses | Receipts | EndingWarehouseBalance | UnknownEvents | Location
        05/02/2026 | X1 | B1 | M-1 | Mug 12" | SELLABLE | 40 | 0 | 0 | 38 | 0 | ABE2""",
        {("M-1", "FBA-ABE2-SELLABLE"): "38"},
        delimiter="\t",
    ),
    _export(
        "amazon_ledger_csv",
        """Date | FNSKU | ASIN | MSKU | Title | Disposition | Starting Warehouse Balance | Ending Warehouse Balance | Location
        05/02/2026 | X1 | B1 | M-1 | Mug | CUSTOMER_DAMAGED | 1 | 2 | ABE2""",
        {("M-1", "FBA-ABE2-CUSTOMER_DAMAGED"): "2"},
    ),
    _export(
        "amazon_planning",
        """snapshot-date | sku | fnsku | asin | product-name | condition | available | pending-removal-quantity | inv-age-0-to-90-days | inv-age-91-to-180-days | your-price | days-of-supply | inbound-quantity
        2026-05-02 | M-1 | X1 | B1 | Mug | New | 7 | 1 | 6 | 1 | 9.90 | 30 | 4""",
        {("M-1", "FBA"): "7"},
        delimiter="\t",
    ),
    _export(
        "amazon_awd",
        """Product Name | SKU | FNSKU | ASIN | Inbound to AWD (units) | Available in AWD (units) | Available in AWD (cases) | Reserved in AWD (units) | Outbound to FBA (units) | Available in FBA (units)
        Mug | M-1 | X1 | B1 | 0 | 70 | 7 | 0 | 0 | 12""",
        {("M-1", "AWD"): "70"},
    ),
    _export(
        "walmart",
        """SKU | Item ID | Product Name | Ship Node ID | Ship Node Name | Input Quantity | AvailToSell Quantity
        M-1 | 1 | Mug | 9 | Depot | 9 | 7""",
        {("M-1", "Depot"): "7"},
    ),
    _export(
        "walmart_canada",
        """Seller SKU | Offer ID | Inventory Count | Product Name | Walmart SKU ID | Ship Node ID
        M-1 | 1 | 7 | Mug | 2 | 9""",
        {("M-1", "9"): "7"},
    ),
    _export(
        "google_local_inventory",
        """store_code | id | availability | quantity | price
        S1 | M-1 | in_stock | 7 | 9.90 EUR""",
        {("M-1", "S1"): "7"},
        delimiter="\t",
    ),
    _export(
        "zalando_zfs",
        """a_nr | ean | stock_location_id | stock_location_name | status | amount
        M-1 | 4000000000001 | 1 | Depot | OFFERABLE | 7
        M-1 | 4000000000001 | 1 | Depot | NON_OFFERABLE | 2
        | 4000000000002 | 1 | Depot | OFFERABLE | 0""",
        {("M-1", "Depot"): "7", ("4000000000002", "Depot"): "0"},
        skips=[(3, "not offerable")],
        delimiter=";",
    ),
    _export(
        "metapack",
        """SKU | Warehouse DC Code | Available Quantity
        M-1 | DC1 | 7""",
        {("M-1", "DC1"): "7"},
    ),
    _export(
        "square",
        """Token | Item Name | Variation Name | SKU | Description | Categories | Price | Current Quantity Main St | Price Main St
        T1 | Mug | Regular | | | Cups | 9.90 | 7 | 10.90""",
        {("T1", "Main St"): "7"},
    ),
    _export(
        "lightspeed_r_shops",
        """System ID | UPC | EAN | Custom SKU | Manufact. SKU | Item | Main Shop - Quantity on Hand | Main Shop - Unit Cost | Depot - Quantity on Hand
        1 | | | M-1 | | Mug | 7 | 5 | 2""",
        {("M-1", "Main Shop"): "7", ("M-1", "Depot"): "2"},
    ),
    _export(
        "loyverse",
        """Handle | SKU | Name | Category | Sold by weight | Cost | SKU of included item | Quantity of included item | Track stock | Available for sale [Main store] | Price [Main store] | In stock [Main store] | Low stock [Main store]
        mug | 1 | Mug | Cups | N | 5 | | | Y | Y | 9.90 | 7.500 | 2
        fee | 2 | Fee | | N | | | | N | Y | variable | |
        kit | 3 | Kit | | N | | 1 | 2 | Y | Y | 19 | 4 | """,
        {("1", "Main store"): "7.5"},
        skips=[(3, "stock is not tracked"), (4, "kit")],
    ),
    _export(
        "loyverse_one_store",
        """Handle | SKU | Name | SKU of included item | Quantity of included item | Track stock | Price | In stock | Low stock
        mug | 1 | Mug | | | Y | 9.90 | 7 | 2""",
        {("1", "default"): "7"},
    ),
    _export(
        "zoho",
        """Item ID | Item Name | SKU | Description | Rate | Account | Exemption Reason | Product Type | Source | Last Sync Time | Usage unit | Reorder Point | Opening Stock | Stock On Hand
        91 | Mug | M-1 | | EUR 9.90 | Sales | | goods | | | pcs | 2 | 50 | 7
        92 | Talk | S-1 | | EUR 50 | Sales | | service | | | h | | | """,
        {("M-1", "default"): "7"},
        skips=[(3, "no goods")],
    ),
    _export(
        "unleashed",
        """*Product Code | *Warehouse Code | *SOH | *AverageLandCost | Serial Number | Batch Number | Expiry date
        M-1 | W1 | 7 | 5 | | |
        | | | | S2 | |""",
        {("M-1", "W1"): "7"},
        skips=[(3, "blank sku")],
    ),
    _export(
        "quickbooks_online",
        """Product/Service Name | Sales Description | SKU | Type | Sales Price / Rate | Taxable | Income Account | Purchase Description | Purchase Cost | Quantity On Hand | Reorder Point | Inventory Asset Account | Quantity as-of Date
        Mug | x | M-1 | Inventory | 9.90 | Y | Sales | x | 5 | 7 | 2 | Assets | 01/01/2026
        Talk | x | S-1 | Service | 50 | Y | Sales | | | | | |""",
        {("M-1", "default"): "7"},
        skips=[(3, "no goods in stock")],
    ),
    _export(
        "quickbooks_stock_status",
        """Item | Description | Pref Vendor | Reorder Pt | On Hand | Avail
        Inventory | | | | |
        MUG-01 | Blue mug | V | 5 | 1,200 | 1,190
        Total Inventory | | | | 1,200 | 1,190""",
        {("MUG-01", "default"): "1200"},
        skips=[(2, "not stocked"), (4, "total line")],
    ),
    _export(
        "quickbooks_desktop",
        """ | Active Status | Type | Item | Description | Sales Tax Code | Account | COGS Account | Asset Account | Quantity On Hand | U/M | Cost | Preferred Vendor | Price | Reorder Pt (Min) | MPN
         | Active | Inventory Part | Mugs:MUG-01 | Blue mug | | 1 | 2 | 3 | 1,200 | ea | 5 | V | 9.90 | 5 |
         | Not-active | Inventory Part | OLD | Old | | 1 | 2 | 3 | 4 | ea | 5 | V | 9.90 | |
         | Active | Service | TALK | Talk | | 1 | | | | | | | 50 | |""",
        {("Mugs:MUG-01", "default"): "1200"},
        skips=[(3, "not active"), (4, "no goods in stock")],
    ),
    _export(
        "sap_mb52",
        """Material | Plant | Storage Location | Special Stock | Base Unit of Measure | Unrestricted | Currency | Value Unrestricted | Transit and Transfer | Quality Inspection | Restricted-Use Stock | Blocked | Returns | Material Description
        000100 | 0001 | W1 | | PC | 7 | EUR | 70 | 0 | 1 | 0 | 2 | | Mug""",
        {
            ("000100", "0001-W1"): "7",
            ("000100", "0001-W1-transfer"): "0",
            ("000100", "0001-W1-quality"): "1",
            ("000100", "0001-W1-restricted"): "0",
            ("000100", "0001-W1-blocked"): "2",
        },
        skips=[(2, "not stocked")],
        delimiter="\t",
    ),
    _export(
        "linnworks",
        """SKU | Stock Level | Location | Minimum Level | Unit Cost | Stock Value | Bin Rack
        M-1 | 7 | Default | 2 | 5 | 35 | B1""",
        {("M-1", "Default"): "7"},
    ),
    _export(
        "xero",
        """*ItemCode | ItemName | Quantity | PurchasesDescription | PurchasesUnitPrice | PurchasesAccount | PurchasesTaxRate | SalesDescription | SalesUnitPrice | SalesAccount | SalesTaxRate
        M-1 | Mug | 7 | | 5 | 1 | x | | 9.90 | 2 | x
        S-1 | Talk | | | | | | | 50 | 2 | x""",
        {("M-1", "default"): "7"},
        skips=[(3, "not stocked")],
    ),
    _export(
        "erpnext_stock_balance",
        """Item | Item Name | Item Group | Warehouse | Stock UOM | Balance Qty | Balance Value | Opening Qty | In Qty | Out Qty | Reserved Stock | Company
        M-1 | Mug | Cups | Stores - A | Nos | 7 | 35 | 5 | 3 | 1 | 2 | A
        Total | | | | | 7 | 35 | 5 | 3 | 1 | 2 | """,
        {("M-1", "Stores - A"): "7"},
        skips=[(3, "total line")],
    ),
    _export(
        "erpnext_projected",
        """Item Code | Item Name | Warehouse | UOM | Actual Qty | Planned Qty | Ordered Qty | Reserved Qty | Reserved for Production | Projected Qty | Reorder Level | Reorder Qty
        M-1 | Mug | Stores - A | Nos | 7 | 0 | 9 | 2 | 0 | 14 | 3 | 10""",
        {("M-1", "Stores - A"): "7"},
    ),
    _export(
        "elliott_846",
        """Item Number | Item Description 1 | UPC | Qty on Hand | Qty Allocated | Qty on Order | Date Qty Available | Activity Code | Location
        M-1 | Mug | | 7 | 2 | 9 | 20260502 | A | 01""",
        {("M-1", "01"): "7"},
    ),
    _export(
        "openvpms",
        """Stock Location Id | Stock Location Name | Product Id | Product Name | Selling Units | Quantity | New Quantity
        1 | Main | 77 | Mug | each | -2 | 0""",
        {("77", "Main"): "-2"},
    ),
    _export(
        "odoo_quants",
        """Location | Product | Lot/Serial Number | Package | Owner | Quantity | Reserved Quantity | Available Quantity | Unit | Company
        WH/Stock | [M-1] Mug, blue | L1 | | | 40 | 2 | 38 | Units | A
        Partners/Customers | [M-1] Mug, blue | | | | -9 | 0 | -9 | Units | A
        WH/Stock | Nameless | | | | 3 | 0 | 3 | Units | A""",
        {("M-1", "WH/Stock"): "40"},
        skips=[(3, "location outside of the warehouse"), (4, "blank sku")],
    ),
    _export(
        "odoo_quants_reference",
        """Product/Internal Reference | Product/Name | Available Quantity | Quantity | Lot/Serial Number | Location
        M-1 | Mug | 40 | 40 | L1 | WH/Stock
        M-1 | Mug | 25 | 25 | L2 | WH/Stock
        [M-2] Red mug | Red | 3 | 3 | | WH/Stock""",
        {("M-1", "WH/Stock"): "65", ("M-2", "WH/Stock"): "3"},
    ),
    _export(
        "fishbowl",
        """PartNumber | PartDescription | Location | Qty | UOM | Cost | QbClass | Date | Note | Tracking-Vendor Lot #
        M-1 | Mug | Main-Stock | 7 | ea | 5 | None | 5/2/2026 | | L1""",
        {("M-1", "Main-Stock"): "7"},
    ),
)
