"""Which cases can't be judged from cassettes, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hopcheck.authoring.registry import REGISTRY, Case
from hopcheck.cassettes import Cassette
from hopcheck.cassettes.secrets.headers import RESPONSE, is_kept
from hopcheck.report.build import LIVE_ONLY


def live_only(
    cases: Iterable[Case], cassettes: Mapping[str, Cassette], unrecorded: Mapping[str, str]
) -> dict[str, str]:
    """Why cases can't be judged from these cassettes, by case.

    Args:
        cases: Those that are to be run.
        cassettes: By case.
        unrecorded: Why cases couldn't be recorded, where that is known.
    """
    reasons = {case.id: _reason(case, cassettes, unrecorded) for case in cases}
    return {case_id: LIVE_ONLY + reason for case_id, reason in reasons.items() if reason}


def _reason(case: Case, cassettes: Mapping[str, Cassette], unrecorded: Mapping[str, str]) -> str:
    if case.id not in cassettes:
        return unrecorded.get(case.id, "it has no cassette")
    untold = sorted({name for name in _provider_headers(case) if not is_kept(name, RESPONSE)})
    if untold:
        return f"its provider sends header fields that no cassette holds ({', '.join(untold)})"
    if "recovery" in case.needs:
        return "it waits for a rate limit's window to end, up to a minute"
    return ""


def _provider_headers(case: Case) -> set[str]:
    """The header fields that the case's provider sends beside the usual ones."""
    turns = [turn for script in case.scripts.values() for turn in (*script.turns, *script.backup)]
    return {name.lower() for turn in turns for name, _ in turn.headers}


def burst_owner(case: Case, cassettes: Mapping[str, Cassette]) -> str:
    """The case whose cassette holds the burst that a case looks at, where that is another's; else "".

    A run sends one burst over a rate limit, and the first case that asks for it has it on its cassette.
    """
    if "rate_limit" not in case.needs or case.id not in cassettes or cassettes[case.id].interactions:
        return ""
    sends = (name for name in sorted(cassettes) if name in REGISTRY and "rate_limit" in REGISTRY[name].needs)
    return next((name for name in sends if cassettes[name].interactions), "")


def without_burst(cases: Iterable[Case], cassettes: Mapping[str, Cassette]) -> dict[str, str]:
    """Why cases can't be judged in this run, whose burst is a case's that isn't selected."""
    selected = {case.id: case for case in cases}
    owners = {case_id: burst_owner(case, cassettes) for case_id, case in selected.items()}
    return {
        case_id: f"its burst is on the cassette of {owner}; select that, too"
        for case_id, owner in owners.items()
        if owner and owner not in selected
    }
