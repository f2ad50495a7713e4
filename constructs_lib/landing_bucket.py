"""The bucket stock files are dropped into."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from constructs_lib.private_bucket import PrivateBucket, PrivateBucketProps

if TYPE_CHECKING:
    from constructs import Construct


class LandingBucket(PrivateBucket):
    """A private bucket that tells EventBridge about every object, whatever its props say."""

    def __init__(self, scope: Construct, id_: str, props: PrivateBucketProps) -> None:
        super().__init__(scope, id_, replace(props, sends_events=True))
