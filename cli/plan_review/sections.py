"""A review in sections of lines, the same for a terminal and for Markdown; the gravest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plan_review.attributes import differences
from plan_review.masking import UNKNOWN
from plan_review.permissions import document_attributes
from plan_review.plan import Kind
from plan_review.policies import is_wild
from plan_review.review import is_uncovered, what_is_lost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plan_review.attributes import Difference
    from plan_review.permissions import PermissionChange
    from plan_review.plan import Change
    from plan_review.policies import Pair
    from plan_review.review import Review

SIGNS = {
    Kind.CREATE: "+",
    Kind.UPDATE: "~",
    Kind.REPLACE: "-/+",
    Kind.DESTROY: "-",
    Kind.FORGET: ".",
    Kind.IMPORT: "<-",
    Kind.MOVE: "->",
}
WORDS = {
    Kind.CREATE: "created",
    Kind.UPDATE: "changed in place",
    Kind.REPLACE: "REPLACED",
    Kind.DESTROY: "DESTROYED",
    Kind.FORGET: "forgotten, not destroyed",
    Kind.IMPORT: "imported",
    Kind.MOVE: "moved",
}

LONGEST_VALUE = 160


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line.

    Attributes:
        sign: `+`, `-`, `~`, `-/+`, `!` or nothing.
        subject: What it is about, to be shown as it is.
        note: What is said about it, in words of this package.
        quoted: Text of the plan that the note ends with, to be shown as it is.
        depth: 0 for what stands alone, 1 for what belongs to the line above.
    """

    sign: str = ""
    subject: str = ""
    note: str = ""
    quoted: str = ""
    depth: int = 0


@dataclass(frozen=True, kw_only=True)
class Section:
    """Lines under a title.

    Attributes:
        title: The title.
        lines: The lines.
        loud: True if nobody may overlook it.
        folded: True if it may be folded away where there is little room.
    """

    title: str
    lines: tuple[Line, ...]
    loud: bool = False
    folded: bool = False


def headline(review: Review) -> str:
    """Give the review in a sentence.

    Args:
        review: The review.
    """
    if review.empty and (review.partial or review.drift):
        return "Nothing to apply, but what is deployed may not be what the configuration says."
    if review.empty:
        return "No changes: what is deployed is what the configuration says."
    counts = Counter(each.kind for each in review.plan.changes)
    parts = [f"{counts[kind]} {WORDS[kind]}" for kind in _GRAVEST_FIRST if counts[kind]]
    outputs = len(review.output_changes)
    if outputs:
        parts.append(f"{outputs} output{'s' if outputs > 1 else ''} changed")
    return ", ".join(parts) + "."


_GRAVEST_FIRST = (
    Kind.DESTROY,
    Kind.REPLACE,
    Kind.UPDATE,
    Kind.CREATE,
    Kind.MOVE,
    Kind.IMPORT,
    Kind.FORGET,
)


def sections(review: Review) -> tuple[Section, ...]:
    """Give the sections that have anything to say.

    Args:
        review: The review.
    """
    drafts = (
        Section(title="Refused: data would be lost", lines=tuple(_refused(review)), loud=True),
        Section(
            title="Not all there is to do",
            lines=tuple(Line(sign="!", subject=each) for each in review.partial),
            loud=True,
        ),
        Section(
            title="Destroyed, replaced or forgotten", lines=tuple(_destructive(review)), loud=True
        ),
        Section(title="Guards and lifetimes", lines=tuple(_guards(review)), loud=True),
        Section(title="Permissions", lines=tuple(_permissions(review))),
        Section(title="Policy findings", lines=tuple(_findings(review)), loud=True),
        Section(title="Changed outside of Terraform", lines=tuple(_drift(review))),
        Section(title="Code of functions", lines=tuple(_code(review))),
        Section(title="Changed in place", lines=tuple(_updated(review))),
        Section(title="Cost a month", lines=tuple(_costs(review))),
        Section(title="Outputs", lines=tuple(_outputs(review)), folded=True),
        Section(title="Created, moved, imported", lines=tuple(_created(review)), folded=True),
    )
    return tuple(each for each in drafts if each.lines)


def _refused(review: Review) -> Iterator[Line]:
    held = {each.address: what_is_lost(each) for each in review.destructive}
    shortened = {each.address: each.says for each in review.guards if each.refused}
    for address in review.refused:
        lost = held.get(address)
        why = f"holds {lost}" if lost else shortened[address]
        yield Line(
            sign="!",
            subject=address,
            note=f"{why}; if that may be lost, say",
            quoted=f"--allow {address}",
        )


def _destructive(review: Review) -> Iterator[Line]:
    for change in review.destructive:
        note = WORDS[change.kind]
        lost = what_is_lost(change)
        if lost:
            note += f", HOLDS {lost.upper()}"
        if change.address in review.allowed:
            note += ", allowed"
        if change.replaced_by:
            note += ", because of"
        yield Line(
            sign=SIGNS[change.kind],
            subject=_titled(change),
            note=note,
            quoted=", ".join(change.replaced_by),
        )
        yield from _circumstances(change)
        if change.kind is Kind.REPLACE:
            for each in differences(change):
                if each.path.startswith(change.replaced_by):
                    yield _difference(each)


