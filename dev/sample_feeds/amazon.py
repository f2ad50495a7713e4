"""Look-alikes of what Amazon reports."""

from __future__ import annotations

from sample_feeds.export import Export


def _tabs(*lines: str, line_end: str = "\r\n") -> str:
    """Lines whose cells are separated by blanks here and by tabs in the file; ~ is a blank."""
    return "".join("\t".join(line.split(" ")).replace("~", " ") + line_end for line in lines)


_FBA = "sku fnsku asin product-name condition your-price mfn-listing-exists "
_FBA += "mfn-fulfillable-quantity afn-listing-exists afn-warehouse-quantity "
_FBA += "afn-fulfillable-quantity afn-unsellable-quantity"


def _amazon_fba() -> Export:
    return Export(
        name="Amazon FBA, with inch marks",
        profile="amazon_fba",
        data=_tabs(
            _FBA,
            'A-1 X1 B1 Screen~27"~wide New 199.00 No  Yes 12 10 2',
            'A-2 X2 B2 "Quoted"~name New 1.5 No  Yes 1 1 0',
            'A-3 X3 B3 "Open New 9 No  Yes 4 4 0',
            "A-4 X4 B4 Own New 9 Yes 5 No   ",
            "A-1 X1 B1 Again New 199.00 No  Yes 12 11 2",
        ).encode(),
        items={("A-1", "FBA"): "11", ("A-2", "FBA"): "1", ("A-3", "FBA"): "4"},
        skips=[(5, "not stocked")],
        details={"A-2": {"name": '"Quoted" name', "unit_price": "1.5"}},
        key="fba.txt",
    )


def _amazon_fba_western() -> Export:
    titled = _FBA.replace("fulfillable", "Fulfillable").replace("sku fnsku", "SKU FNSKU")
    return Export(
        name="Amazon FBA in windows-1252, older header",
        profile="amazon_fba",
        data=_tabs(titled, "A-1 X1 B1 Men\u2019s~café~chair New 9,90 No  Yes 12 10 2").encode(
            "cp1252"
        ),
        items={("A-1", "FBA"): "10"},
        details={"A-1": {"name": "Men\u2019s café chair", "unit_price": "9.9"}},
        key="fba.txt",
    )


def _amazon_fba_japan() -> Export:
    return Export(
        name="Amazon FBA from Japan in cp932",
        profile="amazon_fba",
        data=_tabs(
            _FBA,
            "A-1 X1 B1 テスト帽子 New 1980 No  Yes 12 10 2",
            "A-2 X2 B2 能力表 New 1980 No  Yes 3 3 0",
        ).encode("cp932"),
        items={("A-1", "FBA"): "10", ("A-2", "FBA"): "3"},
        details={"A-1": {"name": "テスト帽子"}, "A-2": {"name": "能力表"}},
        key="fba.txt",
    )


def _amazon_afn() -> Export:
    return Export(
        name="Amazon AFN inventory: two rows a SKU",
        profile="amazon_afn",
        data=_tabs(
            "seller-sku fulfillment-channel-sku asin condition-type Warehouse-Condition-code"
            " Quantity~Available",
            "A-1 X1 B1 NewItem SELLABLE 10",
            "A-1 X1 B1 NewItem UNSELLABLE 2",
        ).encode(),
        items={("A-1", "FBA-SELLABLE"): "10", ("A-1", "FBA-UNSELLABLE"): "2"},
        key="afn.txt",
    )


def _amazon_listings() -> Export:
    return Export(
        name="Amazon listings, four columns, byte order mark, lone CR",
        profile="amazon_listings",
        data=b"\xef\xbb\xbf"
        + _tabs("sku asin price quantity", "A-1 B1 9.90 5", "A-2 B2 9.90 ", line_end="\r").encode(),
        items={("A-1", "default"): "5"},
        skips=[(3, "not stocked")],
        details={"A-1": {"unit_price": "9.9"}},
        key="listings.txt",
    )


def _amazon_listings_short() -> Export:
    return Export(
        name="Amazon listings, seller-sku first",
        profile="amazon_listings",
        data=_tabs("seller-sku quantity price product-id", "A~1 5 9.90 B1").encode(),
        items={("A 1", "default"): "5"},
        key="listings.txt",
    )


def _amazon_open_listings() -> Export:
    return Export(
        name="Amazon listings, all",
        profile="amazon_listings_long",
        data=_tabs(
            "item-name item-description listing-id seller-sku price quantity open-date asin1"
            " status",
            'Pan~28~cm~"Pro" L1 0001 A-1 25 7 2026-01-01 B1 Active',
            "Pan L1 0002 A-2 25 9 2026-01-01 B2 Inactive",
        ).encode(),
        items={("A-1", "default"): "7"},
        skips=[(3, "listing is not active")],
        details={"A-1": {"name": 'Pan 28 cm "Pro"'}},
        key="listings.txt",
    )


def exports() -> list[Export]:
    """The look-alikes, with their traps."""
    return [
        _amazon_fba(),
        _amazon_fba_western(),
        _amazon_fba_japan(),
        _amazon_afn(),
        _amazon_listings(),
        _amazon_listings_short(),
        _amazon_open_listings(),
    ]
