"""The stack of prod on moto, with real Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_cloud.stack import synthesise
from witnesses.moto_cloud import MotoCloud, apply, destroy, names_on

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_prod_is_applied_from_nothing_and_destroyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With access logs; only its protection is off, which would forbid the end of this test."""
    monkeypatch.setenv("DELETION_PROTECTION", "false")
    folder = synthesise(tmp_path / "cdktf.out", environment="prod")
    with MotoCloud() as moto:
        apply(folder, moto)
        assert len(names_on(moto, "s3")) == 3
        assert len(names_on(moto, "lambda")) == 4
        destroy(folder, moto)
        assert [names_on(moto, kind) for kind in ("dynamodb", "lambda", "s3", "sqs")] == [[]] * 4
