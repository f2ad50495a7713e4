"""docs/operations.md has a section for every alarm, and no other; its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from inventory_cli.exits import Exit
from inventory_cli.main import COMMANDS
from synthesised import resources

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
ALARMS = TEXT.partition("\n## Alarms\n")[2]
PLACES = {
    "<function>": "(?:processor|chunk-processor|summary|reconcile)",
    "<table>": "(?:items|ingestions|lanes)",
}


def sections() -> dict[str, str]:
    """Text of every alarm's section by its heading."""
    parts = re.split(r"^### `(.+)`$", ALARMS, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def pattern(heading: str, suffix: str = "dev") -> re.Pattern[str]:
    """Pattern of the names of a section's alarms."""
    heading = heading.replace("<env>", suffix)
    for place, names in PLACES.items():
        heading = heading.replace(place, names)
    return re.compile(heading)


def test_alarms_and_sections_are_the_same(whole_stack) -> None:
    """Every alarm falls under exactly one heading, and every heading has alarms."""
    alarms = resources(whole_stack(), "aws_cloudwatch_metric_alarm")
    names = [each["alarm_name"] for each in alarms]
    headings = {heading: pattern(heading) for heading in sections()}

    assert len(names) > 30
    for name in names:
        assert sum(bool(each.fullmatch(name)) for each in headings.values()) == 1, name
    for heading, each in headings.items():
        assert any(each.fullmatch(name) for name in names), heading


def test_every_alarm_says_the_first_command_and_where_to_read_on(whole_stack) -> None:
    """The command is the first of the section that the link leads to.

    Other addresses work too, and suffixes that are part of an alarm's name.
    """
    url = "https://example.com/runbook"
    for suffix, address in (("dev", "docs/operations.md"), ("behind", url)):
        document = whole_stack(environment_suffix=suffix, runbook_url=address)
        for alarm in resources(document, "aws_cloudwatch_metric_alarm"):
            [heading] = [
                each for each in sections() if pattern(each, suffix).fullmatch(alarm["alarm_name"])
            ]
            command = re.search(r"^    (inventory .*)$", sections()[heading], re.MULTILINE)
            assert command is not None
            anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            assert alarm["alarm_description"].endswith(
                f". First: {command[1]} --env {suffix}. Runbook: {address}#{anchor}"
            )
            assert len(alarm["alarm_description"]) <= 1024


def test_every_section_says_what_to_do() -> None:
    """Meaning, places to look at, things to do, and the command."""
    for heading, text in sections().items():
        for part in ("**Means**", "**Look at**", "**Do**"):
            assert text.count(part) == 1, f"{heading}: {part}"
        assert re.search(r"^    inventory ", text, re.MULTILINE), heading


def test_commands_of_the_page_exist() -> None:
    """The table lists them all, and no example uses another."""
    rows = "".join(re.findall(r"^\| (`inventory [^|]*)", TEXT, re.MULTILINE))
    table = set(re.findall(r"`inventory ([a-z]+)", rows))
    examples = {
        shlex.split(line, comments=True)[1]
        for line in re.findall(r"^    (inventory .*)$", TEXT, re.MULTILINE)
    }

    assert table == set(COMMANDS)
    assert examples <= set(COMMANDS)


def test_exit_codes_of_the_page_are_those_of_the_command() -> None:
    """A script may rest on them."""
    codes = re.findall(r"^\| (\d+) \|", TEXT.partition("### Exit codes")[2], re.MULTILINE)

    assert [int(each) for each in codes] == [each.value for each in Exit]
