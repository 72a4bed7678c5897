"""What a run says about each client: whether it works with the target, and the requirements behind that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hopcheck.engine.verdict import Outcome
from hopcheck.report.client_profiles.profile import ClientNeed, ClientProfile, all_profiles

STANDINGS = ("works", "degraded", "broken", "not asked")
"""From best to worst; the last one where nothing was judged that the client depends on."""


class _Breach(NamedTuple):
    """Something that a client needs and hasn't got: the name of the case or the cause, and how bad that is."""

    name: str
    need: ClientNeed
    effect: str


def client_entries(cases: Sequence[Mapping[str, Any]], causes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The report's entries about clients, one for each profile.

    Args:
        cases: The report's entries of cases. Only the target's own models count, not those of other providers.
        causes: The report's entries of causes.

    A deviation that the baseline lists counts, too: the client meets it all the same. Advice counts only where a client
    would be degraded, and a cause that a single case met degrades at the most: that is no everyday request.
    """
    own = [case for case in cases if not case["provider"] and case["outcome"] != Outcome.NOT_APPLICABLE]
    return [_entry(profile, own, causes) for profile in all_profiles().values()]


def _entry(
    profile: ClientProfile, cases: Sequence[Mapping[str, Any]], causes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    asked = [case for case in cases if profile.need_of(case["id"], case["operation"])]
    breaches = [*_of_causes(profile, causes), *_of_cases(profile, asked)] if asked else []
    return {
        "name": profile.name,
        "title": profile.title,
        "standing": _standing(breaches) if asked else "not asked",
        "asked": len(asked),
        "behind": [_behind(need, breaches) for need in profile.needs if any(one.need is need for one in breaches)],
    }


def _of_cases(profile: ClientProfile, cases: Iterable[Mapping[str, Any]]) -> Iterator[_Breach]:
    for case in cases:
        need = profile.need_of(case["id"], case["operation"])
        if need and case["outcome"] != Outcome.CONFORMS and not case["untestable_by"] and _counts(need, case):
            yield _Breach(f"{case['id']}[{case['operation']}]", need, need.without)


def _of_causes(profile: ClientProfile, causes: Iterable[Mapping[str, Any]]) -> Iterator[_Breach]:
    for cause in causes:
        need = profile.need_on_exchanges(cause["check"], cause["operations"])
        if need and _counts(need, cause):
            met = {name.partition("[")[0] for name in cause["cases"]}  # on several operations it is one case
            yield _Breach(cause["id"], need, need.without if len(met) > 1 else "degraded")


def _counts(need: ClientNeed, entry: Mapping[str, Any]) -> bool:
    # What is mere advice breaks nobody.
    return need.without == "degraded" or entry["outcome"] != Outcome.ADVISORY


def _standing(breaches: Sequence[_Breach]) -> str:
    return max((one.effect for one in breaches), key=STANDINGS.index, default="works")


def _behind(need: ClientNeed, breaches: Iterable[_Breach]) -> dict[str, Any]:
    own = [one for one in breaches if one.need is need]
    return {"why": need.why, "effect": _standing(own), "by": [one.name for one in own]}
