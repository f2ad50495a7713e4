"""moto's server, until standard input closes; its port is the first line that it writes.

Three of its faults are mended; tests/witnesses/moto_cloud.py says what else it does not know.
"""

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue

set_attributes = Queue._set_attributes
get_permission = FakeBucket.get_permission
may_deliver_logs = FakeBucket._log_permissions_enabled_policy


def set_some_attributes(
    queue: Queue, attributes: dict[str, object], now: float | None = None
) -> None:
    """Leave the policy alone where none is given: a redrive policy would take it away."""
    policy = getattr(queue, "policy", None)
    set_attributes(queue, attributes, now)
    if "Policy" not in attributes:
        queue.policy = policy


def get_permission_without_conditions(bucket: FakeBucket, action: str, resource: str) -> object:
    """Leave out statements with conditions: one that denies plain HTTP would deny everything."""
    return get_permission(seen(bucket, lambda each: "Condition" not in each), action, resource)


def may_deliver_logs_by_policy(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Leave out statements about everybody, which would be an error of moto's own."""
    return may_deliver_logs(
        seen(target_bucket, lambda each: each["Principal"] != "*"), target_prefix
    )


def seen(bucket: FakeBucket, keep: Callable[[dict[str, Any]], bool]) -> SimpleNamespace:
    """A bucket with some of the statements of its policy."""
    policy = json.loads(bucket.policy or '{"Statement": []}')
    policy["Statement"] = list(filter(keep, policy["Statement"]))
    text = json.dumps(policy).encode() if policy["Statement"] else None
    return SimpleNamespace(name=bucket.name, partition=bucket.partition, policy=text)


FakeBucket.get_permission = get_permission_without_conditions
Queue._set_attributes = set_some_attributes
FakeBucket._log_permissions_enabled_policy = staticmethod(may_deliver_logs_by_policy)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
sys.stdout.flush()
sys.stdin.read()
