"""One short look-alike for each further generation of each system, and what must load of it."""

from __future__ import annotations

from typing import NamedTuple

from sample_feeds.export import Export, Items


class _Sample(NamedTuple):
    profile: str
    table: str
    items: Items
    skips: tuple[tuple[int, str], ...] = ()
    rejects: tuple[tuple[int, str, str | None], ...] = ()
    delimiter: str = ","


#: Cells are parted by `|` and blanks, whatever the file is parted by.
_SAMPLES = (
    _Sample(
        "shopify_products",
        """Handle | Title | Vendor | Type | Tags | Published | Variant SKU | Variant Inventory Tracker | Variant Inventory Qty | Variant Price | Image Src | Variant Weight Unit | Status
        mug | Mug | Us | Cups | blue | TRUE | M-1 | shopify | 7 | 9.90 | | kg | active
        mug | | | | | | M-2 | shopify | 3 | 9.90 | | kg |
        mug | | | | | | | | | | http://x/1.png | |
        fee | Fee | Us | | | TRUE | F-1 | | 0 | 1.00 | | kg | active""",
        {("M-1", "default"): "7", ("M-2", "default"): "3"},
        skips=((4, "stock is not tracked"), (5, "stock is not tracked")),
    ),
    _Sample(
        "shopify_products",
        """URL handle | Title | Vendor | Product category | Tags | Published on online store | Status | SKU | Price | Inventory tracker | Inventory quantity | Image position
        mug | Mug | Us | Cups | blue | TRUE | Active | M-1 | 9.90 | shopify | 7 | 1""",
        {("M-1", "default"): "7"},
    ),
    _Sample(
        "woocommerce_stock_report",
        """Product / Variation | SKU | Status | Stock
        Mug | M-1 | In stock | 7
        Tee | T-1 | In stock | N/A""",
        {("M-1", "default"): "7"},
        skips=((3, "not stocked"),),
    ),
    _Sample(
        "woocommerce_stock_manager",
        """id | sku | Manage stock | Stock status | Backorders | Stock | Type | Parent ID
        1 | M-1 | yes | instock | no | 7 | simple |
        2 | M-2 | no | instock | no | | simple |""",
        {("M-1", "default"): "7"},
        skips=((3, "stock is not tracked"),),
        delimiter=";",
    ),
    _Sample(
        "bigcommerce",
        """Item Type | Product ID | Product Name | Product Code/SKU | Price | Sale Price | Track Inventory | Current Stock Level | Low Stock Level | Category
        Product | 1 | Mug | M-1 | 9.90 | | by product | 7 | 2 | Cups
        Product | 2 | Tee | T | 19.90 | | by option | 50 | 0 | Clothes
        SKU | 2 | | T-S | | | | 20 | 0 |
        Rule | 2 | | | | | | | |
        Product | 3 | Card | C | 5 | | none | 0 | 0 | Cards""",
        {("M-1", "default"): "7", ("T-S", "default"): "20"},
        skips=((3, "parent product"), (5, "no product"), (6, "stock is not tracked")),
    ),
    _Sample(
        "prestashop_stock",
        """Product ID | Combination ID | Product reference | Combination reference | Product name | Combination name | Supplier | Status | Physical quantity | Reserved quantity | Available quantity | Low stock level
        1 | 0 | M-1 | | Mug | N/A | | 1 | 7 | 2 | 5 | 3
        2 | 9 | T | T-S | Tee | Size - S | | 1 | 4 | 0 | 4 |""",
        {("M-1", "default"): "7", ("T-S", "default"): "4"},
        delimiter=";",
    ),
    _Sample(
        "prestashop_products",
        """Product ID | Active (0/1) | Name | Categories (x,y,z...) | Price tax excl. | Tax rule ID | On sale (0/1) | Reference # | Supplier | Quantity | Minimal quantity
        1 | 1 | Mug | Home | 9.90 | 1 | 0 | M-1 | | 7 | 1""",
        {("M-1", "default"): "7"},
        delimiter=";",
    ),
    _Sample(
        "ebay",
        """Item number | Title | Variation details | Custom label (SKU) | Available quantity | Format | Currency | Start price | Current price | Sold quantity | Start date | P:UPC
        1 | Mug | Color=Red;Blue | MUG | 4 | FIXED_PRICE | USD | 9 | 9 | 1 | Jan-02-26 |
        1 | Mug | Color=Red | MUG-RED | 2 | FIXED_PRICE | USD | 9 | 9 | 1 | Jan-02-26 |
        2 | Bowl | | | 1 | FIXED_PRICE | USD | 5 | 5 | 0 | Jan-02-26 | """,
        {("MUG-RED", "default"): "2"},
        skips=((2, "parent listing"), (4, "blank sku")),
    ),
    _Sample(
        "etsy",
        """TITLE | DESCRIPTION | PRICE | CURRENCY_CODE | QUANTITY | TAGS | MATERIALS | IMAGE1 | VARIATION 1 TYPE | VARIATION 1 NAME | VARIATION 1 VALUES | SKU
        Mug | Blue | 9.90 | EUR | 7 | | | | | | | M-1
        Tee | | 19.90 | EUR | 9 | | | | CUSTOM | Size | S,M | T-S,T-M""",
        {("M-1", "default"): "7"},
        rejects=((3, "constraint-error", "SKU"),),
    ),
    _Sample(
        "wix",
        """handleId | fieldType | name | collection | sku | price | surcharge | inventory | productOptionName1
        p1 | Product | Mug | Cups | M-1 | 9.90 | | 7 |
        p2 | Product | Card | | C-1 | 5 | | InStock |""",
        {("M-1", "default"): "7"},
        skips=((3, "not stocked"),),
    ),
    _Sample(
        "wix",
        """handle | fieldType | name | visible | price | strikethroughPrice | totalUnits | inventory | preOrderEnabled | preOrderLimit | sku
        mug | PRODUCT | Mug | true | 9.90 | | 500 | 7 | false | | M-1
        card | PRODUCT | Card | true | 5 | | | OUT_OF_STOCK | false | | C-1""",
        {("M-1", "default"): "7"},
        skips=((3, "not stocked"),),
    ),
    _Sample(
        "squarespace",
        """Product ID [Non Editable] | Variant ID [Non Editable] | Product Type [Non Editable] | Title | SKU | Price | Sale Price | On Sale | Stock | Categories
        1 | 2 | PHYSICAL | Mug | M-1 | 9.90 | 0 | No | 7 | Cups
        3 | 4 | SERVICE | Talk | S-1 | 50 | 0 | No | Unlimited |""",
        {("M-1", "default"): "7"},
        skips=((3, "not stocked"),),
    ),
    _Sample(
        "magento_products",
        """sku | store_view_code | attribute_set_code | product_type | categories | name | price | qty | out_of_stock_qty | created_at
        M-1 | | Default | simple | Cups | Mug | 9.90 | 7.0000 | 0 | 1/2/26
        M-1 | german | Default | simple | | Becher | | | | 1/2/26
        TEE | | Default | configurable | | Tee | | 0.0000 | 0 | 1/2/26""",
        {("M-1", "default"): "7"},
        skips=((3, "not stocked"), (4, "parent product")),
    ),
    _Sample(
        "opencart",
        """product_id | name | categories | sku | upc | location | quantity | model | price | date_added | date_available | stock_status
        1 | Mug | Cups | | | shelf 3 | 7 | MOD-1 | 9.90 | 2026-01-02 | 2026-01-02 | In Stock""",
        {("MOD-1", "default"): "7"},
    ),
    _Sample(
        "lightspeed_c",
        """Internal_ID | Internal_Variant_ID | Visible | US_Title_Short | Price | Stock_Track | Stock_Disable_Sold_Out | Stock_Level | Stock_Min | Stock_Alert | Article_Code | SKU
        1 | 11 | Y | Mug | 9.90 | Y | Y | 7 | 0 | 2 | A-1 |
        2 | 22 | Y | Card | 5 | N | N | 0 | 0 | 0 | A-2 | C-1""",
        {("A-1", "default"): "7"},
        skips=((3, "stock is not tracked"),),
    ),
    _Sample(
        "storeden",
        """SKU | NAME | DESCRIPTION | PRICE | FINALPRICE | STOCKCOUNT | UNLIMITED | USEVARIANTS | VARIANTS | VARIANTSVALUE
        M-1 | Mug | x | 9.90 | 9.90 | 7 | 0 | 0 | |
        T-1 | Tee | x | 9.90 | 9.90 | 9 | 0 | 1 | Size | S#M""",
        {("M-1", "default"): "7"},
        skips=((3, "variants in one cell"),),
        delimiter=";",
    ),
    _Sample(
        "commercetools",
        """key | sku | quantityOnStock | availableQuantity | supplyChannel.key
        m-1 | M-1 | 7 | 5 | depot""",
        {("M-1", "depot"): "7"},
    ),
    _Sample(
        "lana",
        """product_variant | sku | inventory_location | bin_location | incoming | on_hand | committed | available | low_stock_level
        Mug | M-1 | Depot | B1 | 0 | 7 | 2 | 5 | 3""",
        {("M-1", "Depot"): "7"},
    ),
    _Sample(
        "amazon_ledger",
        """Date | FNSKU | ASIN | MSKU | Title | Disposition | StartingWarehouseBalance | InTransitBetweenWarehouses | Receipts | EndingWarehouseBalance | UnknownEvents | Location
        05/02/2026 | X1 | B1 | M-1 | Mug 12" | SELLABLE | 40 | 0 | 0 | 38 | 0 | ABE2""",
        {("M-1", "FBA-ABE2-SELLABLE"): "38"},
        delimiter="\t",
    ),
    _Sample(
        "amazon_ledger_csv",
        """Date | FNSKU | ASIN | MSKU | Title | Disposition | Starting Warehouse Balance | Ending Warehouse Balance | Location
        05/02/2026 | X1 | B1 | M-1 | Mug | CUSTOMER_DAMAGED | 1 | 2 | ABE2""",
        {("M-1", "FBA-ABE2-CUSTOMER_DAMAGED"): "2"},
    ),
    _Sample(
        "amazon_planning",
        """snapshot-date | sku | fnsku | asin | product-name | condition | available | pending-removal-quantity | inv-age-0-to-90-days | inv-age-91-to-180-days | your-price | days-of-supply | inbound-quantity
        2026-05-02 | M-1 | X1 | B1 | Mug | New | 7 | 1 | 6 | 1 | 9.90 | 30 | 4""",
        {("M-1", "FBA"): "7"},
        delimiter="\t",
    ),
    _Sample(
        "amazon_awd",
        """Product Name | SKU | FNSKU | ASIN | Inbound to AWD (units) | Available in AWD (units) | Available in AWD (cases) | Reserved in AWD (units) | Outbound to FBA (units) | Available in FBA (units)
        Mug | M-1 | X1 | B1 | 0 | 70 | 7 | 0 | 0 | 12""",
        {("M-1", "AWD"): "70"},
    ),
    _Sample(
        "walmart",
        """SKU | Item ID | Product Name | Ship Node ID | Ship Node Name | Input Quantity | AvailToSell Quantity
        M-1 | 1 | Mug | 9 | Depot | 9 | 7""",
        {("M-1", "Depot"): "7"},
    ),
    _Sample(
        "walmart_canada",
        """Seller SKU | Offer ID | Inventory Count | Product Name | Walmart SKU ID | Ship Node ID
        M-1 | 1 | 7 | Mug | 2 | 9""",
        {("M-1", "9"): "7"},
    ),
    _Sample(
        "google_local_inventory",
        """store_code | id | availability | quantity | price
        S1 | M-1 | in_stock | 7 | 9.90 EUR""",
        {("M-1", "S1"): "7"},
        delimiter="\t",
    ),
    _Sample(
        "zalando_zfs",
        """a_nr | ean | stock_location_id | stock_location_name | status | amount
        M-1 | 4000000000001 | 1 | Depot | OFFERABLE | 7
        M-1 | 4000000000001 | 1 | Depot | NON_OFFERABLE | 2
        | 4000000000002 | 1 | Depot | OFFERABLE | 0""",
        {("M-1", "Depot"): "7", ("4000000000002", "Depot"): "0"},
        skips=((3, "not offerable"),),
        delimiter=";",
    ),
    _Sample(
        "metapack",
        """SKU | Warehouse DC Code | Available Quantity
        M-1 | DC1 | 7""",
        {("M-1", "DC1"): "7"},
    ),
    _Sample(
        "square",
        """Token | Item Name | Variation Name | SKU | Description | Categories | Price | Current Quantity Main St | Price Main St
        T1 | Mug | Regular | | | Cups | 9.90 | 7 | 10.90""",
        {("T1", "Main St"): "7"},
    ),
    _Sample(
        "lightspeed_r_shops",
        """System ID | UPC | EAN | Custom SKU | Manufact. SKU | Item | Main Shop - Quantity on Hand | Main Shop - Unit Cost | Depot - Quantity on Hand
        1 | | | M-1 | | Mug | 7 | 5 | 2""",
        {("M-1", "Main Shop"): "7", ("M-1", "Depot"): "2"},
    ),
    _Sample(
        "loyverse",
        """Handle | SKU | Name | Category | Sold by weight | Cost | SKU of included item | Quantity of included item | Track stock | Available for sale [Main store] | Price [Main store] | In stock [Main store] | Low stock [Main store]
        mug | 1 | Mug | Cups | N | 5 | | | Y | Y | 9.90 | 7.500 | 2
        fee | 2 | Fee | | N | | | | N | Y | variable | |
        kit | 3 | Kit | | N | | 1 | 2 | Y | Y | 19 | 4 | """,
        {("1", "Main store"): "7.5"},
        skips=((3, "stock is not tracked"), (4, "kit")),
    ),
    _Sample(
        "loyverse_one_store",
        """Handle | SKU | Name | SKU of included item | Quantity of included item | Track stock | Price | In stock | Low stock
        mug | 1 | Mug | | | Y | 9.90 | 7 | 2""",
        {("1", "default"): "7"},
    ),
    _Sample(
        "zoho",
        """Item ID | Item Name | SKU | Description | Rate | Account | Exemption Reason | Product Type | Source | Last Sync Time | Usage unit | Reorder Point | Opening Stock | Stock On Hand
        91 | Mug | M-1 | | EUR 9.90 | Sales | | goods | | | pcs | 2 | 50 | 7
        92 | Talk | S-1 | | EUR 50 | Sales | | service | | | h | | | """,
        {("M-1", "default"): "7"},
        skips=((3, "no goods"),),
    ),
    _Sample(
        "unleashed",
        """*Product Code | *Warehouse Code | *SOH | *AverageLandCost | Serial Number | Batch Number | Expiry date
        M-1 | W1 | 7 | 5 | | |
        | | | | S2 | |""",
        {("M-1", "W1"): "7"},
        skips=((3, "blank sku"),),
    ),
    _Sample(
        "quickbooks_online",
        """Product/Service Name | Sales Description | SKU | Type | Sales Price / Rate | Taxable | Income Account | Purchase Description | Purchase Cost | Quantity On Hand | Reorder Point | Inventory Asset Account | Quantity as-of Date
        Mug | x | M-1 | Inventory | 9.90 | Y | Sales | x | 5 | 7 | 2 | Assets | 01/01/2026
        Talk | x | S-1 | Service | 50 | Y | Sales | | | | | |""",
        {("M-1", "default"): "7"},
        skips=((3, "no goods in stock"),),
    ),
    _Sample(
        "quickbooks_stock_status",
        """Item | Description | Pref Vendor | Reorder Pt | On Hand | Avail
        Inventory | | | | |
        MUG-01 | Blue mug | V | 5 | 1,200 | 1,190
        Total Inventory | | | | 1,200 | 1,190""",
        {("MUG-01", "default"): "1200"},
        skips=((2, "not stocked"), (4, "total line")),
    ),
    _Sample(
        "quickbooks_desktop",
        """ | Active Status | Type | Item | Description | Sales Tax Code | Account | COGS Account | Asset Account | Quantity On Hand | U/M | Cost | Preferred Vendor | Price | Reorder Pt (Min) | MPN
         | Active | Inventory Part | Mugs:MUG-01 | Blue mug | | 1 | 2 | 3 | 1,200 | ea | 5 | V | 9.90 | 5 |
         | Not-active | Inventory Part | OLD | Old | | 1 | 2 | 3 | 4 | ea | 5 | V | 9.90 | |
         | Active | Service | TALK | Talk | | 1 | | | | | | | 50 | |""",
        {("Mugs:MUG-01", "default"): "1200"},
        skips=((3, "not active"), (4, "no goods in stock")),
    ),
    _Sample(
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
        skips=((2, "not stocked"),),
        delimiter="\t",
    ),
    _Sample(
        "linnworks",
        """SKU | Stock Level | Location | Minimum Level | Unit Cost | Stock Value | Bin Rack
        M-1 | 7 | Default | 2 | 5 | 35 | B1""",
        {("M-1", "Default"): "7"},
    ),
    _Sample(
        "xero",
        """*ItemCode | ItemName | Quantity | PurchasesDescription | PurchasesUnitPrice | PurchasesAccount | PurchasesTaxRate | SalesDescription | SalesUnitPrice | SalesAccount | SalesTaxRate
        M-1 | Mug | 7 | | 5 | 1 | x | | 9.90 | 2 | x
        S-1 | Talk | | | | | | | 50 | 2 | x""",
        {("M-1", "default"): "7"},
        skips=((3, "not stocked"),),
    ),
    _Sample(
        "erpnext_stock_balance",
        """Item | Item Name | Item Group | Warehouse | Stock UOM | Balance Qty | Balance Value | Opening Qty | In Qty | Out Qty | Reserved Stock | Company
        M-1 | Mug | Cups | Stores - A | Nos | 7 | 35 | 5 | 3 | 1 | 2 | A
        Total | | | | | 7 | 35 | 5 | 3 | 1 | 2 | """,
        {("M-1", "Stores - A"): "7"},
        skips=((3, "total line"),),
    ),
    _Sample(
        "erpnext_projected",
        """Item Code | Item Name | Warehouse | UOM | Actual Qty | Planned Qty | Ordered Qty | Reserved Qty | Reserved for Production | Projected Qty | Reorder Level | Reorder Qty
        M-1 | Mug | Stores - A | Nos | 7 | 0 | 9 | 2 | 0 | 14 | 3 | 10""",
        {("M-1", "Stores - A"): "7"},
    ),
    _Sample(
        "elliott_846",
        """Item Number | Item Description 1 | UPC | Qty on Hand | Qty Allocated | Qty on Order | Date Qty Available | Activity Code | Location
        M-1 | Mug | | 7 | 2 | 9 | 20260502 | A | 01""",
        {("M-1", "01"): "7"},
    ),
    _Sample(
        "openvpms",
        """Stock Location Id | Stock Location Name | Product Id | Product Name | Selling Units | Quantity | New Quantity
        1 | Main | 77 | Mug | each | -2 | 0""",
        {("77", "Main"): "-2"},
    ),
    _Sample(
        "odoo_quants",
        """Location | Product | Lot/Serial Number | Package | Owner | Quantity | Reserved Quantity | Available Quantity | Unit | Company
        WH/Stock | [M-1] Mug, blue | L1 | | | 40 | 2 | 38 | Units | A
        Partners/Customers | [M-1] Mug, blue | | | | -9 | 0 | -9 | Units | A
        WH/Stock | Nameless | | | | 3 | 0 | 3 | Units | A""",
        {("M-1", "WH/Stock"): "40"},
        skips=((3, "location outside of the warehouse"), (4, "blank sku")),
    ),
    _Sample(
        "odoo_quants_reference",
        """Product/Internal Reference | Product/Name | Available Quantity | Quantity | Lot/Serial Number | Location
        M-1 | Mug | 40 | 40 | L1 | WH/Stock
        M-1 | Mug | 25 | 25 | L2 | WH/Stock
        [M-2] Red mug | Red | 3 | 3 | | WH/Stock""",
        {("M-1", "WH/Stock"): "65", ("M-2", "WH/Stock"): "3"},
    ),
    _Sample(
        "fishbowl",
        """PartNumber | PartDescription | Location | Qty | UOM | Cost | QbClass | Date | Note | Tracking-Vendor Lot #
        M-1 | Mug | Main-Stock | 7 | ea | 5 | None | 5/2/2026 | | L1""",
        {("M-1", "Main-Stock"): "7"},
    ),
)


def exports() -> list[Export]:
    """The look-alikes, named by their profile and their first labels."""
    return [_export(sample) for sample in _SAMPLES]


def _export(sample: _Sample) -> Export:
    lines = [
        [cell.strip() for cell in line.split("|")] for line in sample.table.strip().splitlines()
    ]
    width = len(lines[0])
    rows = [line[:width] + [""] * (width - len(line)) for line in lines]
    return Export(
        name=f"{sample.profile}: {', '.join(lines[0][:2])}",
        profile=sample.profile,
        data="".join(f"{_line(row, sample.delimiter)}\r\n" for row in rows).encode(),
        items=sample.items,
        skips=list(sample.skips),
        rejects=list(sample.rejects),
    )


def _line(cells: list[str], delimiter: str) -> str:
    """Cells as a line; quoted where they hold the delimiter."""
    return delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in cells)
