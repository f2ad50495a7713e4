"""The cloud that is left running is found again, and the demo does not lie."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from local_cloud import demo, running
from local_cloud.errors import LocalCloudError, NotReadyError
from local_cloud.observe import wait_for
from local_cloud.samples import Sample, next_day, sample_files
from local_cloud.stack import Deployment

if TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.server import LocalCloud


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`up` without Terraform, in a folder of its own; the endpoints it was given."""
    endpoints: list[str] = []

    def deploy(folder: Path, cloud: LocalCloud, *, console: object) -> Deployment:
        assert console
        endpoints.append(cloud.endpoint)
        raw = {"uploads_bucket_name": {"value": "uploads", "type": "string", "sensitive": False}}
        terraform: Any = None
        return Deployment(
            cloud=cloud, terraform=terraform, folder=folder, outputs={}, raw_outputs=raw
        )

    for name, path in (
        ("FOLDER", tmp_path),
        ("RECORD", tmp_path / "cloud.json"),
        ("OUTPUTS", tmp_path / "outputs.json"),
        ("ENV", tmp_path / "env"),
    ):
        monkeypatch.setattr(running, name, path)
    monkeypatch.setattr(running, "deploy", deploy)
    monkeypatch.setattr(running, "synthesise", lambda target: target)
    return endpoints


def test_up_writes_outputs_and_variables_and_down_discards_it(
    quick: list[str], tmp_path: Path
) -> None:
    """A second `up` takes the running cloud; `down` stops it, and a second one finds nothing."""
    console = Console(quiet=True)
    try:
        running.up(console)
        outputs = json.loads((tmp_path / "outputs.json").read_text())
        lines = (tmp_path / "env").read_text().splitlines()
        running.up(console)
    finally:
        stopped = running.down()

    assert stopped
    assert quick[0] == quick[1]
    assert outputs["uploads_bucket_name"]["value"] == "uploads"
    assert f"export AWS_ENDPOINT_URL={quick[0]}" in lines
    assert {line.split("=")[0].removeprefix("export ") for line in lines} == {
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "NO_PROXY",
        "no_proxy",
        "unset AWS_PROFILE",
    }
    assert not running.down()
    assert not tmp_path.exists()


@pytest.mark.usefixtures("quick")
def test_who_reads_the_variables_asks_no_proxy_for_the_local_cloud(tmp_path: Path) -> None:
    """However the machine spells what its proxy is not asked for, and that stays."""
    asked = "from urllib.request import proxy_bypass as p; print(p('127.0.0.1'), p('internal'))"
    try:
        running.up(Console(quiet=True))
        ran = [
            subprocess.run(
                ["sh", "-c", f'. "$0"; exec "$1" -c "{asked}"', tmp_path / "env", sys.executable],
                env={"PATH": os.environ["PATH"], "http_proxy": "http://proxy:1", name: "internal"},
                capture_output=True,
                text=True,
                check=True,
            )
            for name in ("NO_PROXY", "no_proxy")
        ]
    finally:
        running.down()
    for done in ran:
        assert [each in ("1", "True") for each in done.stdout.split()] == [True, True]


def test_down_leaves_a_process_alone_that_only_has_the_same_number(
    quick: list[str], tmp_path: Path
) -> None:
    """A stale record whose process id belongs to something else now stops nothing."""
    record = {"group": 1, "folder": str(tmp_path / "none"), "endpoint": "http://127.0.0.1:1"}
    (tmp_path / "cloud.json").write_text(json.dumps(record))

    assert not running.down()
    assert quick == []


def test_samples_are_the_same_bytes_every_time_and_enough_of_them() -> None:
    """The demo feeds at least ten thousand rows in several formats, always the same."""
    first, second = sample_files(), sample_files()

    assert first == second
    assert sum(sample.rows for sample in first) >= 10_000
    assert len({sample.key for sample in first}) >= 5


def test_next_day_changes_two_rows_in_a_hundred() -> None:
    """The second delivery differs in about two rows of a hundred."""
    before = sample_files()[0]
    after = next_day(before)

    pairs = zip(before.content.splitlines(), after.content.splitlines(), strict=True)
    changed = sum(old != new for old, new in pairs)
    assert 0.01 < changed / before.rows < 0.03


def outcome(**counts: int) -> demo.Outcome:
    """A completed record with these counts, of a file with ten rows."""
    sample = Sample(key="k.csv", content=b"", rows=10, note="")
    record: dict[str, Any] = {"status": "COMPLETED"}
    record |= {name: Decimal(count) for name, count in counts.items()}
    return demo.Outcome(sample=sample, record=record)


@pytest.mark.parametrize(
    ("counts", "items", "said"),
    [
        ({"rows_read": 10, "loaded": 9}, 9, "do not add up"),
        ({"rows_read": 9, "loaded": 9}, 9, "not every row was read"),
        ({"rows_read": 10, "loaded": 10}, 9, "the table holds 9 items"),
    ],
)
def test_fails_when_the_figures_of_the_demo_do_not_add_up(
    counts: dict[str, int], items: int, said: str
) -> None:
    """The demo ends with an error rather than with a table that is wrong."""
    good = outcome(rows_read=10, unchanged=10)

    with pytest.raises(LocalCloudError, match=said):
        demo.check([outcome(**counts), good], items)


def test_demo_whose_figures_add_up_passes() -> None:
    """The same check lets a right demo through."""
    demo.check(
        [outcome(rows_read=10, loaded=9, rejected=1), outcome(rows_read=10, unchanged=10)], 9
    )


def test_fails_when_a_limit_of_time_passes() -> None:
    """Waiting ends at the stated limit and says what was waited for."""
    with pytest.raises(NotReadyError, match="the end of the world did not happen within 0 s"):
        wait_for(lambda: None, "the end of the world", seconds=0)
