"""Checkov over a synthesised stack, from an environment of its own."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terraform_runner.paths import TOOLS

if TYPE_CHECKING:
    from pathlib import Path

BINARY = TOOLS / "checkov" / "bin" / "checkov"
STACK_FILE = "cdk.tf.json"
LIMIT_SECONDS = 300
_HASH = re.compile(r"_[0-9A-F]{8}$")


class PolicyCheckError(Exception):
    """The checks could not be run, or checked nothing."""


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """A check that a resource fails.

    Attributes:
        check: The check's id, such as `CKV_AWS_18`.
        resource: Path of the construct, such as `Uploads` or `Key_Policy`.
        name: What the check wants.
    """

    check: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        """Give the finding as a line."""
        return f"{self.check} {self.resource}: {self.name}"


@dataclass(frozen=True, kw_only=True)
class Result:
    """Checkov's findings.

    Attributes:
        passed: Checks that passed.
        findings: Checks that failed.
    """

    passed: int
    findings: tuple[Finding, ...]


def is_installed(binary: Path = BINARY) -> bool:
    """Tell whether Checkov is there.

    Args:
        binary: Where it would be.
    """
    return binary.exists()


def scan(stack_folder: Path, binary: Path = BINARY) -> Result:
    """Check a stack, offline.

    Args:
        stack_folder: Folder with `cdk.tf.json`.
        binary: Checkov.

    Raises:
        PolicyCheckError: Checkov failed, did not understand the stack, or checked nothing: it ends
            well when it finds no resources.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                str(binary),
                "--file",
                str(stack_folder / STACK_FILE),
                "--framework",
                "terraform_json",
                "--output",
                "json",
                "--compact",
                "--quiet",
                "--skip-download",
                "--soft-fail",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
            env={"PATH": "/usr/bin:/bin", "HOME": folder, "LOG_LEVEL": "ERROR"},
        )
    if done.returncode:
        raise PolicyCheckError(f"Checkov failed: {done.stderr.strip()[-500:]}")
    return read_report(json.loads(done.stdout))


def read_report(report: dict[str, Any]) -> Result:
    """Read Checkov's JSON.

    Args:
        report: The parsed report.

    Raises:
        PolicyCheckError: It checked nothing, or did not understand the stack.
    """
    summary = report.get("summary", report)
    if summary.get("parsing_errors") or not summary.get("passed"):
        raise PolicyCheckError(
            f"Checkov checked nothing: {summary.get('passed')} passed, "
            f"{summary.get('parsing_errors')} parsing errors"
        )
    return Result(
        passed=summary["passed"],
        findings=tuple(
            sorted(
                Finding(
                    check=each["check_id"],
                    resource=_HASH.sub("", each["resource"].rpartition(".")[2]),
                    name=each["check_name"],
                )
                for each in report["results"]["failed_checks"]
            )
        ),
    )
