"""A report as a summary in Markdown, as CI services show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hopcheck_load.report.render.headlines import headlines
from hopcheck_load.report.render.rates import markdown_rows
from hopcheck_load.report.render.values import (
    added,
    findings,
    interval,
    interval_of,
    is_under_load,
    ms,
    processes,
    self_reports,
    shortfalls,
    verdict,
)


def markdown_text(document: Mapping[str, Any]) -> str:
    """Render the summary."""
    return "\n".join([*_lines(document), ""])


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield "## hopcheck load"
    yield ""
    yield from (f"- **{line}**" for line in headlines(document))
    yield from (f"- {line}" for line in findings(document))
    yield from _verdicts(document)
    yield ""
    if is_under_load(document):
        yield from markdown_rows(document)
        yield ""
    yield "| workload | measure | hop | added (median) | 95 % interval | noise floor |"
    yield "|---|---|---|---|---|---|"
    for workload in document["workloads"]:
        for measure in workload["measures"]:
            yield from _rows(workload["name"], measure)
    yield ""
    yield from (f"> ⚠ {one['name']} is invalid: {why}" for one in document["workloads"] for why in _invalid(one))
    yield ""
    reports = [
        f"{one['name']}: {line}" for one in document["workloads"] for line in (*shortfalls(one), *self_reports(one))
    ]
    yield from (f"- {line}" for line in [*reports, *processes(document)])
    yield from (f"\n> ⚠ {complaint}" for complaint in document["complaints"])
    if document["partial"]:
        yield f"\n> ⚠ not all was measured: {document['partial']}"


def _invalid(workload: Mapping[str, Any]) -> list[str]:
    return list(workload["load"]["invalid"].values()) if "load" in workload else []


def _rows(workload: str, measure: Mapping[str, Any]) -> Iterator[str]:
    for hop, entry in measure["added"].items():
        if hop != "control":
            cells = [workload, measure["name"], hop, added(entry, measure["floor"])]
            yield f"| {' | '.join([*cells, interval_of(entry), ms(measure['floor'])])} |"


def _verdicts(document: Mapping[str, Any]) -> Iterator[str]:
    if document["budget"]:
        yield "\n| budget | hop | value | 95 % interval | |\n|---|---|---|---|---|"
    for one in document["budget"]:
        outcome = verdict(one, under_load=is_under_load(document))
        yield f"| {one['budget']} | {one['hop']} | {ms(one['value'])} | {interval(one)} | {outcome} |"
    if document["against"]:
        yield "\n| hop | workload | measure | before | now | |\n|---|---|---|---|---|---|"
    for one in document["against"]:
        cells = [one["hop"], one["workload"], one["measure"], ms(one["before"]), ms(one["now"]), one["outcome"]]
        yield f"| {' | '.join(cells)} |"
    yield from (f"\n> ⚠ not compared: {line}" for line in document["not_compared"])
