"""The items table as it must be, by the order of rows alone; shares no code with the writer."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """One row of one delivered object version."""

    object_id: str
    object_time: str
    sequencer: str
    line: int
    sku: str
    location: str
    quantity: str
    name: str
    updated_at: str


def rank(fact: Fact) -> tuple[str, str, int, str]:
    """The row's place in the total order: time, sequencer, line, object."""
    sequencer = fact.sequencer.upper()
    if len(sequencer) > 32 or sequencer.strip("0123456789ABCDEF"):  # noqa: PLR2004  digits of a sequencer
        sequencer = ""
    tie = hashlib.blake2s(fact.object_id.encode(), digest_size=4).hexdigest()
    return fact.updated_at or fact.object_time, sequencer.ljust(32, "0"), fact.line, tie


def implied(own: list[Fact], versions: list[list[Fact]]) -> list[Fact]:
    """What a complete file implies: zero of each key that an older version names and it does not.

    Args:
        own: Its rows.
        versions: Rows of all versions of its feed.
    """
    base = rank(own[0])[:2]
    named = {(fact.sku, fact.location) for fact in own}
    older = {
        (fact.sku, fact.location)
        for version in versions
        for fact in version
        if rank(version[0])[:2] < base
    }
    return [
        own[0]._replace(line=0, sku=sku, location=location, quantity="0", name="")
        for sku, location in sorted(older - named)
    ]


def content(fact: Fact) -> dict[str, str]:
    """Content of the row; an attribute without a value is not there."""
    return {"quantity": fact.quantity} | ({"name": fact.name} if fact.name else {})


def differences(
    facts: list[Fact], items: dict[tuple[str, str], Any], *, doubtful: list[Fact]
) -> dict[str, list[str]]:
    """Keys lost, rows invented, and keys with the wrong row.

    Token, time and source are not compared: an equal older row keeps its own, by design. They
    must name a real row of that key and content which does not come after the winner.

    Args:
        facts: Rows that must have been decided.
        items: The items table.
        doubtful: Rows that may have loaded, or not: one that comes after the winner may have won.
    """
    found: dict[str, list[str]] = {"lost": [], "invented": [], "wrong": []}
    winners = {(fact.sku, fact.location): fact for fact in sorted(facts, key=rank)}
    rows = {(f.object_id, str(f.line), f.sku, f.location): f for f in (*facts, *doubtful)}
    found["lost"] = [str(key) for key in winners.keys() - items.keys()]
    for key, item in items.items():
        stored = {n: next(iter(item[n].values())) for n in ("quantity", "name") if n in item}
        source = {name: next(iter(value.values())) for name, value in item["source"]["M"].items()}
        object_id = f"{source['bucket']}/{source['key']}#{source['version_id']}"
        row = rows.get((object_id, source["line"], *key))
        winner = winners.get(key)
        if row is None or stored != content(row) or item["as_of"]["S"] != rank(row)[0]:
            found["invented"].append(f"{key} holds {item}")
            continue
        later = winner is None or rank(row) > rank(winner)
        if later and row in doubtful:
            continue
        if winner is None or stored != content(winner) or later:
            found["wrong"].append(f"{key} holds {row} instead of {winner}")
    return found
