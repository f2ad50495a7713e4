"""Every name of a stack, in one place: operators and other systems rest on them."""

from __future__ import annotations

from dataclasses import dataclass

#: Service names of the functions in logs and metrics, by construct id; the handler's module has `_`
#: for `-`.
SERVICES = {
    "Processor": "processor",
    "ChunkProcessor": "chunk-processor",
    "Summary": "summary",
    "Reconcile": "reconcile",
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of one environment, known before anything is deployed.

    Attributes:
        suffix: The environment's suffix.
    """

    suffix: str

    def of(self, part: str) -> str:
        """Return a name: the project, a part of its own, the environment.

        Args:
            part: Such as `work`.
        """
        return f"inventory-{part}-{self.suffix}"

    @property
    def functions(self) -> dict[str, str]:
        """Names of the functions by construct id."""
        return {id_: self.of(service) for id_, service in SERVICES.items()}

    @property
    def tables(self) -> dict[str, str]:
        """Names of the tables by construct id."""
        return {id_: self.of(id_.lower()) for id_ in ("Items", "Ingestions", "Lanes")}

    @property
    def dead_letter_queue(self) -> str:
        """Name of the dead-letter queue."""
        return self.of("dlq")

    @property
    def work_queue(self) -> str:
        """Name of the work queue."""
        return self.of("work")

    @property
    def upload_rule(self) -> str:
        """Name of the rule on the uploads bucket."""
        return self.of("upload-rule")

    @property
    def upload_target(self) -> str:
        """Id of that rule's target."""
        return self.of("lambda-target")

    def bucket(self, part: str, account_id: str) -> str:
        """Return a bucket's name, which carries the account's id to be globally unique.

        Args:
            part: Such as `uploads`.
            account_id: The account.
        """
        return f"{self.of(part)}-{account_id}"
