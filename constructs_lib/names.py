"""Every name of a stack, in one place: operators and other systems rest on them."""

from __future__ import annotations

#: Service names of the functions in logs and metrics by construct id, with `_` for `-` the modules
#: of their handlers.
SERVICES = {
    "Processor": "processor",
    "ChunkProcessor": "chunk-processor",
    "Summary": "summary",
    "Reconcile": "reconcile",
}
TABLES = ("Items", "Ingestions", "Lanes")


class Names:
    """Names of one environment, known before anything is deployed.

    Attributes:
        suffix: The environment's suffix.
        functions: Names of the functions by construct id.
        tables: Names of the tables by construct id.
        dead_letter_queue: Name of the dead-letter queue.
        work_queue: Name of the work queue.
        event_bus: Name of the bus on which others are told of files.
        upload_rule: Name of the rule on the uploads bucket.
        upload_target: Id of that rule's target.
    """

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.functions = {id_: self.of(service) for id_, service in SERVICES.items()}
        self.tables = {id_: self.of(id_.lower()) for id_ in TABLES}
        self.dead_letter_queue = self.of("dlq")
        self.work_queue = self.of("work")
        self.event_bus = self.of("events")
        self.upload_rule = self.of("upload-rule")
        self.upload_target = self.of("lambda-target")

    def of(self, part: str) -> str:
        """Return a name of a part, such as `work`: project, part, environment."""
        return f"inventory-{part}-{self.suffix}"

    def bucket(self, part: str, account_id: str) -> str:
        """Return a bucket's name, which carries the account's id to be globally unique."""
        return f"{self.of(part)}-{account_id}"
