"""Synthesis: CPU, wall time and memory of ``python main.py``, with and without the patches.

The project's own stack is measured against itself without :mod:`fastsynth`; a fixed application
of 14 resources (``synth_apps``) against CDK Terrain and the AWS CDK, each in an environment of
its own below ``build/bench``. All caches are warm, jsii's type index included, for everybody.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import ROOT, Cost, measure, median
from bench.synth_without import PATCHES, SLOW_WITHOUT

WORK = ROOT / "build" / "bench"
APPS = Path(__file__).parent / "synth_apps"
PROJECT = str(ROOT / "main.py")
UNINDEXED = "jsii's type index"
WITHOUT = str(Path(__file__).with_name("synth_without.py"))
TERRAFORM_APP = str(APPS / "terraform_app.py")
AWS_CDK_APP = str(APPS / "aws_cdk_app.py")

PEER_REQUIREMENTS = {
    "cdktn": ("cdktn==0.24.0", "cdktn-provider-aws==25.8.1"),
    "aws_cdk": ("aws-cdk-lib==2.275.0",),
}
INSTALL_SECONDS = 300
PREPARE_SECONDS = 300


@dataclass(frozen=True)
class Variant:
    """One way of synthesising something.

    Attributes:
        name: Row in the table.
        python: Interpreter to run it with.
        app: Path of the program.
        runs: How often it is measured.
        environment: Variables on top of the scrubbed environment.
        same_as: Row of the variant that must write the same bytes, if there is one.
        without: The patch that is left out, if one is.
    """

    name: str
    python: str
    app: str
    runs: int
    environment: dict[str, str] = field(default_factory=dict)
    same_as: str | None = None
    without: str | None = None

    @property
    def outdir(self) -> Path:
        """Folder for what is synthesised."""
        return WORK / "out" / self.name

    def command(self) -> list[str]:
        """Give the command line; the project's own program takes its folder from a variable."""
        if self.without:
            return [self.python, WITHOUT, self.without, PROJECT]
        return [self.python, self.app, *([] if self.app == PROJECT else [str(self.outdir)])]

    def variables(self) -> dict[str, str]:
        """Give the whole environment of a run."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        silent = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
        paths = {"CDKTF_OUTDIR": str(self.outdir), "PYTHONPATH": str(ROOT)}
        return {**kept, **silent, **paths, **self.environment}


def run(*, quick: bool) -> dict[str, object]:
    """Measure and give the figures.

    Args:
        quick: Fewer runs, and only those peers that an earlier full run has installed.

    Raises:
        RuntimeError: A program fails, or its output differs with and without the patches.
    """
    most, fast, plain, slow = (3, 3, 1, 1) if quick else (12, 7, 5, 3)
    patches = {"BENCH_FASTSYNTH": "1"}
    own, figures = sys.executable, {}
    variants = [
        Variant("project, fastsynth", own, PROJECT, most, same_as="project, as installed"),
        Variant("project, as installed", own, PROJECT, plain, {"FASTSYNTH": "0"}),
        Variant("14 resources: cdktf, fastsynth", own, TERRAFORM_APP, fast, patches),
    ]
    if not quick:
        variants.append(Variant("14 resources: cdktf, as installed", own, TERRAFORM_APP, slow))
        variants += without_a_patch(own, most, slow)
    for peer in PEER_REQUIREMENTS:
        python = install_peer(peer, quick=quick)
        if isinstance(python, Skipped):
            figures[f"synth_{peer}_skipped"] = python.reason
        elif peer == "aws_cdk":
            variants.append(Variant("14 resources: AWS CDK", python, AWS_CDK_APP, slow))
        else:
            terrain = {"BENCH_FRAMEWORK": "cdktn"}
            variants += [
                Variant("14 resources: cdktn", python, TERRAFORM_APP, slow, terrain),
                Variant(
                    "14 resources: cdktn, fastsynth", python, TERRAFORM_APP, fast, terrain | patches
                ),
            ]
    measured = measure_all(variants)
    check_same_output(variants)
    costs = {name: median(runs) for name, runs in measured.items()}
    ours = costs["project, fastsynth"]
    # Within a turn, because a machine is faster at one time than at another.
    turns = zip(measured["project, fastsynth"], measured["project, as installed"], strict=False)
    return {
        "synth_cpu_ratio_to_plain_cdktf": round(
            statistics.median(without.cpu_seconds / own.cpu_seconds for own, without in turns), 2
        ),
        "synth_cpu_seconds": round(ours.cpu_seconds, 3),
        "synth_wall_seconds": round(ours.wall_seconds, 3),
        "synth_peak_mb": round(ours.peak_mb, 1),
        "synth_costs": {name: cost.columns() for name, cost in costs.items()},
        **figures,
    }


def without_a_patch(python: str, fast: int, slow: int) -> list[Variant]:
    """Give the project's synthesis without each of the patches.

    Args:
        python: Interpreter to run it with.
        fast: How often those are measured that take little longer without it.
        slow: How often the others are.
    """
    unindexed = {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(WORK / "cache-without-index")}
    return [
        Variant(
            f"project, without {patch}",
            python,
            PROJECT,
            slow if patch in SLOW_WITHOUT else fast,
            unindexed if patch == UNINDEXED else {},
            same_as="project, as installed",
            without=patch,
        )
        for patch in PATCHES
    ]


def measure_all(variants: list[Variant]) -> dict[str, list[Cost]]:
    """Warm every variant up, then measure them in turns, so that drift meets all alike."""
    for python in {variant.python for variant in variants}:
        prepare(python)
    for variant in variants:
        if variant.environment.get("FASTSYNTH") != "0":
            measure(variant.command(), cwd=ROOT, environment=variant.variables())
    runs: dict[str, list[Cost]] = {variant.name: [] for variant in variants}
    for turn in range(max(variant.runs for variant in variants)):
        for variant in variants:
            if turn < variant.runs:
                cost = measure(variant.command(), cwd=ROOT, environment=variant.variables())
                runs[variant.name].append(cost)
    return runs


def prepare(python: str) -> None:
    """Compile an environment's bindings and have jsii index their types."""
    for command in ("compile", "prime"):
        subprocess.run(
            [python, "-m", "fastsynth", command],
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=PREPARE_SECONDS,
        )


