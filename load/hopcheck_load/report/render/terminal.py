"""A report on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hopcheck_load.report.render import rates
from hopcheck_load.report.render.headlines import headlines
from hopcheck_load.report.render.values import (
    UNKNOWN,
    added,
    findings,
    interval,
    interval_of,
    is_under_load,
    leg_names,
    ms,
    processes,
    self_reports,
    share,
    shortfalls,
    verdict,
)

_UNLIMITED_WIDTH = 1000

_QUANTILES = ("p50", "p90", "p99")
FAULTS = ("lost", "repeated", "out_of_order", "unreadable", "foreign", "unended")
"""What is counted of events and streams that didn't arrive as they were sent."""

_COUNTED = {
    "failed": "failed",
    "interrupted": "were cut off when the run was interrupted",
    "reconnects": "needed a new connection",
    "several_attempts": "arrived more than once",
}
_COLOURS = {"exceeded": "red", "slower": "red", "not measured": "red", "unsure": "yellow", "faster": "green"}


def print_report(
    document: Mapping[str, Any],
    earlier: Mapping[str, Any] | None = None,
    to: Console | None = None,
    *,
    to_stderr: bool = False,
) -> None:
    """Print a report.

    Args:
        document: The report.
        earlier: The report that it was compared with.
        to: The console; by default, one as wide as the tables on the standard output.
        to_stderr: Whether that is on the standard error.
    """
    tables = [_table(workload) for workload in document["workloads"]]
    by_rate = _rates(document)
    console = to or _console([*tables, *by_rate], to_stderr=to_stderr)
    console.print()
    for line in headlines(document):
        console.print(f"[bold]{line}[/]")
    for line in findings(document):
        console.print(line)
    _print_verdicts(document, earlier, console)
    _print_doubts(document, console)
    for table in by_rate:
        console.print()
        console.print(table)
    for workload, table in zip(document["workloads"], tables, strict=True):
        unit = "exchanges an arm, at most" if "load" in workload else "rounds"
        console.print(f"\n[bold]{workload['name']}[/]  {workload['about']}; {workload['rounds']:,} {unit}")
        console.print(table)
        _print_notes(workload, console)
    for line in processes(document):
        console.print(line)


def _rates(document: Mapping[str, Any]) -> list[Table]:
    """Return the table of rates and quantiles of a run under load."""
    if not is_under_load(document):
        return []
    table = Table(box=None, pad_edge=False)
    for head in rates.HEADS:
        table.add_column(head, justify="left" if head in rates.HEADS[:3] else "right", no_wrap=True)
    for cells in rates.table_rows(document):
        table.add_row(*cells)
    return [table]


def _console(tables: Iterable[Table], *, to_stderr: bool) -> Console:
    """Return a console as wide as the tables: a narrower terminal breaks their lines, and no figure is cut."""
    console = Console(highlight=False, soft_wrap=True, stderr=to_stderr)
    unlimited = Console(width=_UNLIMITED_WIDTH)
    console.width = max(console.width, *(unlimited.measure(table).maximum for table in tables), 0)
    return console


def _table(workload: Mapping[str, Any]) -> Table:
    """Return a table of all measures of a workload; quantiles that none of them has get no column."""
    table = Table(box=None, pad_edge=False)
    names = [name for name in _QUANTILES if any(_has_quantile(measure, name) for measure in workload["measures"])]
    for head in ("", "", *names, "added", "95 % interval", *(f"added {name}" for name in names if name != "p50")):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for measure in workload["measures"]:
        for at, (arm, values) in enumerate(measure["arms"].items()):
            first = f"[bold]{measure['name']}[/]" if at == 0 else ""
            table.add_row(first, arm, *(ms(values[name]) for name in names), *_added(arm, measure, names))
        for pair in measure["between"] if measure["name"] in ("latency", "ttft") else ():
            shown = [ms(pair["median"]["value"], sign=True), interval(pair["median"])]
            table.add_row("", f"[dim]{pair['to']} minus {pair['from']}", *("" for _ in names), *shown)
        if measure["added"]:
            table.add_row("", f"[dim]noise floor {ms(measure['floor'])}")
    return table