def _circumstances(change: Change) -> Iterator[Line]:
    for words, quoted in change.circumstances:
        yield Line(note=words, quoted=quoted, depth=1)


def _guards(review: Review) -> Iterator[Line]:
    for each in review.guards:
        change = f"{each.path}: {_brief(each.before)} -> {_brief(each.after)}"
        note = f"{each.says}, allowed" if each.address in review.allowed else each.says
        yield Line(sign="!", subject=f"{each.address} {change}", note=note)


def _permissions(review: Review) -> Iterator[Line]:
    for change in review.permissions:
        verdict = review.verdicts.get(change.address)
        yield Line(
            sign="!" if review.widens(change) else "~",
            subject=f"{change.address} ({change.name})",
            note=f"{_judgement(change)}; AWS: {verdict.words}" if verdict else _judgement(change),
        )
        for sign, pairs in (("+", change.added), ("-", change.removed)):
            for pair in pairs:
                yield Line(
                    sign=sign,
                    subject=str(pair),
                    note=_width(pair, change),
                    depth=1,
                )


def _judgement(change: PermissionChange) -> str:
    if change.unknown:
        return "cannot be judged: known only after apply, sensitive, or of a kind not read here"
    if change.new:
        wild = any(is_wild(each) for each in change.widening)
        others = not all(is_wild(each) for each in change.widening)
        return f"new{', with WILDCARDS' if wild else ''}{', LETS OTHERS IN' if others else ''}"
    if change.widening:
        return "WIDENED"
    return "narrowed" if change.removed and not change.added else "not widened"


def _width(pair: Pair, change: PermissionChange) -> str:
    if pair not in change.widening:
        return ""
    if change.new:
        return "WILD" if is_wild(pair) else "LETS IN"
    return "WIDER, unless it is the same once it is known" if UNKNOWN in str(pair) else "WIDER"


def _findings(review: Review) -> Iterator[Line]:
    for finding in review.findings or ():
        yield Line(sign="!", subject=finding)


def _drift(review: Review) -> Iterator[Line]:
    for drift in review.drift:
        yield Line(
            sign="!", subject=drift.address, note="is gone" if drift.gone else "is not as it was"
        )
        for each in drift.differences:
            yield _difference(each)


def _code(review: Review) -> Iterator[Line]:
    for change in review.code:
        if not change.known:
            note = (
                "code from ELSEWHERE than the stack's folder, which nobody reviews"
                if change.elsewhere
                else "new code; its files are not known"
            )
            yield Line(sign="!" if change.elsewhere else "~", subject=change.function, note=note)
            continue
        count = len(change.added) + len(change.changed) + len(change.removed)
        note = f"{count} file{'' if count == 1 else 's'}"
        yield Line(sign="~", subject=change.function, note=note)
        for sign, files in (("+", change.added), ("~", change.changed), ("-", change.removed)):
            for file in files:
                yield Line(sign=sign, subject=file, depth=1)


def _updated(review: Review) -> Iterator[Line]:
    told = {each.address for each in review.permissions}
    for change in review.others:
        if change.kind is not Kind.UPDATE:
            continue
        yield Line(sign="~", subject=_titled(change))
        yield from _circumstances(change)
        documents = tuple(document_attributes(change, review.plan))
        changed = set()
        for each in differences(change):
            # A policy is told pair by pair; its text tells nothing that the pairs do not.
            if each.path.partition(".")[0] in documents:
                changed.add(each.path.partition(".")[0])
            else:
                yield _difference(each)
        for name in sorted(changed):
            says = "see Permissions" if change.address in told else "says what it said before"
            yield Line(subject=name, note=says, depth=1)


def _difference(each: Difference) -> Line:
    return Line(subject=f"{each.path}: {_brief(each.before)} -> {_brief(each.after)}", depth=1)


def _brief(text: str) -> str:
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:LONGEST_VALUE]}... ({len(text):,} characters)"


def _costs(review: Review) -> Iterator[Line]:
    costs = review.costs
    if not costs.changes and not costs.unpriced:
        return
    yield Line(
        sign="+" if costs.difference > 0 else "-" if costs.difference < 0 else "",
        subject=f"${abs(costs.difference):,.2f}",
        note=f"at {costs.load}",
    )
    for each in costs.changes:
        yield Line(
            subject=f"{each.address}: ${each.before:,.2f} -> ${each.after:,.2f}",
            depth=1,
        )
    for type_ in costs.unpriced:
        yield Line(subject=type_, note="has no known price", depth=1)


def _outputs(review: Review) -> Iterator[Line]:
    for change in review.output_changes:
        if is_uncovered(change):
            yield Line(sign="!", subject=change.address, note="is not sensitive any more")
        for each in differences(change):
            path = f".{each.path}" if each.path else ""
            yield Line(
                subject=f"{change.address}{path}: {_brief(each.before)} -> {_brief(each.after)}"
            )


def _created(review: Review) -> Iterator[Line]:
    for change in review.others:
        if change.kind is not Kind.UPDATE:
            yield Line(sign=SIGNS[change.kind], subject=_titled(change), note=WORDS[change.kind])
            yield from _circumstances(change)


def _titled(change: Change) -> str:
    return f"{change.address} ({change.name})" if change.name else change.address
