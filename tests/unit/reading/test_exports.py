"""Files as shop systems export them, dropped in exactly as they are."""

from __future__ import annotations

import pytest

from feeds import opened, read
from inventory.domain.reading import ProfileSet
from sample_exports import EXPORTS


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_export_gives_its_items_skips_and_rejects(export) -> None:
    """Each look-alike is recognised, and every cell of stock ends where it belongs."""
    outcome = read(export.data, export.key)
    assert opened(export.data, export.key).profile == export.profile
    assert outcome.items == export.items
    assert outcome.reasons == export.skips
    assert outcome.errors == export.rejects
    rows = {row.sku: row for row in outcome.rows}
    found = {
        sku: {field: getattr(rows[sku], field) for field in fields}
        for sku, fields in export.details.items()
    }
    assert found == export.details


def test_every_built_in_profile_has_a_look_alike() -> None:
    """A new profile comes with a look-alike of its feed."""
    assert {export.profile for export in EXPORTS} == {profile.name for profile in ProfileSet()}


def test_a_column_per_location_keeps_what_belongs_to_the_location() -> None:
    """Reorder point and further columns of a location go to the rows of that location alone."""
    square = next(export for export in EXPORTS if export.profile == "square")
    rows = {(row.sku, row.location): row for row in read(square.data).rows}
    joe, pier = rows["Q1", "Joe's"], rows["Q1", 'Pier 39, Hall "B"']
    assert (joe.reorder_point, pier.reorder_point) == ("2", None)
    assert joe.attributes["Stock Alert Enabled"] == "Y"
    assert pier.attributes["Stock Alert Enabled"] == "N"


def test_further_columns_become_attributes() -> None:
    """What no field takes is kept under its label, blank cells left out."""
    canonical = EXPORTS[0]
    assert [row.attributes for row in read(canonical.data).rows] == [{"attr_shelf": "A1"}, {}, {}]