def _has_quantile(measure: Mapping[str, Any], quantile: str) -> bool:
    return any(values[quantile] is not None for values in measure["arms"].values())


def _added(arm: str, measure: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    entry = measure["added"].get(arm)
    if entry is None:
        return []
    median = entry["median"]
    shown = ms(median["value"], sign=True) if arm == "control" else f"[bold]{added(entry, measure['floor'])}[/]"
    tails = [entry["difference_of_quantiles"][name] for name in names if name != "p50"]
    return [shown, interval_of(entry), *(UNKNOWN if one is None else ms(one["value"], sign=True) for one in tails)]


def _legs(workload: Mapping[str, Any], arm: str) -> str:
    """Return where an arm's time goes, in a line."""
    legs = workload["legs"][arm]
    return " + ".join(f"{name} {ms(legs.get(name))}" for name in leg_names(workload))


def _print_notes(workload: Mapping[str, Any], console: Console) -> None:
    if "load" in workload:
        _print_load(workload["load"], console)
    for arm in workload["legs"]:
        if arm != "control":
            console.print(f"{arm}: {_legs(workload, arm)}")
    for line in [*shortfalls(workload), *self_reports(workload)]:
        console.print(line)
    for arm, found in workload["delivery"].items():
        wrong = [f"{found[name]:,} {name.replace('_', ' ')}" for name in FAULTS]
        problems = ", ".join(text for text in wrong if not text.startswith("0 "))
        together = f"{share(found['share_together'])} of its events were read together with another one"
        if arm != "control":
            console.print(f"{arm}: {together}{f'; [red]{problems}[/]' if problems else ''}")
    for arm, counts in workload["exchanges"].items():
        for name, words in _COUNTED.items():
            if counts[name]:
                console.print(f"[yellow]{arm}: {counts[name]:,} of {counts['asked']:,} exchanges {words}[/]")
    if workload["warmup"]["steady"] is False:
        console.print("[yellow]it was not steady yet when warming up was over[/]")


def _print_load(load: Mapping[str, Any], console: Console) -> None:
    rates = (f"{arm} {load['answered'][arm]:g} of {rate:g}" for arm, rate in load["offered"].items())
    late = f"the generator was late by {ms(load['dispatch']['p50'])} (p50), {ms(load['dispatch_p99'])} (p99)"
    console.print(f"answered a second: {', '.join(rates)}; {late}")
    for why in load["invalid"].values():
        console.print(f"[red]invalid: {why}[/]")
    for arm, how in load["overloaded"].items():
        console.print(f"[yellow]{arm} was overloaded: {how}[/]")


def _print_verdicts(document: Mapping[str, Any], earlier: Mapping[str, Any] | None, console: Console) -> None:
    for one in document["budget"]:
        figures = f"{ms(one['value'])} ({interval(one)})" if one["value"] is not None else UNKNOWN
        colour = _COLOURS.get(one["outcome"], "green")
        outcome = verdict(one, under_load=is_under_load(document))
        console.print(f"budget {one['budget']}, {one['hop']}: {figures} [{colour}]{outcome}[/]")
    if earlier is not None and earlier["machine"]["processor"] != document["machine"]["processor"]:
        console.print("[yellow]the earlier report was measured on another machine[/]")
    held = sum(one["outcome"] == "holds" for one in document["against"])
    if document["against"]:
        console.print(f"against the earlier report: {held} of {len(document['against'])} figures hold")
    for line in document["not_compared"]:
        console.print(f"[yellow]not compared: {line}[/]")
    for one in document["against"]:
        if one["outcome"] != "holds":
            change = f"{ms(one['before'])} → {ms(one['now'])}, {interval(one)} more, {ms(one['tolerated'])} tolerated"
            where = f"{one['hop']}, {one['workload']} {one['measure']}"
            console.print(f"{where}: {change}: [{_COLOURS[one['outcome']]}]{one['outcome']}[/]")


def _print_doubts(document: Mapping[str, Any], console: Console) -> None:
    for complaint in document["complaints"]:
        console.print(
            f"[yellow]a busy machine: {complaint}; absolute figures are too high, differences less certain[/]"
        )
    if document["partial"]:
        console.print(f"[yellow]not all was measured: {document['partial']}[/]")
