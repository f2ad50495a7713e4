"""Events become deliveries without losing or changing what they name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from inventory.domain.model import ObjectVersion
from inventory.domain.work import Kind, WorkMessage
from inventory.handlers.deliveries import from_object_created, from_work_record

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_object_created_event_names_the_exact_version(
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    """Bucket, key, version id, entity tag, size and sequencer are the event's."""
    delivery = from_object_created(load_event("s3_object_created"))

    version = delivery.version
    assert delivery.kind is Kind.CREATED
    assert version.object_id == (
        "inventory-uploads-dev-111122223333/stores/north/stock.csv#IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"
    )
    assert version.size_bytes == 5120
    assert version.sequencer == "00617F08299329D189"
    assert version.stored_at == datetime(2026, 11, 12, tzinfo=UTC)


def test_a_key_with_plus_and_percent_is_not_decoded(
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    """EventBridge does not URL-encode keys, so decoding would corrupt this one."""
    delivery = from_object_created(load_event("s3_object_created_odd_key"))

    assert delivery.version.key == "stores/north+west/100% stock (1).csv"


def test_without_a_version_id_the_entity_tag_names_the_object(
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    """An unversioned bucket's object is known by what it contains."""
    version = from_object_created(load_event("s3_object_created_unversioned")).version

    assert version.version_id is None
    assert version.object_id.endswith("#b1946ac92492d2347c6235b4d2611184")
    assert version.sequencer == ""


@pytest.mark.parametrize("untold", [True, False])
def test_a_message_says_whether_refused_rows_have_lost_theirs(untold: bool) -> None:
    """As `inventory redrive` sends it."""
    version = ObjectVersion(bucket="b", key="k", version_id="v", etag="", size_bytes=1)
    message = WorkMessage(kind=Kind.REPLAY, version=version, untold=untold)
    assert from_work_record("message-1", message.to_text(), 0).untold is untold


@pytest.mark.parametrize("body", ["{}", '{"kind":"created"}', "[]", "not json"])
def test_fails_for_a_message_that_is_not_ours(body: str) -> None:
    """A foreign message must come back until it lands in the dead-letter queue."""
    with pytest.raises((ValueError, TypeError)):
        from_work_record("message-1", body, 0)
