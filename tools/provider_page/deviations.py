"""What a report has of each provider that isn't kept, each with a person's judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CLASSES = ("defect", "by design", "format")
"""A mistake of the gateway's; what it gives up on purpose; what two formats can't both say."""

RED = frozenset({"deviates", "flaky", "untestable", "broken"})

Json = Mapping[str, Any]

Place = tuple[str, str]
"""A case's id, or a cause's key; and a provider."""

Group = Callable[[str, str], str]
"""The name under which a page lists an operation with a provider ("": the target's own models); "" for none."""


class Unjudged(ValueError):
    """A deviation has no judgement, or a judgement no deviation; the text has a line for each."""


@dataclass(frozen=True)
class ProviderDeviation:
    """One thing that isn't kept with one provider.

    Attributes:
        provider: The provider.
        where: The case's id, or the cause's key.
        operations: Where it was met.
        kind: One of `CLASSES`.
        sentence: What happens.
    """

    provider: str
    where: str
    operations: tuple[str, ...]
    kind: str
    sentence: str


def by_provider(_operation: str, provider: str) -> str:
    """List what is done with a provider under its name."""
    return provider


def judged(report: Json, judgements: Sequence[Json], group: Group = by_provider) -> list[ProviderDeviation]:
    """Every deviation of a report with its judgement, in the order of the judgements.

    Raises:
        Unjudged: One of a binding requirement has none, or a judgement that isn't `intermittent` is about nothing
            that the report has.
    """
    met = dict(_met(report, group))
    binding = {place for place, names in _met(report, group, binding=True)}
    known = {(one["where"], provider): one for one in judgements for provider in one["providers"]}
    expected = {place for place, one in known.items() if not one.get("intermittent")}
    problems = [f"no judgement: {where} with {provider}" for where, provider in sorted(binding - known.keys())]
    problems += [f"nothing to judge: {where} with {provider}" for where, provider in sorted(expected - met.keys())]
    problems += [f"unknown class: {one['class']}" for one in judgements if one["class"] not in CLASSES]
    if problems:
        raise Unjudged("\n".join(problems))
    return [
        ProviderDeviation(provider, where, met[where, provider], one["class"], one["sentence"])
        for (where, provider), one in known.items()
        if (where, provider) in met
    ]


def _met(report: Json, group: Group, *, binding: bool = False) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """Where something isn't kept, and on which operations; `binding`: of requirements that fail a gate alone."""
    outcomes = RED if binding else RED | {"advisory"}
    places: dict[Place, list[str]] = {}
    for case in report["cases"]:
        name = group(case["operation"], case["provider"])
        if name and case["outcome"] in outcomes and not case.get("untestable_by"):
            places.setdefault((case["id"], name), []).append(case["operation"])
    for cause in report["causes"]:
        for place in cause["operations"] if not binding or cause["level"] == "MUST" else ():
            operation, _, provider = place.partition("@")
            name = group(operation, provider)
            if name:
                places.setdefault((f"{cause['check']}: {cause['cause']}", name), []).append(operation)
    yield from ((place, tuple(dict.fromkeys(names))) for place, names in places.items())
