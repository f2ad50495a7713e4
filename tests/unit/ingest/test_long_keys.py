"""Object keys of any length that S3 allows go all the way."""

from __future__ import annotations

import json

import pytest

from fakes import World
from ingest_steps import deliver, drain, looks, put
from inventory.domain.messages import message_bytes
from inventory.domain.work import Kind, WorkMessage


@pytest.mark.parametrize("character", ["k", "\u5546", "\U0001f600", "/", '"', "\uffff", "\x01"])
def test_an_object_key_may_be_as_long_as_s3_allows(character: str) -> None:
    """What is derived from it fits everywhere: keys of S3 and DynamoDB, messages of SQS.

    The tables refuse keys of more than 2,048 and 1,024 bytes, as DynamoDB does.
    """
    world = World()
    key = (character * 1024).encode()[: 1024 - 3].decode(errors="ignore") + "end"
    version = put(world, "A,x,1,,", *["!bad"] * 9, "B,x,1,,", key=key)

    deliver(world, version, time_left=looks(7), batch_rows=2, message_limit=4)
    assert world.work.messages
    drain(world, batch_rows=2, message_limit=4)

    assert world.record(version)["status"] == "COMPLETED"
    (file,) = [name for name in world.reports.files if name.startswith("rejects/")]
    assert all(len(name.encode()) <= 1024 for name in world.reports.files)
    assert file.startswith(f"rejects/{key[:200]}")
    *_, (kind, pointer) = world.rejects.bodies
    assert (kind, pointer["reject_file"], pointer["key"]) == ("file", file, key)
    assert len(world.rejects.bodies) == 5
    assert all(message_bytes(body) < 30_000 for _, body in world.rejects.bodies)
    message = WorkMessage(kind=Kind.REDRIVE, version=version)
    assert WorkMessage.from_body(json.loads(message.to_text())) == message
