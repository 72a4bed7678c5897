"""Whether hops passed on every event of every stream: what `delivery` counts of them, as findings and as a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hopcheck_load.report.document import Document, hops

WORDS = {
    "foreign": "of another exchange",
    "lost": "lost",
    "repeated": "repeated",
    "out_of_order": "out of order",
    "unreadable": "with another text",
}
"""What is counted of events, in words."""


def findings(document: Document) -> list[str]:
    """Return a sentence for each hop and workload in which events didn't arrive as they were sent."""
    return [_sentence(*one) for one in _counted(document)]


def is_broken(document: Document) -> bool:
    """Whether a hop certainly lost, repeated, mixed up or reordered events.

    A hop that merges events, as it may, brings texts that aren't the upstream's, and then fewer events.
    """
    return any(
        counts["foreign"]
        or counts["repeated"]
        or counts["out_of_order"]
        or (counts["lost"] and not counts["unreadable"])
        for _, _, counts in _counted(document)
    )


def _counted(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for workload in document.get("workloads", ()):
        for hop in hops(document):
            counts = workload["delivery"].get(hop)
            if counts and (counts["unended"] or any(counts[name] for name in WORDS)):
                yield hop, workload["name"], counts


def _sentence(hop: str, workload: str, counts: Mapping[str, Any]) -> str:
    found = [f"{counts[name]:,} {words}" for name, words in WORDS.items() if counts[name]]
    events = f"of {counts['events']:,} events {', '.join(found)}" if found else ""
    streams = f"{counts['unended']:,} of {counts['streams']:,} streams without one end" if counts["unended"] else ""
    return f"{hop}, {workload}: {'; '.join(part for part in (events, streams) if part)}"
