"""A report as one HTML page without external files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hopcheck_load.report import fidelity
from hopcheck_load.report.render import curves, forest, plots, rates
from hopcheck_load.report.render.headlines import cards, headlines
from hopcheck_load.report.render.svg import SLIM
from hopcheck_load.report.render.values import (
    added,
    cpu_ms,
    findings,
    interval,
    interval_of,
    is_under_load,
    leg_names,
    ms,
    self_reports,
    share,
    shortfalls,
    verdict,
)

QUANTILES = ("p50", "p90", "p95", "p99", "p99.9")


def html_text(document: Mapping[str, Any]) -> str:
    """Render the page; every text of the report is escaped."""
    return (
        _environment()
        .get_template("load.html.j2")
        .render(
            document=document,
            headlines=headlines(document),
            cards=[{**card, "colour": plots.colour(document, card["hop"])} for card in cards(document)],
            comparison=_drawn(forest.comparison, document),
            compared=list(forest.compared(document)),
            findings=findings(document),
            broken=fidelity.findings(dict(document)),
            processes=document.get("processes", []),
            against_rate=_against_rate(document),
            rates=_rates(document),
            heads=rates.HEADS[3:-1],
            course=_drawn(curves.course, document) if is_under_load(document) else "",
            workloads=[_workload(document, one) for one in document["workloads"]],
            holds=document["exit"] == 0 and not any(card["invalid"] for card in cards(document)),
        )
    )


def _rates(document: Mapping[str, Any]) -> list[tuple[str, list[list[str]]]]:
    """Return the rows of the table of rates by workload and rate: arm, what it adds, and the other figures."""
    if not is_under_load(document):
        return []
    grouped = groupby(rates.table_rows(document), key=lambda cells: f"{cells[0]}, {cells[1]}")
    return [
        (place, [[cells[2], cells[-1].removesuffix(" (noise)"), *cells[3:-1]] for cells in rows])
        for place, rows in grouped
    ]


def _drawn(draw: Callable[..., Markup], *drawn: Any) -> Markup:
    """Return a plot for wide screens and for narrow ones, of which a page shows one."""
    wide = draw(*drawn)
    pair = Markup('<div class="wide">{}</div><div class="slim">{}</div>')
    return pair.format(wide, draw(*drawn, form=SLIM)) if wide else wide


def _against_rate(document: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    """Return a plot for each workload that was measured at several rates, with its name."""
    if not is_under_load(document):
        return []
    workloads = dict.fromkeys(row["load"]["workload"] for row in document["workloads"])
    plotted = [(one, _drawn(curves.against_rate, document, one)) for one in workloads]
    return [(name, plot) for name, plot in plotted if plot]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hopcheck_load.report.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(ms=ms, interval=interval, share=share, cpu_ms=cpu_ms)
    environment.globals.update(added=added, interval_of=interval_of, verdict=verdict, shortfalls=shortfalls)
    return environment


def _workload(document: Mapping[str, Any], workload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workload with its plots."""
    measures = [
        {
            **measure,
            "shown": [name for name in QUANTILES if any(one[name] is not None for one in measure["arms"].values())],
            "has_net": any(entry["net"] for entry in measure["added"].values()),
            "by_quantile": _drawn(plots.by_quantile, document, workload, measure),
            "over_time": _drawn(plots.over_time, document, measure),
        }
        for measure in workload["measures"]
    ]
    return {
        **workload,
        "measures": measures,
        "self_reports": self_reports(workload),
        "bars": _drawn(plots.legs, workload),
        "strip": _drawn(plots.lag_strip, workload),
        "drawn_of": "ttft" if any(measure["name"] == "ttft" for measure in workload["measures"]) else "latency",
        "leg_names": leg_names(workload),
    }
