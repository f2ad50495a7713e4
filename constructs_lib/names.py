"""Every name of a stack, in one place: operators and other systems rest on them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of one environment, known before anything is deployed.

    Attributes:
        suffix: The environment's suffix.
    """

    suffix: str

    def of(self, what: str) -> str:
        """Give the name of something: the project, what it is, the environment.

        Args:
            what: Such as `work`.
        """
        return f"inventory-{what}-{self.suffix}"

    @property
    def functions(self) -> dict[str, str]:
        """Names of the functions by construct id."""
        return {
            "Processor": self.of("processor"),
            "ChunkProcessor": self.of("chunk-processor"),
            "Summary": self.of("summary"),
            "Reconcile": self.of("reconcile"),
        }

    @property
    def tables(self) -> dict[str, str]:
        """Names of the tables by construct id."""
        return {
            "Items": self.of("items"),
            "Ingestions": self.of("ingestions"),
            "Lanes": self.of("lanes"),
        }

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
        """Name of the rule that watches the uploads bucket."""
        return self.of("upload-rule")

    @property
    def upload_target(self) -> str:
        """Id of that rule's target."""
        return f"inventory-lambda-target-{self.suffix}"

    def bucket(self, what: str, account_id: str) -> str:
        """Give a bucket's name, which carries the account's id to be globally unique.

        Args:
            what: Such as `uploads`.
            account_id: The account.
        """
        return f"{self.of(what)}-{account_id}"
