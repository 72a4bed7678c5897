"""The cases that can't be judged from cassettes, with the reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hopcheck.authoring.case import Case
from hopcheck.authoring.case_names import case_key
from hopcheck.authoring.isolation import Isolation
from hopcheck.authoring.registry import REGISTRY
from hopcheck.cassettes import Cassette, cassette_name
from hopcheck.cassettes.secrets.headers import RESPONSE, is_kept
from hopcheck.engine.verdict import place_of
from hopcheck.report.run_summary import LIVE_ONLY


def cassette_of_case(case: Case, provider: str = "") -> str:
    """The name of a case's cassette."""
    return cassette_name(case.id, case.operation, provider)


def live_only(
    cases: Iterable[Case],
    cassettes: Mapping[str, Cassette],
    unrecorded: Mapping[str, str],
    providers: Collection[str] = (),
) -> dict[str, str]:
    """The reasons for which cases can't be judged from these cassettes, by the keys of their verdicts.

    Args:
        cases: The cases to be run.
        cassettes: By name.
        unrecorded: The cassettes that couldn't be recorded, with the reasons.
        providers: The providers whose models they ask; without any, they ask the target's own.
    """
    asked = [(case, provider) for case in cases for provider in providers or ("",)]
    reasons = {
        case_key(case.id, place_of(case.operation, provider)): _reason(
            case, cassette_of_case(case, provider), cassettes, unrecorded
        )
        for case, provider in asked
    }
    return {key: LIVE_ONLY + reason for key, reason in reasons.items() if reason}


def _reason(case: Case, name: str, cassettes: Mapping[str, Cassette], unrecorded: Mapping[str, str]) -> str:
    if name not in cassettes:
        return unrecorded.get(name, "it has no cassette")
    left_out = sorted({field for field in _provider_headers(case) if not is_kept(field, RESPONSE)})
    if left_out:
        return f"its provider sends header fields that no cassette holds ({', '.join(left_out)})"
    if _is_held_open(case, cassettes[name]):
        return "it depends on when a provider's connection ends, which a cassette doesn't hold"
    if case.isolation is Isolation.RECOVERY:
        return "it waits for a rate limit's window to end, up to a minute"
    return ""


def _is_held_open(case: Case, cassette: Cassette) -> bool:
    """Whether a response was complete though its provider held the connection, and no declared timeout ended that.

    Then LiteLLM, or the case, decided when the response ends. A proxy that waits for the provider instead would show
    it live, and can't on a cassette: there is no provider.
    """
    is_held = any(one.ended in ("released", "hung-up") for one in cassette.journal)
    client_left = any(one.delivery.ended == "left" for one in cassette.interactions)
    return is_held and not client_left and "timeout_s" not in case.needs


def _provider_headers(case: Case) -> set[str]:
    """The header fields that the case's provider sends in addition to the usual ones."""
    turns = [turn for script in case.scripts.values() for turn in (*script.turns, *script.backup)]
    return {name.lower() for turn in turns for name, _ in turn.headers}


def burst_owner(case: Case, cassettes: Mapping[str, Cassette]) -> str:
    """The case whose cassette holds the burst that a case judges, if that is another case; else "".

    A run sends one burst over a rate limit, which is on the cassette of the first case that needs it.
    """
    own = cassettes.get(cassette_of_case(case))
    if "rate_limit" not in case.needs or own is None or own.interactions:
        return ""
    bursts = (one.case for _, one in sorted(cassettes.items()) if one.interactions and one.case in REGISTRY)
    return next((case_id for case_id in bursts if "rate_limit" in REGISTRY[case_id].needs), "")


def without_burst(cases: Iterable[Case], cassettes: Mapping[str, Cassette]) -> dict[str, str]:
    """The cases that can't be judged in this run because the case with their burst isn't selected, with the reasons."""
    selected = list(cases)
    ids = {case.id for case in selected}
    owners = {case.key: burst_owner(case, cassettes) for case in selected}
    return {
        key: f"its burst is on the cassette of {owner}; select that, too"
        for key, owner in owners.items()
        if owner and owner not in ids
    }
