"""Two runs of the measurements agree, or the comparison says where they do not."""

from __future__ import annotations

import json
import sys

import pytest

from bench import agreement

RUN = {"synth_cpu_ratio_to_plain_cdktf": 10.0, "rows_vs_peer": 8.0, "synth_peak_mb": 300.0}


@pytest.fixture
def compare(tmp_path, monkeypatch, capsys):
    """Compare a run with `RUN` and give the exit code and what was said."""

    def run(second: dict[str, float]) -> tuple[int, str]:
        output, first = tmp_path / "bench.json", tmp_path / "first.json"
        first.write_text(json.dumps(RUN))
        output.write_text(json.dumps(second))
        monkeypatch.setattr(agreement, "OUTPUT", output)
        monkeypatch.setattr(sys, "argv", ["agreement", str(first)])
        code = agreement.main()
        kept = json.loads(output.read_text())
        assert set(kept.pop("agreement")) <= set(agreement.ratios(RUN))
        assert kept == second
        return code, capsys.readouterr().out

    return run


def test_runs_agree_whose_ratios_are_close(compare) -> None:
    """What is no ratio may differ by any amount: it is the machine's speed or memory."""
    code, _ = compare({**RUN, "rows_vs_peer": 9.2, "synth_peak_mb": 900.0})
    assert code == 0


@pytest.mark.parametrize("value", [6.9, 9.3])
def test_fails_if_a_ratio_differs_by_more(compare, value) -> None:
    """A ratio may be higher or lower by 15%, not more."""
    code, said = compare({**RUN, "rows_vs_peer": value})
    assert code == 1
    assert "rows_vs_peer differs by more than 15%" in said


def test_fails_if_a_ratio_was_measured_once(compare) -> None:
    """A group that one of the runs left out is not passed over."""
    code, said = compare({name: RUN[name] for name in RUN if name != "rows_vs_peer"})
    assert code == 1
    assert "only one of the runs has rows_vs_peer" in said
