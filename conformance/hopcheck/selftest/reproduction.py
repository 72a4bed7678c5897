"""Whether each mutant's failure is reproduced: the report of its own case names what fails again on a fresh relay."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hopcheck.authoring.case import Case
from hopcheck.authoring.isolation import Isolation
from hopcheck.authoring.mutants import Mutant
from hopcheck.client.config import TargetConfig
from hopcheck.engine.case_run import run_case
from hopcheck.engine.verdict import Verdict
from hopcheck.report.build import build
from hopcheck.report.cause_view import shown_id
from hopcheck.report.document import Document
from hopcheck.report.run_summary import RunSummary
from hopcheck.reproduce.failure import Answer, ReportedFailure, failures_named
from hopcheck.selftest.columns import MatrixColumn, url_part
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay import Relay
from hopcheck_server.wire.tasks import bounded_map

FEW_JOBS = 3
"""How many cases run at once that read the clock or use up a limit."""

STARTED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class MutantReport:
    """A mutant, and its own case.

    Attributes:
        name: The column of the mutation matrix.
        relay: The relay class, restricted to the case's operation.
        mutant: The mutant.
        case: The case that kills it.
    """

    name: str
    relay: type[Relay]
    mutant: Mutant
    case: Case


def mutant_reports(columns: Sequence[MatrixColumn], cases: Sequence[Case]) -> list[MutantReport]:
    """Every mutant with each of the cases that it is registered for."""
    known = {case.key: case for case in cases}
    return [
        MutantReport(column.name, column.relay, mutant, known[key])
        for column in columns
        for key, mutant in column.mutants
        if key in known
    ]


async def unreproduced(reports: Sequence[MutantReport], jobs: int) -> list[str]:
    """Run each mutant's case twice, on two relays of its own, the second time by the report of the first.

    Returns:
        A sentence for each mutant whose failure was not met again.
    """
    relays = {_relay(report, time): report.relay for report in reports for time in (1, 2)}
    async with RelayHost(relays, {report.case.key: report.case for report in reports}.values()) as host:

        async def problems(report: MutantReport) -> list[str]:
            first, again = [
                await run_case(report.case, replace(host.context(_relay(report, time)), wire_log=True))
                for time in (1, 2)
            ]
            document = document_of(first, report.case, host.context(_relay(report, 1)).config)
            return [f"{report.case.key} on {report.name}: {one}" for one in _problems(report, document, again)]

        shared = [report for report in reports if report.case.isolation is Isolation.SHARED]
        others = [report for report in reports if report.case.isolation is not Isolation.SHARED]
        found = [*await bounded_map(problems, shared, jobs), *await bounded_map(problems, others, FEW_JOBS)]
        return [one for some in found for one in some]


def document_of(verdict: Verdict, case: Case, config: TargetConfig) -> Document:
    """A report on one case."""
    return build([verdict], {case.id: case}, config, RunSummary(started=STARTED, duration_s=0.0, selected=1))


def _problems(report: MutantReport, document: Document, again: Verdict) -> Iterator[str]:
    failure = _failure(report, document)
    if failure is None:
        yield f"the report doesn't name {report.mutant.killed_by!r} as failed"
        return
    answer = failure.answered_by(again)
    if answer is not Answer.AGAIN:
        yield f"{failure.shown} {answer.value}"
    (entry,) = document["cases"]
    asked = [one for one in entry["exchanges"] if one["side"] == "client"]
    if not failure.cause and asked and not (asked[0]["failing"] and entry["reproduce"]):
        yield "no exchange is marked as failing"


def _failure(report: MutantReport, document: Document) -> ReportedFailure | None:
    """The failure by which the mutant is killed, as the report names it."""
    killed_by = report.mutant.killed_by
    (entry,) = document["cases"]
    for cause in document["causes"]:
        if cause["check"] == killed_by:
            return failures_named(document, cause["id"])[0]
    try:
        (failure,) = failures_named(document, shown_id(entry))
    except LookupError:
        return None
    return replace(failure, checks=frozenset({killed_by})) if killed_by in failure.checks else None


def _relay(report: MutantReport, time: int) -> str:
    return f"{report.name}.{url_part(report.case.key)}.{time}"
