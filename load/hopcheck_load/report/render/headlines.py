"""The main result: what each hop adds to the first workload that was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hopcheck_load.report.render.values import at_most, interval_of, is_under_load, latency_of, ms


def cards(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what each hop adds to the first workload's latency: `{hop, workload, entry, floor, invalid}`."""
    found = (_first(document, arm["name"]) for arm in document["arms"] if arm["kind"] == "hop")
    return [card for card in found if card is not None]


def _first(document: Mapping[str, Any], hop: str) -> dict[str, Any] | None:
    """Return the first row; under load, the best known of the valid ones with the same workload (see `_best`)."""
    rows = [one for one in document["workloads"] if hop in latency_of(one)["added"]]
    alike = [one for one in rows if _differs_in_rate_only(one, rows[0])]
    if not alike:
        return None
    workload = _best(document, alike, hop)
    latency = latency_of(workload)
    known = {"entry": latency["added"][hop], "floor": latency["floor"], "invalid": _invalid(workload)}
    return {"hop": hop, "workload": _title(workload), **known}


def _best(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], hop: str) -> Mapping[str, Any]:
    """Return the highest valid rate up to the hop's knee, since most was measured there; the first if there is none."""
    valid = [one for one in rows if not _invalid(one)] or rows
    knees = document["load"]["knee"] if is_under_load(document) else ()
    place = hop, rows[0]["load"]["workload"] if knees else ""
    found = next((one for one in knees if (one["hop"], one["workload"]) == place), None)
    if found is None or found["outcome"] not in ("found", "none"):
        return valid[0]
    most = found["rate"] if found["outcome"] == "found" else found["up_to"]
    return max((one for one in valid if one["load"]["rate"] <= most), key=lambda one: float(one["load"]["rate"]))


def _differs_in_rate_only(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows have the same workload and fault."""
    return "load" not in one or all(one["load"][name] == other["load"][name] for name in ("workload", "fault"))


def _invalid(workload: Mapping[str, Any]) -> str:
    return "; ".join(workload["load"]["invalid"].values()) if "load" in workload else ""


def _title(workload: Mapping[str, Any]) -> str:
    return (
        f"{workload['load']['workload']} at {workload['load']['rate']:g}/s" if "load" in workload else workload["name"]
    )


def headlines(document: Mapping[str, Any]) -> list[str]:
    """Return the main result in a sentence for each hop."""
    return [_sentence(card) + _doubt(card) for card in cards(document)] or ["nothing was measured"]


def _doubt(card: Mapping[str, Any]) -> str:
    return f"; INVALID: {card['invalid']}" if card["invalid"] else ""


def _sentence(card: Mapping[str, Any]) -> str:
    hop, entry, floor = (card[name] for name in ("hop", "entry", "floor"))
    workload, at, rate = card["workload"].partition(" at ")
    exchange = f"the median {workload} exchange{at}{rate}"
    if entry["within_floor"]:
        return f"{hop} adds no more than the noise floor ({ms(floor)}) to {exchange}"
    if (most := at_most(entry, floor)) is not None:
        return f"{hop} adds at most {ms(most)} to {exchange}, or nothing"
    noise = "" if floor is None else f"; noise floor {ms(floor)}"
    median = entry["median"]
    return f"{hop} adds {ms(median['value'])} to {exchange} (95 % interval {interval_of(entry)}{noise})"
