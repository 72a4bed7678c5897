"""Which cases can't be judged from tapes, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hopcheck.authoring.registry import REGISTRY, Case
from hopcheck.cassettes import Tape
from hopcheck.cassettes.headers import RESPONSE, is_kept
from hopcheck.report.build import LIVE_ONLY


def live_only(cases: Iterable[Case], tapes: Mapping[str, Tape], untaped: Mapping[str, str]) -> dict[str, str]:
    """Why cases can't be judged from these tapes, by case.

    Args:
        cases: Those that are to be run.
        tapes: By case.
        untaped: Why cases couldn't be taped, where that is known.
    """
    reasons = {case.id: _reason(case, tapes, untaped) for case in cases}
    return {case_id: LIVE_ONLY + reason for case_id, reason in reasons.items() if reason}


def _reason(case: Case, tapes: Mapping[str, Tape], untaped: Mapping[str, str]) -> str:
    if case.id not in tapes:
        return untaped.get(case.id, "it has no tape")
    untold = sorted({name for name in _provider_headers(case) if not is_kept(name, RESPONSE)})
    if untold:
        return f"its provider sends header fields that no tape holds ({', '.join(untold)})"
    if "recovery" in case.needs:
        return "it waits for a rate limit's window to end, up to a minute"
    return ""


def _provider_headers(case: Case) -> set[str]:
    """The header fields that the case's provider sends beside the usual ones."""
    turns = [turn for script in case.scripts.values() for turn in (*script.turns, *script.backup)]
    return {name.lower() for turn in turns for name, _ in turn.headers}


def burst_owner(case: Case, tapes: Mapping[str, Tape]) -> str:
    """The case whose tape holds the burst that a case looks at, where that is another's; else "".

    A run sends one burst over a rate limit, and the first case that asks for it has it on its tape.
    """
    if "rate_limit" not in case.needs or case.id not in tapes or tapes[case.id].interactions:
        return ""
    sends = (name for name in sorted(tapes) if name in REGISTRY and "rate_limit" in REGISTRY[name].needs)
    return next((name for name in sends if tapes[name].interactions), "")


def without_burst(cases: Iterable[Case], tapes: Mapping[str, Tape]) -> dict[str, str]:
    """Why cases can't be judged in this run, whose burst is a case's that isn't selected."""
    selected = {case.id: case for case in cases}
    owners = {case_id: burst_owner(case, tapes) for case_id, case in selected.items()}
    return {
        case_id: f"its burst is on the tape of {owner}; select that, too"
        for case_id, owner in owners.items()
        if owner and owner not in selected
    }
