"""All changes between two sets of cassettes; the same change in several cases is one group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from hopcheck.cassettes import Cassette
from hopcheck.drift.compare import CassetteComparison, Change, Part, compare

SCHEMA = "hopcheck.drift/1"

FEW = 3
"""A field that changed in more ways than this is one group, with some of the ways."""


@dataclass(frozen=True, slots=True)
class Group:
    """One change, and the cassettes in which it was seen.

    Attributes:
        part: Where it is.
        what: The name of what changed.
        ways: How it changed: (before, after), the most frequent first; None stands for absent.
        cases: The cassettes' names, sorted.
        worse: Whether a check held before and doesn't hold after.
    """

    part: Part
    what: str
    ways: tuple[tuple[str | None, str | None], ...]
    cases: tuple[str, ...]
    worse: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """The changes from one set of cassettes to another.

    Attributes:
        before: What the first set was recorded with.
        after: What the second was recorded with.
        groups: The changes, in the order of a report.
        compared: The names of the cassettes that both have.
        changed: The number of these that changed at all.
        only_before: The names that only the first has.
        only_after: The names that only the second has.
    """

    before: str
    after: str
    groups: tuple[Group, ...]
    compared: tuple[str, ...]
    changed: int
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Whether a check held before and doesn't hold after."""
        return any(group.worse for group in self.groups)

    def document(self) -> dict[str, Any]:
        """The comparison as JSON values, `hopcheck.drift/1`."""
        return {"schema": SCHEMA, "worse": self.worse, **asdict(self)}


def drift(before: Mapping[str, Cassette], after: Mapping[str, Cassette]) -> Drift:
    """Compare two sets of cassettes by their names."""
    both = sorted(before.keys() & after.keys())
    comparisons = [compare(before[case], after[case]) for case in both]
    return Drift(
        name_of(before.values()),
        name_of(after.values()),
        tuple(_grouped(comparisons)),
        tuple(both),
        sum(bool(one.changes) for one in comparisons),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(after.keys() - before.keys())),
    )


def name_of(cassettes: Iterable[Cassette]) -> str:
    """What a set was recorded with: `LiteLLM 1.106.2`."""
    versions = sorted({cassette.provenance.litellm for cassette in cassettes})
    return " and ".join(f"LiteLLM {version}" if version else "another server" for version in versions) or "nothing"


def _grouped(comparisons: Iterable[CassetteComparison]) -> Iterator[Group]:
    """Group changes of the same field: a group for each way if they are few, else one for all."""
    seen: dict[tuple[Part, str], dict[Change, list[str]]] = defaultdict(lambda: defaultdict(list))
    for comparison in comparisons:
        for change in comparison.changes:
            seen[change.part, change.what][change].append(comparison.case)
    groups = _siblings(group for (part, what), ways in seen.items() for group in _ways(part, what, ways))
    order = list(Part)
    yield from sorted(groups, key=lambda one: (order.index(one.part), not one.worse, -len(one.cases), one.what))


def _ways(part: Part, what: str, ways: Mapping[Change, list[str]]) -> Iterator[Group]:
    ordered = sorted(ways.items(), key=lambda item: -len(item[1]))
    if len(ordered) <= FEW:
        for change, cases in ordered:
            yield Group(part, what, ((change.before, change.after),), tuple(sorted(cases)), change.worse)
        return
    pairs = tuple((change.before, change.after) for change, _ in ordered)
    cases = sorted({case for names in ways.values() for case in names})
    yield Group(part, what, pairs, tuple(cases), any(change.worse for change in ways))


def _siblings(groups: Iterable[Group]) -> list[Group]:
    """Join fields of one object that changed in the same way in the same cassettes."""
    alike: dict[tuple[object, ...], list[Group]] = defaultdict(list)
    for group in groups:
        parent, dot, _ = group.what.rpartition(".")
        alike[group.part, parent if dot else group.what, group.ways, group.cases, group.worse].append(group)
    return [together[0] if len(together) == 1 else _joined(together) for together in alike.values()]


def _joined(groups: list[Group]) -> Group:
    parent = groups[0].what.rpartition(".")[0]
    names = [group.what.rpartition(".")[2] for group in groups]
    return replace(groups[0], what=f"{parent}.{{{', '.join(names)}}}")
