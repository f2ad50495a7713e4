"""moto's server, until standard input closes; its port is the first line that it writes."""

import sys

from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue

set_attributes = Queue._set_attributes


def set_some(queue: Queue, attributes: dict[str, object], now: float | None = None) -> None:
    """Leave the policy alone where none is given: a redrive policy would take it away."""
    policy = getattr(queue, "policy", None)
    set_attributes(queue, attributes, now)
    if "Policy" not in attributes:
        queue.policy = policy


Queue._set_attributes = set_some
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
sys.stdout.flush()
sys.stdin.read()