def check_same_output(variants: list[Variant]) -> None:
    """Compare what the variants of one application wrote.

    Raises:
        RuntimeError: The patches changed a byte.
    """
    by_name = {variant.name: variant for variant in variants}
    for variant in variants:
        if variant.same_as is None:
            continue
        pair = (variant, by_name[variant.same_as])
        if not same_output(*pair):
            # Somebody may have edited a source between the two: once more, one after the other.
            for again in pair:
                measure(again.command(), cwd=ROOT, environment=again.variables())
            if not same_output(*pair):
                raise RuntimeError(f"'{variant.name}' and '{variant.same_as}' differ in a byte")


def same_output(one: Variant, other: Variant) -> bool:
    """Tell whether two variants wrote the same files with the same bytes, and any at all."""
    written = contents(one.outdir)
    return bool(written) and written == contents(other.outdir)


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@dataclass(frozen=True)
class Skipped:
    """A peer that is not measured.

    Attributes:
        reason: One line for people.
    """

    reason: str


def install_peer(peer: str, *, quick: bool) -> str | Skipped:
    """Give the interpreter of a peer's environment, which is created when it is missing.

    Args:
        peer: Key of ``PEER_REQUIREMENTS``.
        quick: True to do without what is not installed yet.
    """
    requirements = PEER_REQUIREMENTS[peer]
    folder = WORK / "peers" / "-".join(requirements)
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if complete.is_file():
        return str(python)
    if quick:
        return Skipped(f"{peer} is not installed yet; a run without QUICK=1 does so")
    venv.create(folder, clear=True, with_pip=True)
    try:
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *requirements],
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        return Skipped(f"{peer} cannot be installed: {error.stderr.strip().splitlines()[-1]}")
    except subprocess.TimeoutExpired:
        return Skipped(f"{peer} cannot be installed within {INSTALL_SECONDS} s")
    complete.touch()
    return str(python)
