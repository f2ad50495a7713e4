"""Figures of the code by room, for `make stats`; with `--write` CONTRIBUTING.md gets them.

With `--trace`, the functions that one row goes through, by module. A test fails when there are more
of them, or more exceptions to the rules, than the page says, and when the number of lines is
another one by far.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from row_trace import functions_by_module

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
RUFF = Path(sys.executable).with_name("ruff")

ROOMS = ("functions", "constructs_lib", "fastsynth", "main.py", "cli", "dev", "tests")
TOTAL = "without tests"
COMPLEX = 10
"""Functions with a higher cyclomatic complexity are counted."""

BEGIN, END = "<!-- make stats -->\n", "<!-- end of make stats -->\n"
HEADINGS = ("room", "lines", "`noqa`", "`type: ignore`", "`Any`", f"complexity > {COMPLEX}", "most")


TRACE = "A file of one row goes through {functions} functions in {modules} modules (`make trace`)."


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Figures of one room.

    Attributes:
        lines: Lines of Python.
        noqa: Exceptions to ruff's rules.
        ignores: Exceptions to mypy's.
        any: Uses of `Any`, imports left out.
        complex: Functions of a complexity above `COMPLEX`.
        most: The highest complexity of a function.
    """

    lines: int
    noqa: int
    ignores: int
    any: int
    complex: int
    most: int


def measure() -> dict[str, Figures]:
    """Measure every room, and all but the tests together."""
    complexity = _complexity()
    rooms = {}
    for room in ROOMS:
        texts = [path.read_text(encoding="utf-8") for path in _files(room)]
        values = [value for path, value in complexity if path.relative_to(ROOT).parts[0] == room]
        rooms[room] = Figures(
            lines=sum(text.count("\n") for text in texts),
            noqa=_count(r"#\s*noqa", texts),
            ignores=_count(r"#\s*type:\s*ignore", texts),
            any=_count(r"^(?!from|import).*?\bAny\b", texts),
            complex=sum(value > COMPLEX for value in values),
            most=max(values, default=0),
        )
    shipped = [rooms[room] for room in ROOMS if room != "tests"]
    rooms[TOTAL] = Figures(
        lines=sum(each.lines for each in shipped),
        noqa=sum(each.noqa for each in shipped),
        ignores=sum(each.ignores for each in shipped),
        any=sum(each.any for each in shipped),
        complex=sum(each.complex for each in shipped),
        most=max(each.most for each in shipped),
    )
    return rooms


def table(rooms: dict[str, Figures]) -> str:
    """Give the figures as a Markdown table."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
    for room, each in rooms.items():
        figures = (each.lines, each.noqa, each.ignores, each.any, each.complex, each.most)
        lines.append(f"| {room} | {' | '.join(f'{figure:,}' for figure in figures)} |")
    return "\n".join(lines) + "\n"


def read(page: str) -> dict[str, Figures]:
    """Give the figures that a page has."""
    rows = re.findall(r"^\| ([\w. ]+) \| ([\d,| ]+) \|$", _table_of(page), re.MULTILINE)
    numbers = {room: [int(n.replace(",", "")) for n in row.split(" | ")] for room, row in rows}
    return {
        room: Figures(
            lines=lines, noqa=noqa, ignores=ignores, any=any_, complex=complex_, most=most
        )
        for room, (lines, noqa, ignores, any_, complex_, most) in numbers.items()
    }


def trace_sentence() -> str:
    """Count the functions and modules that one row goes through; needs a process of its own."""
    traced = functions_by_module()
    return TRACE.format(functions=sum(map(len, traced.values())), modules=len(traced)) + "\n"


def _table_of(page: str) -> str:
    return page.partition(BEGIN)[2].partition(END)[0]


def _files(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _count(pattern: str, texts: list[str]) -> int:
    return sum(len(re.findall(pattern, text, re.MULTILINE)) for text in texts)


def _complexity() -> list[tuple[Path, int]]:
    """Cyclomatic complexity of every function, as ruff's C901 counts it."""
    done = subprocess.run(
        [
            *(str(RUFF), "check", "--isolated", "--no-cache", "--exit-zero", "--ignore-noqa"),
            *("--select", "C901", "--config", "lint.mccabe.max-complexity=0"),
            *("--output-format", "json", *(str(ROOT / room) for room in ROOMS)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        (Path(found["filename"]), int(re.findall(r"\((\d+) >", found["message"])[0]))
        for found in json.loads(done.stdout)
    ]


def main() -> None:
    """Print the figures, and write them into the page where that is asked for."""
    if "--trace" in sys.argv[1:]:
        for module, names in functions_by_module().items():
            print(f"{len(names):3} {module}: {', '.join(names)}")
        return
    made = table(measure()) + "\n" + trace_sentence()
    print(made, end="")
    if "--write" in sys.argv[1:]:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(before + BEGIN + made + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
